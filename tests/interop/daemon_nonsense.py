"""Connections that a daemon must survive: daemon_nonsense.py ROUNDS, or vanish DERIVATION."""
import os
import random
import socket
import struct
import sys

from daemon_client import CLIENT_MAGIC, Client, framed, number, text, texts

huge = (1 << 31, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)


def connect():
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(os.environ["NIX_DAEMON_SOCKET_PATH"])
    return connection


def drain(connection):
    """Reads what the daemon says, for as long as it says something soon."""
    connection.settimeout(0.05)
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass
    connection.close()


def raw(data):
    connection = connect()
    try:
        connection.sendall(data)
    except OSError:
        pass
    drain(connection)


def after_handshake(data):
    client = Client()
    try:
        client.send(data)
    except OSError:
        pass
    drain(client.socket)


def valid_requests():
    path = os.environ["NIX_STORE_DIR"] + "/00000000000000000000000000000000-none"
    return [
        number(1) + text(path),
        number(7) + text("name") + text("fixed:r:sha256") + texts([path]) + number(0) + framed(b"x" * 5000),
        number(9) + texts([path + "!*"]) + number(0),
        number(19) + b"".join(number(n) for n in (0, 0, 0, 3, 4, 0, 1, 0, 0, 0, 0, 1, 1)) + text("cores") + text("2"),
        number(26) + text(path),
        number(36) + text(path + ".drv") + number(1) + text("out") + text("") + text("") + text("") + texts([])
        + text("x") + text("/bin/sh") + texts([]) + number(0) + number(0),
        number(39) + text(path) + text("") + text("0" * 64) + texts([]) + number(0) * 3 + texts([]) + text("")
        + number(0) + number(0) + framed(b"nix-archive-1"),
        number(44) + number(0) + number(0) + framed(number(3)),
        number(20) + number(1) + texts([]) + number(0) * 5,
    ]


def nonsense(random):
    requests = valid_requests()
    kinds = {
        "nothing": lambda: raw(b""),
        "garbage": lambda: raw(random.randbytes(random.randrange(1, 4096))),
        "half a greeting": lambda: raw(number(CLIENT_MAGIC)[: random.randrange(1, 8)]),
        "another version": lambda: raw(number(CLIENT_MAGIC) + number(random.choice((0, 0x200, 1, 1 << 40)))),
        "unknown operations": lambda: after_handshake(number(random.choice((0, 2, 24, 999, 1 << 33, (1 << 64) - 1)))),
        "half a request": lambda: after_handshake((r := random.choice(requests))[: random.randrange(1, len(r))]),
        "a length that is too large": lambda: after_handshake(number(1) + number(random.choice(huge)) + b"x" * 100),
        "a count that is too large": lambda: after_handshake(number(31) + number(random.choice(huge))),
        "a frame that is too large": lambda: after_handshake(
            number(7) + text("n") + text("fixed:r:sha256") + texts([]) + number(0) + number(random.choice(huge)) + b"x"),
        "changed bits": lambda: after_handshake(change(random, random.choice(requests))),
        "bad paths": lambda: after_handshake(number(1) + text(random.choice(("", "/", "/etc/passwd", "../x", "\0")))),
        "bytes that are no text": lambda: after_handshake(number(9) + number(1) + text(random.randbytes(40)) + number(0)),
        "padding that is not zero": lambda: after_handshake(number(1) + number(3) + b"abc" + b"\xff" * 5),
    }
    return kinds


def change(random, request):
    data = bytearray(request)
    for _ in range(random.randrange(1, 4)):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    if data[0] == 20:
        data[8] = 1  # never a collection that deletes
    return bytes(data)


def main():
    if sys.argv[1] == "vanish":
        client = Client(options=True)
        client.send(number(9) + texts([sys.argv[2] + "!*"]) + number(0))
        import time
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not os.path.exists("endless.pid"):
            time.sleep(0.05)
        os._exit(0)
    seed = int(os.environ.get("GRANGE_SEED", random.SystemRandom().randrange(1 << 32)))
    print("seed", seed)
    chance = random.Random(seed)
    for round_ in range(int(sys.argv[1])):
        kinds = nonsense(chance)
        kind = list(kinds)[round_ % len(kinds)]
        try:
            kinds[kind]()
        except (OSError, EOFError) as error:
            sys.exit(f"{kind}: no connection any more: {error}")


main()
