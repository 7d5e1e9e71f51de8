{ makePackage }:

makePackage {
  pname = "calc";
  version = "3.2";
  src = ../src/calc;
  outputs = [ "out" "doc" ];
  meta.description = "A calculator for expressions, in C++";
}
