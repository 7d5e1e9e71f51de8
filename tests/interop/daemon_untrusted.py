"""What a client that is not trusted tries, and the daemon must refuse: VALID-PATH ITS-DERIVER."""
import os
import sys

from daemon_client import Client, DaemonError, archive, framed, number, text, texts

path, deriver = sys.argv[1:3]
store = os.path.dirname(path)
forged = store + "/00000000000000000000000000000000-forged"


def refused(what, attempt, *phrases):
    client = Client(options=True)
    try:
        attempt(client)
    except DaemonError as error:
        if not any(p in error.args[0] for p in phrases):
            sys.exit(f"{what}: refused with: {error.args[0]}")
    except EOFError:
        pass
    else:
        sys.exit(f"{what}: not refused")
    finally:
        client.close()


def info(hash_, size, signatures=()):
    return text("") + text(hash_) + texts([]) + number(0) + number(size) + number(1) + texts(signatures) + text("")


def add_to_store_nar(client):
    import hashlib
    nar = archive(b"forged")
    client.send(number(39) + text(forged) + info(hashlib.sha256(nar).hexdigest(), len(nar))
                + number(0) + number(1) + framed(nar))  # repair no, check no signatures
    client.finish()


def add_multiple(client):
    import hashlib
    nar = archive(b"forged")
    client.send(number(44) + number(0) + number(1)
                + framed(number(1) + text(forged) + info(hashlib.sha256(nar).hexdigest(), len(nar)) + nar))
    client.finish()


def build_derivation(client):
    client.call(36, text(deriver), number(1), text("out"), text(forged), text(""), text(""), texts([]),
                text("x86_64-linux"), text("/bin/busybox"),
                texts(["sh", "-c", "echo forged > $out"]), number(1), text("out"), text(forged), number(0))
    status, message = client.number(), client.text()
    if status not in (0, 1, 2, 13):
        raise DaemonError(message)


def add_build_log(client):
    client.send(number(45) + text(os.path.basename(deriver)) + framed(b"another log"))
    client.finish()


refused("an unsigned NAR", add_to_store_nar, "lacks a")
refused("unsigned NARs at once", add_multiple, "lacks a")
refused("an input-addressed derivation", build_derivation, "not privileged to build input-addressed derivations")
refused("signatures", lambda c: c.call(37, text(path), texts(["test-1:" + "A" * 86 + "=="])), "not privileged")
refused("a build log", add_build_log, "not privileged")
refused("repairs while verifying", lambda c: c.call(35, number(1), number(1)), "not privileged")
refused("repairs while building", lambda c: c.call(9, texts([deriver + "!*"]), number(1)), "repairing is not allowed")
refused("deleting what is alive", lambda c: c.call(20, number(3), texts([path]), number(1), number(0) * 4), "ignore")

client = Client(options=True)
if client.is_valid(forged):
    sys.exit("the forged path is valid")
client.set_options([("sandbox", "false"), ("trusted-public-keys", "x:y"), ("timeout", "5")])
client.is_valid(path)
