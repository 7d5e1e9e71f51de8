{ runStructured, calc, tally }:

# Promises about outputs that are checked when they have been made: how large they may be, alone and
# with all that they need, and what they may refer to.
runStructured {
  name = "slim";
  outputs = [ "out" "doc" ];
  inherit calc tally;
  calcManual = calc.doc;
  outputChecks = {
    out = {
      maxSize = 5000000;
      maxClosureSize = 5000000;
      allowedReferences = [ ];
      disallowedRequisites = [ calc tally ];
    };
    doc.allowedReferences = [ "out" ];
  };
  meta.description = "A copy of two programs that needs nothing else";
} ''
  mkdir -p "''${outputs[out]}/bin" "''${outputs[doc]}"
  for program in "$calc/bin/calc" "$tally/bin/tally"; do
    strip -o "''${outputs[out]}/bin/''${program##*/}" "$program"
  done
  cp -r "$calcManual/share/doc/." "''${outputs[doc]}"
  echo "the programs are in ''${outputs[out]}/bin" > "''${outputs[doc]}/where"
''
