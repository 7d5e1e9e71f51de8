"""Edits a whole package set consistently: another stdenv below everything.

Usage: edited_package_set.py DRVS MAP HEAD_DRVS HEAD_MAP [NAME…]

Writes every derivation that changed into HEAD_DRVS. Each NAME is a derivation that gets a variable of its own
(default: what nearly everything is made with, and some libraries).
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/system"))
from compare_edits import STORE, Instantiation, topological  # noqa: E402

NAMES = ["bootstrap-tools", "stdenv", "stdenv-linux", "gcc-wrapper-4.8.4", "zlib-1.2.8", "openssl-1.0.1m"]


def main():
    directory, map_file, head_directory, head_map = map(pathlib.Path, sys.argv[1:5])
    names = {name + ".drv" for name in sys.argv[5:] or NAMES}
    everything = json.loads(map_file.read_text())
    order = topological(directory, [target["drvPath"] for target in everything.values()])
    edits = {path: lambda drv, made: drv.env.update(edited="1")
             for path in order if path.split("-", 1)[1] in names}
    made = Instantiation(directory, order, edits, {})
    for path, text in made.files.items():
        file = head_directory / path.removeprefix(STORE + "/")
        if not file.exists():
            file.write_bytes(text.encode("latin-1"))
    for target in everything.values():
        target["drvPath"] = made.path[target["drvPath"]]
    head_map.write_text(json.dumps(everything))
    print(f"{len(edits)} derivations edited, {sum(made.path[p] != p for p in order)} of {len(order)} changed")


main()
