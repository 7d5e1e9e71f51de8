{ runCommand, handbook, jsonfmt }:

# Files for people to fetch: build products, with a metric and the name of the release, as Hydra
# reads them.
runCommand {
  name = "downloads-1.0";
  sources = ../src/jsonfmt;
  inherit handbook jsonfmt;
  meta.description = "A source archive, a binary, and the handbook, as build products";
} ''
  mkdir -p $out/nix-support $out/bin
  tar --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner --transform='s,^\.,jsonfmt,' \
    -C $sources -cf $out/jsonfmt.tar .
  cp $jsonfmt/bin/jsonfmt $out/bin/jsonfmt
  cp -r $handbook/share/doc/handbook $out/handbook
  cat > $out/nix-support/hydra-build-products <<END
  file source-dist $out/jsonfmt.tar
  file binary-dist $out/bin/jsonfmt
  doc manual $out/handbook
  END
  echo "chapters $(ls $out/handbook | wc -l)" > $out/nix-support/hydra-metrics
  echo downloads-1.0 > $out/nix-support/hydra-release-name
''
