# Functions that make derivations over the host's tools, found through sandbox paths.
{ system }:

let
  shell = "/bin/bash";

  # What people and schedulers read; none of it is part of a derivation.
  describe = derivation: meta: derivation // {
    meta = {
      license = { spdxId = "LGPL-2.1-or-later"; fullName = "GNU Lesser General Public License v2.1 or later"; };
      maintainers = [ { name = "Grange"; email = "grange@example.org"; } ];
      timeout = 300;
    } // meta;
  };
in
rec {
  # Builds a source tree with its Makefile; every phase can be replaced by a shell text.
  makePackage = { pname, version, meta, ... } @ arguments:
    describe (derivation ({
      name = "${pname}-${version}";
      inherit system;
      builder = shell;
      args = [ ./build-package.sh ];
      setup = ./setup.sh;
      outputs = [ "out" ];
    } // removeAttrs arguments [ "meta" ])) meta;

  # Runs a shell text that makes $out.
  runCommand = { name, meta, ... } @ arguments: script:
    describe (derivation ({
      inherit system script;
      builder = shell;
      args = [ ./run-command.sh ];
      setup = ./setup.sh;
    } // removeAttrs arguments [ "meta" ])) meta;

  # The same with structured attributes: numbers, lists and sets reach the text as they are.
  runStructured = { name, meta, ... } @ arguments: script:
    describe (derivation ({
      inherit system script;
      builder = shell;
      args = [ ./run-structured.sh ];
      setup = ./setup.sh;
      __structuredAttrs = true;
    } // removeAttrs arguments [ "meta" ])) meta;

  # A file, or with `recursive` a tree, known by its hash and found under any of `urls`. Mirrors are
  # names for directories: there is no network here.
  fetchMirror = { name, urls, sha256, recursive ? false, meta }:
    describe (derivation {
      inherit name system urls;
      builder = shell;
      args = [ ./fetch-mirror.sh ];
      setup = ./setup.sh;
      mirrors = ../mirror;
      outputHashMode = if recursive then "recursive" else "flat";
      outputHashAlgo = "sha256";
      outputHash = sha256;
      preferLocalBuild = true;
    }) meta;
}
