"""A small client of the worker protocol, for what the nix programs cannot say.

As a module: Client(version) and the primitives. As a program: daemon_client.py QUERY ARGUMENT.
"""
import os
import socket
import struct
import sys

CLIENT_MAGIC, SERVER_MAGIC = 0x6E697863, 0x6478696F
NEXT, READ, WRITE, LAST, ERROR = 0x6F6C6D67, 0x64617461, 0x64617416, 0x616C7473, 0x63787470
START, STOP, RESULT = 0x53545254, 0x53544F50, 0x52534C54


class DaemonError(Exception):
    """The daemon has answered with an error."""


def number(value):
    return struct.pack("<Q", value)


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return number(len(data)) + data + bytes(-len(data) % 8)


def texts(values):
    return number(len(values)) + b"".join(text(v) for v in values)


def framed(data, piece=1000):
    """Data in frames, ended by an empty one."""
    frames = [data[i:i + piece] for i in range(0, len(data), piece)]
    return b"".join(number(len(f)) + f for f in frames) + number(0)


def archive(contents):
    """The NAR of a regular file."""
    return b"".join(text(t) for t in ("nix-archive-1", "(", "type", "regular", "contents", contents, ")"))


class Client:
    """A connection after its handshake, with protocol version 1.MINOR."""

    def __init__(self, minor=34, options=False):
        self.minor = minor
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(os.environ["NIX_DAEMON_SOCKET_PATH"])
        self.log = []
        self.send(number(CLIENT_MAGIC))
        assert self.number() == SERVER_MAGIC, "the daemon's magic number"
        self.server = self.number()
        assert self.server >> 8 == 1, "the daemon's major version"
        self.send(number(0x100 | minor))
        if minor >= 14:
            self.send(number(0))  # no CPU affinity
        if minor >= 11:
            self.send(number(0))  # reserve no space
        if minor >= 33:
            self.version = self.text()
        self.finish()
        if options:
            self.set_options()

    def send(self, data):
        self.socket.sendall(data)

    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise EOFError("the daemon has closed the connection")
            data += piece
        return data

    def number(self):
        return struct.unpack("<Q", self.read(8))[0]

    def bytes(self):
        size = self.number()
        data = self.read(size)
        assert self.read(-size % 8) == bytes(-size % 8), "padding"
        return data

    def text(self):
        return self.bytes().decode()

    def texts(self):
        return [self.text() for _ in range(self.number())]

    def fields(self):
        return [self.text() if self.number() else self.number() for _ in range(self.number())]

    def finish(self, sink=None):
        """Frames up to LAST; raises what an error frame says."""
        while True:
            kind = self.number()
            if kind == LAST:
                return
            if kind == NEXT:
                self.log.append(self.text())
            elif kind == WRITE:
                sink.append(self.bytes())
            elif kind == READ:
                self.send(text(sink(self.number())))
            elif kind == ERROR:
                self.error()
            elif kind == START:
                self.number(), self.number(), self.number()
                self.log.append(self.text())
                self.fields()
                self.number()
            elif kind == STOP:
                self.number()
            elif kind == RESULT:
                self.number(), self.number()
                self.log += [f for f in self.fields() if isinstance(f, str)]
            else:
                raise AssertionError(f"frame {kind:#x}")

    def error(self):
        if self.minor < 26:
            message = self.text()
            raise DaemonError(message, self.number())
        assert self.text() == "Error"
        self.number()
        self.text()
        message = self.text()
        assert self.number() == 0, "no position"
        for _ in range(self.number()):
            assert self.number() == 0, "no position"
            message += "\n" + self.text()
        raise DaemonError(message)

    def call(self, operation, *arguments, sink=None):
        """Sends an operation and reads its frames; its answer is to be read next."""
        self.send(number(operation) + b"".join(arguments))
        self.finish(sink)

    def set_options(self, overrides=(), jobs=4, keep_failed=0):
        body = [keep_failed, 0, 0, 3, jobs, 0, 1, 0, 0, 0, 0, 1]
        data = b"".join(number(n) for n in body)
        if self.minor >= 12:
            data += number(len(overrides)) + b"".join(text(n) + text(v) for n, v in overrides)
        self.call(19, data)

    def is_valid(self, path):
        self.call(1, text(path))
        return bool(self.number())

    def path_info(self, path):
        """deriver, hash, references, time, size, ultimate, signatures, address; None if not valid."""
        self.call(26, text(path))
        if self.minor >= 17 and not self.number():
            return None
        info = [self.text(), self.text(), self.texts(), self.number(), self.number()]
        if self.minor >= 16:
            info += [self.number(), self.texts(), self.text()]
        return info

    def add_text(self, name, contents, references=()):
        """AddTextToStore, or AddToStore since 1.25."""
        if self.minor >= 25:
            self.send(number(7) + text(name) + text("text:sha256") + texts(references) + number(0)
                      + framed(contents.encode()))
            self.finish()
            return self.keyed_info()[0]
        self.call(8, text(name), text(contents), texts(references))
        return self.text()

    def keyed_info(self):
        info = [self.text(), self.text(), self.text(), self.texts(), self.number(), self.number()]
        if self.minor >= 16:
            info += [self.number(), self.texts(), self.text()]
        return info

    def close(self):
        self.socket.close()


def main():
    query, argument = sys.argv[1:3]
    client = Client()
    if query == "path-from-hash-part":
        client.call(29, text(argument))
        print(client.text())
    elif query == "valid-derivers":
        client.call(33, text(argument))
        print("\n".join(client.texts()))
    elif query == "hold":  # a temporary root as long as the input lasts
        client.call(11, text(argument))
        client.number()
        print("held", flush=True)
        sys.stdin.read()
    elif query == "collect":  # action and whether to ignore what is alive
        client.call(20, number(int(argument)), texts(sys.argv[4:]), number(int(sys.argv[3])), number(0) * 4)
        print("\n".join(client.texts()))
    elif query == "options":  # NAME=VALUE, and what the daemon says of it
        client.set_options([argument.split("=", 1)])
        print("\n".join(client.log))
    else:
        raise SystemExit(f"unknown query {query}")


if __name__ == "__main__":
    try:
        main()
    except DaemonError as error:
        print(error.args[0], file=sys.stderr)
        sys.exit(1)
