{ runCommand, calc, checksum, handbook, inicat, jsonfmt, markup, report, seek, squeezer, stats, tally, pipeline-test }:

# An aggregate: good when all its constituents are. A constituent is a derivation or a label.
runCommand {
  name = "release";
  _hydraAggregate = true;
  constituents = [
    calc checksum handbook inicat jsonfmt markup report seek squeezer stats tally pipeline-test
    "sources.words"
  ];
  meta = {
    description = "Everything that is released together";
    schedulingPriority = 50;
  };
} ''
  mkdir $out
  for constituent in $constituents; do echo "$constituent"; done > $out/constituents
''
