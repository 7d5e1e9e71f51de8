{ makePackage, ini, strmap }:

makePackage {
  pname = "inicat";
  version = "1.0";
  src = ../src/inicat;
  buildInputs = [ ini ini.dev strmap ];
  meta.description = "Prints values of INI files";
}
