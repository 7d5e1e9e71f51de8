"""check_cache.py DIRECTORY: every narinfo has its NAR, of the size and hash that it states, and its references."""
import hashlib
import pathlib
import sys

ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz"


def nix32(digest):
    bits = int.from_bytes(digest, "little")
    return "".join(ALPHABET[bits >> 5 * i & 31] for i in reversed(range(52)))


cache = pathlib.Path(sys.argv[1])
for narinfo in cache.glob("*.narinfo"):
    fields = dict(line.split(": ", 1) for line in narinfo.read_text().splitlines())
    nar = (cache / fields["URL"]).read_bytes()
    assert len(nar) == int(fields["FileSize"]), narinfo
    assert fields["FileHash"] == "sha256:" + nix32(hashlib.sha256(nar).digest()), narinfo
    for reference in fields["References"].split():
        assert (cache / (reference[:32] + ".narinfo")).exists(), (narinfo, reference)
for realisation in cache.glob("realisations/*.doi"):
    path = realisation.read_text().split('"outPath":"')[1][:32]
    assert (cache / (path + ".narinfo")).exists(), realisation
