{ makePackage, squeeze, words }:

makePackage {
  pname = "squeezer";
  version = "2.1";
  src = ../src/squeezer;
  buildInputs = [ squeeze squeeze.dev ];
  inherit words;
  meta.description = "Compresses files with libsqueeze";
}
