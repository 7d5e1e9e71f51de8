# What the real nix and Grange both build, in `good`, and what both refuse, in `refused`.
let
  system = builtins.currentSystem;
  make = args: derivation ({
    inherit system;
    builder = "/bin/sh";
  } // args // { args = [ "-e" "-c" args.script ]; });
  structured = args: make ({ __structuredAttrs = true; } // args);

  # Nix 2.8 names the files as they are outside the sandbox, so they are looked for where they are.
  attributes = ''
    out=$(sed -n "s/.*\['out'\]='\([^']*\)'.*/\1/p" .attrs.sh)
  '';
  text = builtins.toFile "text" "some text\n";
  lower = make { name = "lower"; script = "echo lower > $out"; };
  upper = make { name = "upper"; inherit lower text; script = "mkdir $out; echo $lower $text > $out/refers; echo $out > $out/self"; };
  big = make { name = "big"; script = "dd if=/dev/zero of=$out bs=1000 count=50"; };

  checked = name: checked-with name { };
  checked-with = name: args: checks: structured (args // {
    inherit name;
    outputs = [ "out" "dev" ];
    inherit upper;
    outputChecks = checks;
    script = attributes + ''
      dev=$(sed -n "s/.*\['dev'\]='\([^']*\)'.*/\1/p" .attrs.sh)
      mkdir $out; echo $dev $out > $out/refers; echo ${upper} > $dev
    '';
  });
  # As nix-env makes user environments and channels.
  buildenv = paths: buildenv-of { name = "user-environment"; inherit paths; };
  buildenv-of = args: derivation (removeAttrs args [ "paths" ] // {
    system = "builtin"; builder = "builtin:buildenv";
    manifest = text;
    derivations = map (p: [ (if builtins.elemAt p 0 == false then "false" else builtins.elemAt p 0)
      (builtins.elemAt p 1) (builtins.length (builtins.elemAt p 2)) (builtins.elemAt p 2) ]) args.paths;
    preferLocalBuild = true; allowSubstitutes = false;
  });
  unpack-channel = channelName: src: derivation {
    name = channelName; system = "builtin"; builder = "builtin:unpack-channel";
    inherit src channelName;
  };
  package = name: script: package-with name script { };
  package-with = name: script: args: make (args // {
    inherit name;
    script = "mkdir -p $out/bin $out/share/info $out/nix-support; echo > $out/bin/${name}; cd $out; " + script;
  });
  first = package "first" ''
    echo > share/info/dir; echo > share/info/first.info; echo > .hidden; echo > log; mkdir lib; echo > lib/one
    ln -s nowhere dangling; ln -s /dev/null null; ln -s ../etc etc; mkdir deep; echo > deep/file
    echo "${propagated}" > nix-support/propagated-user-env-packages; echo > nix-support/other; ln -s bin sbin
  '';
  second = package "second" "echo > share/info/second.info; echo > manifest.nix; mkdir -p lib/perl5; echo > lib/perl5/perllocal.pod; mkdir only; echo > only/here";
  third = package "third" "echo > bin/first; mkdir -p share/doc; ln -s ${second}/only deep; mkdir sbin; echo > sbin/third";
  linked = make { name = "linked"; script = "mkdir $out; ln -s ${third}/share $out/share; ln -s ${first}/bin/../deep $out/deep"; };
  propagated = package "propagated" "echo > bin/first; echo '${further}' > nix-support/propagated-user-env-packages";
  further = package "further" "echo > bin/propagated";
  clash = make { name = "clash"; script = "mkdir $out; echo > $out/bin"; };

  # The same with outputs that are known by their content.
  floating = function: args: function (args // {
    __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256";
  });
  content = floating (args: checked-with "content" args { out.maxSize = 1000; dev.allowedReferences = [ upper ]; }) { };
  content-package = floating (package-with "content-package" "echo > share/content") { };
