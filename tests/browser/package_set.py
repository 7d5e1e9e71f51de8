"""A large package set of the shared data as a git repository that a farm evaluates with the real nix: every target of a map is
an attribute, and the derivations are those that the map's revision made."""
import hashlib
import json
import os
import pathlib
import re
import subprocess

from farm import Repository

# What a map tells of a target is what an evaluator asks for; sets without a derivation are to be walked.
EXPRESSION = """{ ... }: let
  expand = value:
    if value ? drvPath then value // { type = "derivation"; }
    else builtins.mapAttrs (_: expand) value // { recurseForDerivations = true; };
in expand (builtins.fromJSON (builtins.readFile ./targets.json))
"""


def shared_data():
    """Where the shared data is, or None."""
    data = os.environ.get("GRANGE_TEST_DATA")
    return pathlib.Path(data) if data and (pathlib.Path(data) / "drvs.tar.zst").exists() else None


def nested(targets):
    """The targets of a map as sets within sets."""
    whole = {}
    for target in targets.values():
        *sets, last = target["attrPath"]
        inner = whole
        for name in sets:
            inner = inner.setdefault(name, {})
        # A derivation that has others within it is a target, not a set.
        inner[last] = {**inner.get(last, {}), **{key: target[key] for key in ("drvPath", "name", "system")}}
    return whole


class PackageSet:
    def __init__(self, data, directory):
        self.data = data
        self.repository = Repository(directory)
        (self.repository.directory / "release.nix").write_text(EXPRESSION)

    def targets(self, name):
        """The map, by label."""
        return json.loads(subprocess.run(["zstd", "-dc", self.data / f"{name}.map.json.zst"], check=True,
                                         stdout=subprocess.PIPE).stdout)

    def commit(self, name):
        """A commit with the targets of one map; how many they are."""
        targets = self.targets(name)
        (self.repository.directory / "targets.json").write_text(json.dumps(nested(targets), indent=1, sort_keys=True))
        self.repository.git("add", "-A")
        self.repository.git("commit", "-q", "-m", f"The package set as of {name}")
        return len(targets)

    def put_derivations(self, farm):
        """Into the store that the farm evaluates with, before it starts first."""
        self.store = farm.directory / "state" / "eval" / "nix" / "store"
        self.store.mkdir(parents=True)
        subprocess.run(f"zstd -dc --long=27 '{self.data}/drvs.tar.zst' | tar -x -C '{self.store}'", shell=True, check=True)

    def write_cache(self, directory, name):
        """A binary cache that has the outputs of nearly all targets of a map: each a file of one line, since what is in them is
        of no interest here."""
        directory.mkdir()
        (directory / "nar").mkdir()
        (directory / "nix-cache-info").write_text("StoreDir: /nix/store\n")
        nar = nar_of_file(b"made elsewhere\n")
        digest = hashlib.sha256(nar).hexdigest()
        (directory / "nar" / f"{digest}.nar").write_bytes(nar)
        for number, target in enumerate(self.targets(name).values()):
            if number % 97 == 50:
                continue
            text = (self.store / target["drvPath"].rsplit("/", 1)[1]).read_text(errors="replace")
            for output in re.findall(r'\("[^"]*","(/nix/store/[^"]*)","[^"]*","[^"]*"\)', text[:text.index("],")]):
                base = output.rsplit("/", 1)[1]
                (directory / f"{base[:32]}.narinfo").write_text(
                    f"StorePath: {output}\nURL: nar/{digest}.nar\nCompression: none\nNarHash: sha256:{digest}\n"
                    f"NarSize: {len(nar)}\nReferences: \n")


def nar_of_file(contents):
    """The archive of one regular file."""
    def text(value):
        return len(value).to_bytes(8, "little") + value + bytes(-len(value) % 8)
    return b"".join(map(text, (b"nix-archive-1", b"(", b"type", b"regular", b"contents", contents, b")")))
