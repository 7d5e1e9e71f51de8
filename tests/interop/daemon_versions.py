"""Speaks each version of the worker protocol with the daemon; paths come by the environment."""
import hashlib
import json
import os
import sys

from daemon_client import (Client, DaemonError, archive, framed, number, text, texts)

top, low, drv, failing = (os.environ[n] for n in ("top", "low", "drv", "failing"))
store = os.path.dirname(top)
none = store + "/00000000000000000000000000000000-none"
done = []


def check(what, specified, got):
    if specified != got:
        sys.exit(f"1.{client.minor}: {what}: specified {specified!r}, got {got!r}")
    done.append(what)


def refusal(what, attempt, phrase):
    try:
        attempt()
    except DaemonError as error:
        if phrase not in error.args[0]:
            sys.exit(f"1.{client.minor}: {what}: refused with {error.args[0]!r}")
        done.append(what)
    else:
        sys.exit(f"1.{client.minor}: {what}: not refused")


def derived(path, outputs=None):
    """A derived path: all outputs of a derivation by default."""
    if client.minor >= 30:
        return path + "!" + ("*" if outputs is None else ",".join(outputs))
    return path if outputs is None else path + "!" + ",".join(outputs)


def queries():
    check("IsValidPath", True, client.is_valid(top))
    check("IsValidPath of none", False, client.is_valid(none))
    if os.environ["PEER"] != "nix":  # nix-daemon 2.8 never answers: it walks a set that is freed
        client.call(5, text(top))
        check("QueryReferences", [low], client.texts())
    client.call(6, text(low))
    check("QueryReferrers", True, top in client.texts())
    client.call(4, text(top))
    hash_ = client.text()
    client.call(18, text(top))
    check("QueryDeriver", drv, client.text())
    client.call(22, text(drv))
    check("QueryDerivationOutputs", [top], client.texts())
    client.call(28, text(drv))
    check("QueryDerivationOutputNames", ["out"], client.texts())
    client.call(29, text(os.path.basename(top)[:32]))
    check("QueryPathFromHashPart", top, client.text())
    client.call(33, text(top))
    check("QueryValidDerivers", [drv], client.texts())
    client.call(23)
    check("QueryAllValidPaths", True, {top, low, drv} <= set(client.texts()))
    arguments = [texts([none, top])]
    if client.minor >= 27:
        arguments.append(number(0))
    client.call(31, *arguments)
    check("QueryValidPaths", [top], client.texts())
    client.call(32, texts([none]))
    check("QuerySubstitutablePaths", [], client.texts())
    client.call(3, text(none))
    check("HasSubstitutes", 0, client.number())
    client.call(21, text(none))
    check("QuerySubstitutablePathInfo", 0, client.number())
    if client.minor >= 22:
        client.call(30, number(1), text(none), text(""))
    else:
        client.call(30, texts([none]))
    check("QuerySubstitutablePathInfos", 0, client.number())
    info = client.path_info(top)
    check("QueryPathInfo", (drv, hash_, [low]), tuple(info[:3]))
    if client.minor >= 17:
        check("QueryPathInfo of none", None, client.path_info(none))
    else:
        refusal("QueryPathInfo of none", lambda: client.path_info(none), "is not valid")
    if client.minor >= 19:
        client.call(40, texts([derived(drv)]))
        check("QueryMissing", ([], [], [], 0, 0),
              (client.texts(), client.texts(), client.texts(), client.number(), client.number()))
        client.call(40, texts([derived(failing)]))
        check("QueryMissing of what is to be built", ([failing], [], [], 0, 0),
              (client.texts(), client.texts(), client.texts(), client.number(), client.number()))
    if client.minor >= 22:
        client.call(41, text(drv))
        check("QueryDerivationOutputMap", [("out", top)],
              [(client.text(), client.text()) for _ in range(client.number())])
    client.call(14)
    [(client.text(), client.text()) for _ in range(client.number())]
    client.send(number(38) + text(low))
    client.finish()
    with open(low, "rb") as file:
        nar = archive(file.read())
    check("NarFromPath", nar, client.read(len(nar)))
    for operation, argument in ((10, low), (11, low)):
        client.call(operation, text(argument))
        check(f"operation {operation}", 1, client.number())
    client.call(13)
    check("SyncWithGC", 1, client.number())


