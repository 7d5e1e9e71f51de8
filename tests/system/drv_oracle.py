#!/usr/bin/env python3
"""Compares what `grange drv` says with what others said of the same derivations.

    drv_oracle.py GRANGE show JSON DIR            nix show-derivation of some of DIR
    drv_oracle.py GRANGE modulo JSON DIR          masked hash modulo of some of DIR
    drv_oracle.py GRANGE realisations TEXT DIR    nix realisation info
    drv_oracle.py GRANGE damage DIR COUNT SEED    changes a byte in each of COUNT files, verifies, repairs
"""
import json
import os
import random
import subprocess
import sys

grange, what, *arguments = sys.argv[1:]


def output_of(*command):
    done = subprocess.run([grange, "drv", *command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"grange drv {command[0]}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


def files(directory, paths):
    return [os.path.join(directory, os.path.basename(path)) for path in paths]


def ids(directory, paths):
    lines = (line.split() for line in output_of("id", *files(directory, paths)).splitlines())
    return {(path, output): drv_output for path, output, drv_output, _ in lines}


def compare(specified, got):
    for key, value in specified.items():
        if got.get(key) != value:
            sys.exit(f"{key}: specified {value}, got {got.get(key)}")


def show(oracle, directory):
    specified = json.load(open(oracle))
    compare(specified, json.loads(output_of("show", *files(directory, specified))))
    print(f"{len(specified)} shown alike")


def modulo(oracle, directory):
    entries = json.load(open(oracle))
    specified = {(path, output): f"sha256:{digest}!{output}"
                 for path, entry in entries.items()
                 for output, digest in entry["hashModuloMasked"].items()}
    compare(specified, ids(directory, entries))
    print(f"{len(specified)} ids alike")


def realisations(oracle, directory):
    specified = {}
    for line in open(oracle):
        if line.startswith("## "):
            path = line.split()[2]
        elif line.startswith("["):
            for entry in json.loads(line):
                specified[path, entry["id"].split("!")[1]] = entry["id"]
    compare(specified, ids(directory, {path for path, _ in specified}))
    print(f"{len(specified)} ids alike")


def damage(directory, count, seed):
    chance = random.Random(int(seed))
    names = chance.sample(sorted(os.listdir(directory)), int(count))
    texts = {}
    for name in names:
        path = os.path.join(directory, name)
        with open(path, "rb") as file:
            text = bytearray(file.read())
        texts[path] = bytes(text)
        text[chance.randrange(len(text))] ^= chance.randrange(1, 256)
        os.remove(path)
        with open(path, "wb") as file:
            file.write(text)
    done = subprocess.run([grange, "drv", "verify", directory], capture_output=True, text=True)
    for path, text in texts.items():
        with open(path, "wb") as file:
            file.write(text)
    lines = done.stdout.splitlines()
    unchecked = [line for line in lines if "derivations unchecked" in line]
    reported = {line.split(":")[0] for line in lines[:-1] if line not in unchecked}
    if done.returncode != 1 or reported != set(texts) or len(unchecked) != 1:
        sys.exit(f"exit code {done.returncode}, {lines[-1:]}, {unchecked}; not reported: "
                 f"{sorted(set(texts) - reported)}; wrongly reported: {sorted(reported - set(texts))}")
    if not lines[-1].endswith(f" derivations, {len(texts)} mismatches"):
        sys.exit(f"last line: {lines[-1]}")
    print(f"{len(texts)} changed, exactly these reported")


{"show": show, "modulo": modulo, "realisations": realisations, "damage": damage}[what](*arguments)
