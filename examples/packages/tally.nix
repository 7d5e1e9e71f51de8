{ makePackage, tally-source, strmap }:

makePackage {
  pname = "tally";
  version = "1.2";
  src = tally-source;
  buildInputs = [ strmap strmap.dev ];
  meta = {
    description = "Counts the words of files";
    maxSilent = 60;
  };
}