def adding():
    salt = f"of version {client.minor}"
    path = client.add_text("text", salt, [low])
    check("adding a text", (True, [low]), (client.is_valid(path), client.path_info(path)[2]))
    with open(path) as file:
        check("its content", salt, file.read())
    # AddToStore: a NAR before 1.25, whether the content is flat or not.
    contents = salt.encode() * 50
    nar = archive(contents)
    for recursive in (True, False):
        if client.minor >= 25:
            client.send(number(7) + text("file") + text("fixed:" + ("r:" if recursive else "") + "sha256") + texts([])
                        + number(0) + framed(nar if recursive else contents))
            client.finish()
            path = client.keyed_info()[0]
        else:
            client.send(number(7) + text("file") + number(0 if recursive else 1) + number(1 if recursive else 0)
                        + text("sha256") + nar)
            client.finish()
            path = client.text()
        with open(path, "rb") as file:
            check("AddToStore", contents, file.read())
    # AddToStoreNar, in its three forms: raw, pulled, framed.
    if client.minor >= 18:
        path = f"{store}/{'1' * 29}v{client.minor}-nar"
        request = (number(39) + text(path) + text("") + text(hashlib.sha256(nar).hexdigest()) + texts([low])
                   + number(0) + number(len(nar)) + number(0) + texts([]) + text("") + number(0) + number(1))
        if client.minor >= 23:
            client.send(request + framed(nar))
            client.finish()
        elif client.minor >= 21:
            client.send(request)
            rest = [nar]

            def pull(size):
                piece, rest[0] = rest[0][:size], rest[0][size:]
                return piece
            client.finish(pull)
        else:
            client.send(request + nar)
            client.finish()
        check("AddToStoreNar", True, client.is_valid(path))
        check("its references", [low], client.path_info(path)[2])
    if client.minor >= 32:
        path = f"{store}/{'2' * 29}v{client.minor}-nars"
        client.send(number(44) + number(0) + number(1) + framed(
            number(1) + text(path) + text("") + text(hashlib.sha256(nar).hexdigest()) + texts([])
            + number(0) + number(len(nar)) + number(0) + texts([]) + text("") + nar))
        client.finish()
        check("AddMultipleToStore", True, client.is_valid(path))
    # Streams of nix-store --export.
    sink = []
    client.call(16, text(low), number(0), sink=sink)
    check("ExportPath", 1, client.number())
    stream = number(1) + b"".join(sink) + number(0)
    if b"NIXE" not in stream:
        sys.exit("an exported path has no mark")
    client.send(number(27))

    def pull_stream(size):
        nonlocal stream
        piece, stream = stream[:size], stream[size:]
        return piece
    client.finish(pull_stream)
    check("ImportPaths", [low], client.texts())


def builds():
    client.call(9, texts([derived(drv)]), number(0))
    check("BuildPaths", 1, client.number())
    client.call(9, texts([derived(drv, ["out"])]), number(0))
    check("BuildPaths of an output", 1, client.number())
    client.log.clear()
    refusal("BuildPaths that fails", lambda: client.call(9, texts([derived(failing)]), number(0)),
            "failed with exit code 1")
    if client.minor >= 20:
        check("its log", True, any("why" in line for line in client.log))
    # BuildDerivation: a derivation of one's own, input-addressed, so for those who are trusted.
    name = f"sent-{client.minor}"
    out = f"{store}/{'3' * 29}v{client.minor}-{name}"
    client.call(36, text(f"{store}/{'4' * 32}-{name}.drv"), number(1), text("out"), text(out), text(""), text(""),
                texts([low]), text("x86_64-linux"), text("/bin/busybox"),
                texts(["sh", "-c", f"cat {low} > $out; echo a line of log of {client.minor}"]),
                number(1), text("out"), text(out), number(0))
    status, message = client.number(), client.text()
    check(f"BuildDerivation ({message})", 0, status)
    if client.minor >= 29:
        times, odd, start, stop = (client.number() for _ in range(4))
        check("its times", (1, 0, True), (times, odd, start <= stop))
    if client.minor >= 28:
        for _ in range(client.number()):
            identity, realisation = client.text(), json.loads(client.text())
            check("its realisation", (True, os.path.basename(out)),
                  (identity.endswith("!out"), realisation["outPath"]))
    check("what it made", True, client.is_valid(out))
    client.call(9, texts([derived(drv)]), number(2))
    check("BuildPaths that checks", 1, client.number())
    if client.minor >= 34:
        client.call(46, texts([derived(drv)]), number(0))
        check("BuildPathsWithResults: how many", 1, client.number())
        check("of what", derived(drv), client.text())
        status = client.number()
        check("how it ended", True, status in (0, 2))
        client.text()
        [client.number() for _ in range(4)]
        outputs = {client.text(): client.text() for _ in range(client.number())}
        check("where", [os.path.basename(top)], [json.loads(r)["outPath"] for r in outputs.values()])
    if client.minor >= 27:
        client.call(43, text("sha256:" + "0" * 64 + "!out"))
        check("QueryRealisation of none", 0, client.number())
    client.call(12, text(os.environ["HOME"] + "/no-such-link"))
    check("AddIndirectRoot", 1, client.number())
    client.call(37, text(low), texts([f"test-{client.minor}:" + "A" * 86 + "=="]))
    check("AddSignatures", 1, client.number())
    check("signatures", True, any(s.startswith(f"test-{client.minor}:") for s in client.path_info(low)[6]))
    client.call(35, number(0), number(0))
    check("VerifyStore", 0, client.number())
    client.call(34)
    check("OptimiseStore", 1, client.number())
    client.call(20, number(1), texts([]), number(0), number(0) * 4)
    client.texts(), client.number(), client.number()


for minor in range(16, 35):
    client = Client(minor)
    client.set_options([("timeout", "60")] if minor >= 12 else [])
    check("the daemon's version", True, client.server >= 0x122)
    queries()
    adding()
    builds()
    refusal("an error", lambda: client.call(4, text(none)), "is not valid")
    check("after an error", True, client.is_valid(top))
    client.close()
print(f"{len(done)} answers")
