"""Edits real derivations consistently and checks that `grange compare --causes` names exactly the edits.

Usage: explain_edits.py GRANGE DRVS MAP
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from compare_edits import STORE, Instantiation, load, topological

LABELS = ["hello", "zlib", "curl", "libxml2", "python27", "git", "nano", "sqlite", "gnutar", "wget"]


def named(directory, order, name):
    """The derivation of this name that most of `order` needs."""
    users = {}
    for path in order:
        for used in load(directory, path).inputs:
            users[used] = users.get(used, 0) + 1
    found = [path for path in order if path.split("-", 1)[1] == name + ".drv"]
    assert found, f"there is no derivation {name}"
    return max(found, key=lambda path: users.get(path, 0))


def flag(value):
    def edit(drv, made):
        drv.env["configureFlags"] = (drv.env.get("configureFlags", "") + " " + value).strip()
    return edit


def script(drv, made):
    drv.args.append("/build/extra-script.sh")


def version(old, new):
    def edit(drv, made):
        drv.name = drv.name.replace(old, new)
        drv.env["name"] = drv.name
    return edit


def rename(new):
    def edit(drv, made):
        drv.name = new
        drv.env["name"] = new
    return edit


def add_input(path):
    def edit(drv, made):
        out = made.outputs[path]["new"]["out"]
        drv.inputs[path] = sorted({*drv.inputs.get(path, []), "out"})
        drv.env["buildInputs"] = (drv.env.get("buildInputs", "") + " " + out).strip()
    return edit


class Case:
    def __init__(self, grange, directory, targets, order, before):
        self.grange, self.directory, self.targets = grange, directory, targets
        self.order, self.before, self.promises = order, before[0], before[1]

    def explain(self, edits):
        after = Instantiation(self.directory, self.order, edits, self.promises)
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            for path, text in (self.before.files | after.files).items():
                (scratch / path.removeprefix(STORE + "/")).write_bytes(text.encode("latin-1"))
            for side, made in (("base", self.before), ("head", after)):
                targets = {l: {"drvPath": made.path[p], "attrPath": [l]} for l, p in self.targets.items()}
                (scratch / f"{side}.json").write_text(json.dumps(targets))
            output = subprocess.run([self.grange, "compare", "--causes", "--json", "--drvs", scratch,
                                     scratch / "base.json", scratch / "head.json"],
                                    check=True, capture_output=True).stdout
        result = json.loads(output)
        # Attribution is reachability in the edited graph, not below fixed outputs.
        drvs = {p: load(self.directory, p) for p in self.order}
        changed = {p for p in self.order if after.promise[p] != self.before.promise[p]}
        touched = {}
        for path in self.order:
            mine = {path} if path in edits and path in changed else set()
            if not drvs[path].fixed():
                for used in drvs[path].inputs:
                    mine |= touched[used]
                if path in edits:
                    for used in self.added.get(path, []):
                        mine |= touched[used]
            touched[path] = mine
        places = {after.path[p]: p for p in self.order}
        causes = [places[c["drvPath"]] for c in result["causes"]]
        specified = sorted(p for p in edits if p in changed)
        assert sorted(causes) == specified, f"specified {specified}, got {causes}"
        for label, path in self.targets.items():
            target = next(t for t in result["targets"] if t["label"] == label)
            got = {causes[i] for i in target.get("causes", [])}
            assert got == touched[path], f"{label}: specified {touched[path]}, got {got}"
        for number, cause in enumerate(result["causes"]):
            labels = [l for l, p in self.targets.items() if causes[number] in touched[p]]
            assert cause["targets"] == len(labels), (cause["name"], cause["targets"], labels)
        return {c["drvPath"].split("-", 1)[1][:-4]: [f["field"] for f in c["fields"]] for c in result["causes"]}

    added = {}


def check(what, got, specified):
    assert got == specified, f"{what}: specified {specified}, got {got}"
    print(f"{what}: {got}")


def main():
    grange, directory, map_file = sys.argv[1:4]
    directory = pathlib.Path(directory)
    everything = json.loads(pathlib.Path(map_file).read_text())
    targets = {label: everything[label]["drvPath"] for label in LABELS if label in everything}
    assert len(targets) >= 8, sorted(targets)
    order = topological(directory, targets.values())
    promises = {}
    before = Instantiation(directory, order, {}, promises)
    case = Case(grange, directory, targets, order, (before, promises))

    def find(name):
        return named(directory, order, name)

    zlib, curl = find("zlib-1.2.8"), targets["curl"]
    hello, libxml2, git = targets["hello"], targets["libxml2"], targets["git"]

    def name(path):
        return path.split("-", 1)[1][:-4]

    check("nothing", case.explain({}), {})
    check("a flag low in the graph", case.explain({zlib: flag("--edited")}),
          {"zlib-1.2.8": ["env.configureFlags"]})
    check("a builder script", case.explain({libxml2: script}), {name(libxml2): ["args"]})
    earlier = next(p for p in order if p != zlib and not load(directory, p).fixed())
    case.added = {hello: [zlib]} if order.index(zlib) < order.index(hello) else {}
    if case.added:
        check("an input added", case.explain({hello: add_input(zlib)}), {name(hello): ["env.buildInputs", "inputs"]})
        # What is added is itself edited: both are told.
        check("an input added that changed too", case.explain({hello: add_input(zlib), zlib: flag("-x")}),
              {name(hello): ["env.buildInputs", "inputs"], "zlib-1.2.8": ["env.configureFlags"]})
    case.added = {}
    check("a version bump", case.explain({zlib: version("1.2.8", "1.2.9")}), {"zlib-1.2.9": ["name", "env.name"]})
    check("a rename", case.explain({zlib: rename("zlib-renamed-1.2.8")}),
          {"zlib-renamed-1.2.8": ["name", "env.name"]})
    check("a target renamed", case.explain({hello: rename("greeter-2.10")}), {"greeter-2.10": ["name", "env.name"]})
    check("several at once",
          case.explain({zlib: flag("-a"), libxml2: script, hello: version("2.10", "2.11")}),
          {"zlib-1.2.8": ["env.configureFlags"], name(libxml2): ["args"], "hello-2.11": ["name", "env.name"]})
    check("one hidden behind another", case.explain({zlib: flag("-a"), curl: flag("-b"), git: flag("-c")}),
          {"zlib-1.2.8": ["env.configureFlags"], name(curl): ["env.configureFlags"],
           name(git): ["env.configureFlags"]})
    check("the lowest of all", case.explain({earlier: lambda drv, made: drv.env.update(edited="1")}),
          {name(earlier): ["env.edited"]})


if __name__ == "__main__":
    main()
