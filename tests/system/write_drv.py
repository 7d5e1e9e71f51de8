#!/usr/bin/env python3
"""Puts the text of a derivation (stdin) into a store's directory under the name that belongs to it.

    write_drv.py DIRECTORY NAME [REFERENCE…]    prints the store path; REFERENCEs are its inputs
"""
import hashlib
import pathlib
import sys

directory, name, *references = sys.argv[1:]
text = sys.stdin.buffer.read()
kind = ":".join(["text"] + sorted(references))
fingerprint = f"{kind}:sha256:{hashlib.sha256(text).hexdigest()}:/nix/store:{name}"
digest = bytearray(20)
for index, byte in enumerate(hashlib.sha256(fingerprint.encode()).digest()):
    digest[index % 20] ^= byte
value = int.from_bytes(digest, "little")
printed = "".join("0123456789abcdfghijklmnpqrsvwxyz"[value >> 5 * k & 31] for k in range(31, -1, -1))
(pathlib.Path(directory) / f"{printed}-{name}").write_bytes(text)
print(f"/nix/store/{printed}-{name}")
