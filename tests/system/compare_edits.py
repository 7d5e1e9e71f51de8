"""Edits real derivations at random and compares `grange compare` with a brute-force model.

Usage: compare_edits.py GRANGE DRVS MAP ROUNDS SEED

The model re-instantiates everything above an edit by the plain rules (nix-store.md, section 4), and decides
equivalence without any path or digest: two derivations promise the same when they are fixed with equal name
and hash, or are written the same with every input replaced by what it promises.
"""
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile

STORE = "/nix/store"
DIGITS = "0123456789abcdfghijklmnpqrsvwxyz"


def sha256(text):
    return hashlib.sha256(text.encode("latin-1")).hexdigest()


def store_path(kind, inner, name):
    digest = hashlib.sha256(f"{kind}:sha256:{inner}:{STORE}:{name}".encode()).digest()
    folded = [0] * 20
    for i, byte in enumerate(digest):
        folded[i % 20] ^= byte
    number = int.from_bytes(bytes(folded), "little")
    return f"{STORE}/{''.join(DIGITS[(number >> 5 * k) & 31] for k in range(31, -1, -1))}-{name}"


def quote(text):
    for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(raw, escaped)
    return f'"{text}"'


def bracket(items):
    return "[" + ",".join(items) + "]"


class Drv:
    def __init__(self, name, text):
        self.name = name
        fields = eval(text, {"__builtins__": {}, "Derive": lambda *all: all})
        self.outputs = {o[0]: list(o[1:]) for o in fields[0]}
        self.inputs = {path: list(names) for path, names in fields[1]}
        self.sources, self.system, self.builder = fields[2], fields[3], fields[4]
        self.args = list(fields[5])
        self.env = dict(fields[6])

    def fixed(self):
        return any(o[2] for o in self.outputs.values())

    def text(self, inputs, masked=False):
        outputs = [f"({quote(n)},{quote('' if masked else o[0])},{quote(o[1])},{quote(o[2])})"
                   for n, o in sorted(self.outputs.items())]
        used = [f"({quote(p)},{bracket(map(quote, sorted(ns)))})" for p, ns in sorted(inputs.items())]
        env = {k: "" if masked and k in self.outputs else v for k, v in self.env.items()}
        return (f"Derive({bracket(outputs)},{bracket(used)},{bracket(map(quote, sorted(self.sources)))},"
                f"{quote(self.system)},{quote(self.builder)},{bracket(map(quote, self.args))},"
                f"{bracket(f'({quote(k)},{quote(v)})' for k, v in sorted(env.items()))})")

    def replace(self, old, new):
        self.builder = self.builder.replace(old, new)
        self.args = [a.replace(old, new) for a in self.args]
        for key in self.env:
            if key not in self.outputs:
                self.env[key] = self.env[key].replace(old, new)


def load(directory, path):
    name = path.removeprefix(STORE + "/")
    return Drv(name[33:-4], (directory / name).read_bytes().decode("latin-1"))


def topological(directory, roots):
    order, drvs, todo = [], {}, [(r, False) for r in roots]
    while todo:
        path, done = todo.pop()
        if done:
            order.append(path)
        elif path not in drvs:
            drvs[path] = load(directory, path)
            todo.append((path, True))
            todo += [(p, False) for p in drvs[path].inputs]
    return order


class Instantiation:
    """The derivations of `order` with edits (path -> function on Drv), everything above made anew."""

    def __init__(self, directory, order, edits, promises):
        self.path, self.files, self.promise = {}, {}, {}
        self.outputs, self.modulo = {}, {}
        for old in order:
            drv = load(directory, old)
            before = {n: o[0] for n, o in drv.outputs.items()}
            replaced = [(self.outputs[p]["old"][n], self.outputs[p]["new"][n])
                        for p, names in drv.inputs.items() for n in names]
            for a, b in replaced:
                if a != b:
                    drv.replace(a, b)
            if old in edits:
                edits[old](drv, self)
            self.finish(old, drv, before, promises)

    def finish(self, old, drv, before, promises):
        inputs, by_modulo, tokens = {}, {}, []
        for path, names in drv.inputs.items():
            inputs.setdefault(self.path[path], set()).update(names)
            by_modulo.setdefault(self.modulo[path], set()).update(names)
            tokens += [(self.outputs[path]["new"][n], f"<{self.promise[path]}!{n}>") for n in names]
        if drv.fixed():
            (_, algorithm, digest), = drv.outputs.values()
            described = ("fixed", drv.name, algorithm, digest)
            self.modulo[old] = sha256(f"fixed:out:{algorithm}:{digest}:{drv.outputs['out'][0]}")
        else:
            self.fill_in_paths(drv, by_modulo)
            self.modulo[old] = sha256(drv.text(by_modulo))
            plain = Drv.__new__(Drv)
            plain.__dict__.update(drv.__dict__, args=list(drv.args), env=dict(drv.env))
            for path, token in tokens:
                plain.replace(path, token)
            by_promise = {}
            for path, names in drv.inputs.items():
                by_promise.setdefault(str(self.promise[path]), set()).update(names)
            described = ("made", drv.name, plain.text(by_promise, masked=True))
        self.promise[old] = promises.setdefault(described, len(promises))
        text = drv.text(inputs)
        references = "".join(":" + r for r in sorted(list(inputs) + list(drv.sources)))
        self.path[old] = store_path("text" + references, sha256(text), drv.name + ".drv")
        self.files[self.path[old]] = text
        self.outputs[old] = {"old": before, "new": {n: o[0] for n, o in drv.outputs.items()}}

    def fill_in_paths(self, drv, by_modulo):
        masked = sha256(drv.text(by_modulo, masked=True))
        for name, output in drv.outputs.items():
            output[0] = store_path("output:" + name, masked, drv.name + ("" if name == "out" else "-" + name))
            drv.env[name] = output[0]


