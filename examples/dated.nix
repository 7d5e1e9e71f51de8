# A package that is not reproducible, on purpose: `grange build -f examples/dated.nix --check` says so.
{ system ? builtins.currentSystem }:

let stdenv = import ./stdenv { inherit system; }; in
stdenv.runCommand {
  name = "dated";
  meta.description = "Says when it was built, and so differs each time";
} ''
  mkdir -p $out/share
  echo "the same each time" > $out/share/readme
  date +%s.%N > $out/share/built-at
''
