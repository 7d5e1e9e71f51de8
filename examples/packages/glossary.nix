{ runCommand }:

# Known by its content: remarks in the source change the derivation and not what it gives.
runCommand {
  name = "glossary";
  terms = ../src/glossary/terms.txt;
  __contentAddressed = true;
  outputHashMode = "recursive";
  outputHashAlgo = "sha256";
  meta.description = "Words and their meanings, sorted, without remarks";
} ''
  mkdir "$out"
  grep -v '^#' "$terms" | LC_ALL=C sort > "$out/glossary.txt"
''
