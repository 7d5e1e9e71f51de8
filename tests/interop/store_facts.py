#!/usr/bin/env python3
"""What a Nix store's database says, as comparable values.

    store_facts.py compare OURS THEIRS   two store roots: everything that THEIRS knows OURS must know too, equally
    store_facts.py oracle OURS DIRECTORY the same against the recorded answers of a real nix

Paths that only one side has are compared as far as they go: derivations that were instantiated but not built lie
only in the store that was evaluated into, and Grange registers realisations of all outputs, nix of the wanted ones.
Where several derivations make one path, each side names the one that came first: which may differ, but each must
make that path.
"""
import ast
import hashlib
import json
import pathlib
import sqlite3
import sys


def base64_to_hex(sri):
    import base64
    return base64.b64decode(sri.split("-", 1)[1]).hex()


def read_store(root):
    db = sqlite3.connect(f"file:{root}/nix/var/nix/db/db.sqlite?mode=ro", uri=True)
    paths = {}
    for id, path, digest, deriver, size, ultimate, ca in db.execute(
            "select id, path, hash, deriver, narSize, ultimate, ca from ValidPaths"):
        references = sorted(r for (r,) in db.execute(
            "select path from Refs join ValidPaths on id = reference where referrer = ?", (id,)))
        paths[path] = {"hash": digest.removeprefix("sha256:"), "deriver": deriver or None, "size": size,
                       "ultimate": ultimate == 1, "ca": ca or None, "references": references}
    realisations, edges = {}, set()
    if (pathlib.Path(root) / "nix/var/nix/db/ca-schema").exists():
        rows = {}
        for id, drv, output, path in db.execute(
                "select r.id, drvPath, outputName, path from Realisations r join ValidPaths v on v.id = outputPath"):
            rows[id] = f"{drv}!{output}"
            realisations[rows[id]] = path
        edges = {(rows[a], rows[b]) for a, b in db.execute("select * from RealisationsRefs")}
    outputs = set(db.execute("select v.path, d.id, d.path from DerivationOutputs d join ValidPaths v on v.id = drv"))
    return {"paths": paths, "realisations": realisations, "edges": edges, "outputs": outputs, "root": root}


def read_oracle(directory):
    directory = pathlib.Path(directory)
    paths = {}
    for info in json.loads((directory / "path-info.json").read_text()):
        paths[info["path"]] = {"hash": base64_to_hex(info["narHash"]), "deriver": info.get("deriver"),
                               "size": info["narSize"], "ultimate": info.get("ultimate", False),
                               "ca": info.get("ca"), "references": sorted(info["references"])}
    realisations = {f'{r["drvPath"]}!{r["outputName"]}': r["outPath"]
                    for r in json.loads((directory / "realisations.db.json").read_text())}
    edges = {(e["referrer"], e["reference"])
             for e in json.loads((directory / "realisationsrefs.db.json").read_text())}
    return {"paths": paths, "realisations": realisations, "edges": edges, "outputs": set(), "root": None}


# A try-out that is in the recorded store and not in its expressions.
UNRELATED = ("/nix/store/2jmiqxxd2z4ypk8am71rc6kffqzgma57-t",)


def output_id(derivation):
    """The part before `!` of the ids of a derivation without inputs: its ATerm, with outputs masked, hashed."""
    def quoted(text):
        for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
            text = text.replace(plain, escaped)
        return f'"{text}"'

    def group(items, brackets="[]"):
        return brackets[0] + ",".join(items) + brackets[1]
    outputs, _, sources, system, builder, arguments, environment = derivation
    names = {output[0] for output in outputs}
    fields = [group(group(map(quoted, (name, "", algorithm, digest)), "()") for name, _, algorithm, digest in outputs),
              "[]", group(map(quoted, sources)), quoted(system), quoted(builder), group(map(quoted, arguments)),
              group(group((quoted(k), quoted("" if k in names else v)), "()") for k, v in environment)]
    return "sha256:" + hashlib.sha256(f"Derive{group(fields, '()')}".encode("latin-1")).hexdigest()


def makes(drv, path, facts):
    """Is `path` an output of `drv`: by what the derivation says, or by a realisation of it?"""
    file = pathlib.Path(f"{facts['root']}{drv}")
    if not file.exists():
        return False
    derivation = ast.literal_eval(file.read_bytes().decode("latin-1").removeprefix("Derive"))
    if any(output[1] == path for output in derivation[0]):
        return True
    return not derivation[1] and any(
        facts["realisations"].get(f"{output_id(derivation)}!{output[0]}") == path for output in derivation[0])


def compare(ours, theirs):
    problems = []
    resolved = 0
    for path, info in theirs["paths"].items():
        if path in UNRELATED:
            continue
        if path not in ours["paths"]:
            # Instantiated derivations and sources of what was not built stay in the eval store.
            if not path.endswith(".drv") and (info["deriver"] or info["ultimate"]):
                problems.append(f"{path} is not there")
            continue
        resolved += path.endswith(".drv")
        for key, value in info.items():
            got = ours["paths"][path][key]
            if key == "deriver" and theirs["root"] and value and got and makes(value, path, theirs) and makes(
                    got, path, theirs):
                continue
            if got != value:
                problems.append(f"{path}: {key}: nix has {value!r}, Grange has {got!r}")
    for path, info in ours["paths"].items():
        if path not in theirs["paths"]:
            problems.append(f"{path} is only in Grange's store")
    for id, path in theirs["realisations"].items():
        if path not in UNRELATED and ours["realisations"].get(id) != path:
            problems.append(f"realisation {id}: nix has {path}, Grange has {ours['realisations'].get(id)}")
    # Of edges between realisations that both have, the same ones.
    both = theirs["realisations"].keys() & ours["realisations"].keys()
    mine = {e for e in ours["edges"] if e[0] in both and e[1] in both}
    for edge in sorted(theirs["edges"] ^ mine):
        problems.append(f"realisation {edge[0]} depends on {edge[1]}: only in {'nix' if edge in theirs['edges'] else 'Grange'}")
    for row in sorted(ours["outputs"] - theirs["outputs"] if theirs["outputs"] else ()):
        problems.append(f"derivation output {row} is only in Grange's store")
    return problems, resolved


def main():
    how, ours, theirs = sys.argv[1:4]
    ours = read_store(ours)
    theirs = read_oracle(theirs) if how == "oracle" else read_store(theirs)
    problems, resolved = compare(ours, theirs)
    for problem in problems[:50]:
        print(problem)
    if problems:
        sys.exit(f"{len(problems)} differences")
    print(f"{len(theirs['realisations'])} realisations, {len(theirs['edges'])} edges, {len(ours['paths'])} paths "
          f"({resolved} derivations) are as nix has them")


main()
