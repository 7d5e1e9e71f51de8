{ makePackage }:

makePackage {
  pname = "squeeze";
  version = "2.1";
  src = ../src/squeeze;
  outputs = [ "out" "dev" ];
  meta = {
    description = "A small compressor of the Lempel-Ziv kind, as a shared library in C";
    schedulingPriority = 150;
  };
}
