{ makePackage, strmap }:

makePackage {
  pname = "ini";
  version = "1.0";
  src = ../src/ini;
  outputs = [ "out" "dev" ];
  buildInputs = [ strmap strmap.dev ];
  meta.description = "A reader of INI files, in C";
}
