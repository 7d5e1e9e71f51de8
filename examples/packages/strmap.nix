{ makePackage }:

makePackage {
  pname = "strmap";
  version = "1.3";
  src = ../src/strmap;
  outputs = [ "out" "dev" "doc" ];
  meta = {
    description = "A map from strings to numbers and pointers, in C";
    schedulingPriority = 200;
  };
}
