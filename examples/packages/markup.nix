{ makePackage }:

makePackage {
  pname = "markup";
  version = "0.7";
  src = ../src/markup;
  meta = {
    description = "Turns a small Markdown into HTML, in C++";
    timeout = 120;
  };
}
