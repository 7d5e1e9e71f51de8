{ runCommand, words, checksum, inicat, jsonfmt, seek, squeezer, tally }:

runCommand {
  name = "pipeline-test";
  buildInputs = [ checksum inicat jsonfmt seek squeezer tally ];
  inherit words;
  meta = {
    description = "Programs of this set working together";
    timeout = 60;
    maxSilent = 30;
  };
} ''
  squeezer -c $words packed
  squeezer -d packed unpacked
  cmp $words unpacked
  [ "$(checksum crc32 < $words)" = "$(checksum crc32 < unpacked)" ]

  seek '*river*' $words > found
  tally found > counts
  grep -q ' river$' counts

  printf '[words]\nriver = %s\n' "$(sed -n 's/ river$//p' counts | tr -d ' ')" > counts.ini
  printf '{"river":%s}' "$(inicat counts.ini words.river)" | jsonfmt > $out
''
