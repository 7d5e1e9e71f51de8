{ makePackage }:

makePackage {
  pname = "pattern";
  version = "0.4";
  src = ../src/pattern;
  outputs = [ "out" "dev" ];
  meta.description = "Matching of shell patterns, in C";
}