in
rec {
  good = {
    structured = structured {
      name = "structured";
      string = "it's\n\"quoted\" $HOME é";
      integer = 5000000000; negative = -3; whole = 3.0; fraction = 2.5; huge = 1.0e20;
      yes = true; no = false; nothing = null; path = text;
      list = [ "a" 1 2.0 true null false ]; empty = [ ]; nested = [ [ "a" ] ];
      object = { a = "x'y"; b = 1; "c d" = "e"; }; deep = { a = [ 1 ]; };
      "not-a-name" = "x"; passAsFile = [ "string" ]; inherit upper;
      script = attributes + "mkdir $out; cp .attrs.json $out/json; cp .attrs.sh $out/sh; env | grep -v -e NIX_ATTRS -e CORES | sort > $out/env";
    };
    structured-outputs = structured {
      name = "structured-outputs";
      outputs = [ "out" "dev" "doc" ];
      placeholder = "${placeholder "dev"}/include";
      script = attributes + ''
        for o in dev doc; do echo $o > $(sed -n "s/.*\['$o'\]='\([^']*\)'.*/\1/p" .attrs.sh); done
        cp .attrs.json $out
      '';
    };
    structured-graph = structured {
      name = "structured-graph";
      exportReferencesGraph.closure = [ upper ];
      exportReferencesGraph.two = [ lower text ];
      exportReferencesGraph.one = lower;
      inherit upper;
      script = attributes + "mkdir $out; cp .attrs.json $out/json; cp .attrs.sh $out/sh";
    };
    graph = make {
      name = "graph";
      exportReferencesGraph = [ "closure" upper "text.registration" text ];
      script = "mkdir $out; cp closure text.registration $out";
    };
    graph-of-derivations = make {
      name = "graph-of-derivations";
      exportReferencesGraph = [ "all" upper.drvPath ];
      script = "cp all $out";
    };
    structured-graph-of-derivations = structured {
      name = "structured-graph-of-derivations";
      exportReferencesGraph.all = [ upper.drvPath ];
      script = attributes + "cp .attrs.json $out";
    };
    references = make {
      name = "references";
      outputs = [ "out" "dev" ];
      inherit upper;
      allowedReferences = [ "out" "dev" upper ];
      disallowedReferences = [ lower ];
      disallowedRequisites = [ big ];
      allowedRequisites = [ "dev" upper lower text ];
      script = "echo $dev $out > $out; echo $upper > $dev";
    };
    checks = checked "checks" {
      out = {
        maxSize = 1000; maxClosureSize = 5000; allowedReferences = [ "dev" "out" ];
        allowedRequisites = [ "dev" "out" upper lower text ]; disallowedReferences = [ lower ];
      };
      dev = { maxSize = 1000.0; disallowedRequisites = [ "out" big ]; };
    };
    impure-variables = make {
      name = "impure-variables";
      outputHashMode = "flat"; outputHashAlgo = "sha256";
      outputHash = builtins.hashString "sha256" "<from outside><>\n";
      impureEnvVars = [ "GRANGE_SCENARIO" "GRANGE_UNSET" ];
      script = "echo \"<$GRANGE_SCENARIO><$GRANGE_UNSET>\" > $out";
    };
    structured-impure-variables = structured {
      name = "structured-impure-variables";
      outputHashMode = "flat"; outputHashAlgo = "sha256";
      outputHash = builtins.hashString "sha256" "<from outside>1\n";
      impureEnvVars = [ "GRANGE_SCENARIO" ];
      script = attributes + "echo \"<$GRANGE_SCENARIO>$NIX_OUTPUT_CHECKED\" > $out";
    };
    features = make {
      name = "features"; requiredSystemFeatures = [ "big-parallel" ]; preferLocalBuild = true;
      script = "echo > $out";
    };
    structured-features = structured {
      name = "structured-features"; requiredSystemFeatures = [ "big-parallel" ]; preferLocalBuild = true;
      script = attributes + "echo > $out";
    };
    failed-with-output = make {
      name = "failed-with-output";
      script = "mkdir -p $out/nix-support; echo > $out/nix-support/failed";
    };
    environment = buildenv [ [ true 5 [ first second ] ] [ true 4 [ third ] ] [ false 1 [ lower ] ] [ "x" 7 [ linked lower ] ] ];
    empty-environment = buildenv [ ];
    channel = unpack-channel "channel" ./channel.tar.gz;
    zip-channel = unpack-channel "zipped" ./channel.zip;
    xz-channel = unpack-channel "xz" ./channel.tar.xz;
    one-file-channel = unpack-channel "file" ./file.tar;
    content-structured = content;
    content-graph = floating (args: structured ({ script = attributes + "cp .attrs.json $out"; } // args)) {
      name = "content-graph"; exportReferencesGraph.graph = [ content upper ];
    };
    content-plain-graph = floating make {
      name = "content-plain-graph"; exportReferencesGraph = [ "graph" content.dev ]; script = "cp graph $out";
    };
    content-references = floating make {
      name = "content-references"; inherit content; allowedReferences = [ content "out" ];
      disallowedRequisites = [ big ]; script = "echo $content $out > $out";
    };
    content-environment = floating buildenv-of {
      name = "content-environment"; paths = [ [ true 5 [ first content-package ] ] ];
    };
    i686 = make { name = "i686"; system = "i686-linux"; script = "uname -m > $out"; };
  };

  relaxed = {
    outside = make {
      name = "outside"; __noChroot = true;
      script = "PATH=/usr/bin:/bin; cat /GRANGE/outside > $out";
    };
    structured-outside = structured {
      name = "structured-outside"; __noChroot = true;
      script = "PATH=/usr/bin:/bin; " + attributes + "cat /GRANGE/outside > $out";
    };
  };

  host-paths.host-path = make {
    name = "host-path"; __impureHostDeps = [ "/GRANGE/host/file" "/GRANGE/host/missing" ];
    script = "cat /GRANGE/host/file > $out";
  };

  refused = {
    no-chroot = relaxed.outside;
    host-path = host-paths.host-path;
    reference = make { name = "reference"; inherit upper; allowedReferences = [ ]; script = "echo $upper > $out"; };
    self = make { name = "self"; allowedReferences = [ ]; script = "echo $out > $out"; };
    requisite = make { name = "requisite"; inherit upper; disallowedRequisites = [ lower ]; script = "echo $upper > $out"; };
    nonsense = make { name = "nonsense"; allowedReferences = [ "nonsense" ]; script = "echo > $out"; };
    size = checked "size" { out.maxSize = 100; };
    closure-size = checked "closure-size" { dev.maxClosureSize = 800; };
    requisites-with-self = checked "requisites-with-self" { out.allowedRequisites = [ "dev" upper lower text ]; };
    disallowed-output = checked "disallowed-output" { out.disallowedReferences = [ "dev" ]; };
    collision = buildenv [ [ true 5 [ first third ] ] ];
    file-and-directory = buildenv [ [ true 5 [ first second ] ] [ true 6 [ clash ] ] ];
    two-things = unpack-channel "two" ./two.tar;
    upwards = unpack-channel "upwards" ./upwards.tar;
    through-symlink = unpack-channel "through-symlink" ./through.tar;
    no-archive = unpack-channel "no-archive" ./default.nix;
    odd = make { name = "odd"; exportReferencesGraph = [ "a" ]; script = "echo > $out"; };
    bad-name = make { name = "bad-name"; exportReferencesGraph = [ "../a" text ]; script = "echo > $out"; };
    no-input = make {
      name = "no-input"; script = "echo > $out";
      exportReferencesGraph = [ "a" (builtins.unsafeDiscardStringContext lower) ];
    };
    feature = make { name = "feature"; requiredSystemFeatures = [ "no-such-feature" ]; script = "echo > $out"; };
    structured-feature = structured {
      name = "structured-feature"; requiredSystemFeatures = [ "no-such-feature" ]; script = "true";
    };
    wrong-type = structured { name = "wrong-type"; requiredSystemFeatures = "kvm"; script = "true"; };
  };
}
