# A small package set that needs nothing but the host's compiler and shell; see README.md.
{ system ? builtins.currentSystem }:

let
  stdenv = import ./stdenv { inherit system; };

  # Calls a package's function with those members of the set that it asks for.
  call = file:
    let function = import file; in
    function (builtins.intersectAttrs (builtins.functionArgs function) (stdenv // fetched // packages));

  fetched = {
    words = call ./packages/words.nix;
    tally-source = call ./packages/tally-source.nix;
  };

  packages = {
    # libraries
    strmap = call ./packages/strmap.nix;
    pattern = call ./packages/pattern.nix;
    squeeze = call ./packages/squeeze.nix;
    ini = call ./packages/ini.nix;

    # programs
    calc = call ./packages/calc.nix;
    checksum = call ./packages/checksum.nix;
    inicat = call ./packages/inicat.nix;
    jsonfmt = call ./packages/jsonfmt.nix;
    markup = call ./packages/markup.nix;
    seek = call ./packages/seek.nix;
    squeezer = call ./packages/squeezer.nix;
    stats = call ./packages/stats.nix;
    tally = call ./packages/tally.nix;

    # scripts and documents
    handbook = call ./packages/handbook.nix;
    report = call ./packages/report.nix;

    # what says how it is to be built, and what came of it
    settings = call ./packages/settings.nix;
    slim = call ./packages/slim.nix;
    downloads = call ./packages/downloads.nix;

    # what is known by its content
    glossary = call ./packages/glossary.nix;
    glossary-page = call ./packages/glossary-page.nix;
    glossary-check = call ./packages/glossary-check.nix;

    # what is downloaded
    sources = { recurseForDerivations = true; } // fetched;

    # tests of several packages together
    pipeline-test = call ./packages/pipeline-test.nix;

    # what is meant to fail
    expected-failure = call ./packages/expected-failure.nix;
    depends-on-failure = call ./packages/depends-on-failure.nix;

    release = call ./packages/release.nix;
  };
in
packages