def random_edits(rng, order, directory):
    edits, urls = {}, set()
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(order))
        path = order[at]
        if load(directory, path).fixed():
            def edit(drv, made, mark=rng.random()):
                key = "urls" if "urls" in drv.env else "url"
                drv.env[key] = drv.env.get(key, "") + f" http://mirror.example.org/{mark}"
            urls.add(path)
        else:
            kind = rng.choice(["flag", "argument", "name", "input"])
            other = order[rng.randrange(at)] if at else None

            def edit(drv, made, kind=kind, other=other):
                if kind == "argument":
                    drv.args.append("--edited")
                elif kind == "name":
                    drv.name += "-edited"
                    drv.env["name"] = drv.name
                elif kind == "input" and other:
                    drv.inputs.setdefault(other, [])
                    name = sorted(made.outputs[other]["new"])[0]
                    drv.inputs[other] = sorted({*drv.inputs[other], name})
                    drv.env["added"] = made.outputs[other]["new"][name]
                else:
                    drv.env["flag"] = drv.env.get("flag", "") + " --edited"
        edits[path] = edit
    return edits, urls


def main():
    grange, directory, map_file, rounds, seed = sys.argv[1:6]
    directory = pathlib.Path(directory)
    everything = json.loads(pathlib.Path(map_file).read_text())
    rng = random.Random(int(seed))
    totals = {}
    for number in range(int(rounds)):
        labels = rng.sample(sorted(everything), 12)
        base = {label: everything[label]["drvPath"] for label in labels}
        order = topological(directory, base.values())
        edits, urls = random_edits(rng, order, directory)
        promises = {}
        before = Instantiation(directory, order, {}, promises)
        for path in order:
            assert before.path[path] == path, f"the model gives {before.path[path]} for {path}"
        after = Instantiation(directory, order, edits, promises)
        head = {label: after.path[path] for label, path in base.items()}
        del head[labels[0]]
        head["new"] = after.path[base[labels[1]]]
        verdicts = {labels[0]: "removed", "new": "new"}
        for label in labels[1:]:
            path = base[label]
            verdicts[label] = ("same" if after.path[path] == path else
                               "equivalent" if after.promise[path] == before.promise[path] else "changed")
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            for path, text in (before.files | after.files).items():
                (scratch / path.removeprefix(STORE + "/")).write_bytes(text.encode("latin-1"))
            for side, targets in (("base", base), ("head", head)):
                targets = {l: {"drvPath": p, "attrPath": [l]} for l, p in targets.items()}
                (scratch / f"{side}.json").write_text(json.dumps(targets))
            output = subprocess.run([grange, "compare", "--json", "--drvs", scratch, scratch / "base.json",
                                     scratch / "head.json"], check=True, capture_output=True).stdout
        result = json.loads(output)
        got = {target["label"]: target["verdict"] for target in result["targets"]}
        assert got == verdicts, f"round {number}: specified {verdicts}, got {got}"
        # Every edited URL that the head still reaches rewrites its output set.
        reached = set(topological(directory, [path for label, path in base.items() if label != labels[0]]))
        promise_of = {after.path[path]: after.promise[path] for path in order}
        rewritten = sorted(promise_of[r["head"]] for r in result["rewritten"])
        specified = sorted({after.promise[p] for p in urls & reached})
        assert rewritten == specified, f"round {number}: specified {specified}, got {rewritten}"
        for verdict in got.values():
            totals[verdict] = totals.get(verdict, 0) + 1
    print(f"{rounds} rounds: {totals}")


if __name__ == "__main__":
    main()
