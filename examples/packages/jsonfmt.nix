{ makePackage }:

makePackage {
  pname = "jsonfmt";
  version = "0.9";
  src = ../src/jsonfmt;
  meta.description = "Checks and indents JSON, in C++";
}
