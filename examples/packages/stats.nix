{ makePackage }:

makePackage {
  pname = "stats";
  version = "0.3";
  src = ../src/stats;
  meta.description = "Describes columns of numbers and fits a line to them, in C++";
}
