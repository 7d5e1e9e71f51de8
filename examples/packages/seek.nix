{ makePackage, pattern, words }:

makePackage {
  pname = "seek";
  version = "1.5";
  src = ../src/seek;
  buildInputs = [ pattern pattern.dev ];
  inherit words;
  meta.description = "Prints the lines of files that match a pattern";
}
