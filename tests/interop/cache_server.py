#!/usr/bin/env python3
"""A directory as a binary cache over HTTP, for scenarios: GET, HEAD and PUT, with what real servers add to it.

    cache_server.py DIRECTORY PORT-FILE [--log FILE] [--login USER:PASSWORD] [--delay SECONDS] [--cut BYTES]
                    [--encoding NAME] [--read-only]

Listens on a free port of 127.0.0.1, which it writes into PORT-FILE. --log: one line "METHOD PATH STATUS" for each
request. --cut: the first answer for each NAR breaks off after so many bytes. --delay: before each answer. --encoding:
narinfos are said to be kept under this Content-Encoding (they are: see the scenario)."""
import argparse
import base64
import hashlib
import http.server
import os
import pathlib
import re
import tempfile
import threading
import time
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body go out together
    cut = set()
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def answer(self, status, body=b"", headers=(), length=None, cut=None):
        if options.log:
            with self.lock, open(options.log, "a") as log:
                log.write(f"{self.command} {self.path} {status}\n")
        if options.delay:
            time.sleep(options.delay)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        self.wfile.flush()
        if cut is not None:
            self.close_connection = True

    def place(self):
        """The file that is meant; nothing, and an answer, where nobody may have it."""
        if options.login:
            expected = "Basic " + base64.b64encode(options.login.encode()).decode()
            if self.headers.get("Authorization") != expected:
                self.answer(401, headers=[("WWW-Authenticate", 'Basic realm="cache"')])
                return None
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        file = (root / path.lstrip("/")).resolve()
        if root not in file.parents:
            self.answer(400)
            return None
        return file

    def do_GET(self):
        file = self.place()
        if file is None:
            return
        if not file.is_file():
            return self.answer(404)
        body = file.read_bytes()
        tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        headers = [("ETag", tag), ("Accept-Ranges", "bytes")]
        if options.encoding and file.suffix == ".narinfo":
            headers.append(("Content-Encoding", options.encoding))
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and self.headers.get("If-Range", tag) == tag:
            first = int(asked.group(1))
            headers.append(("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}"))
            return self.answer(206, body[first:], headers)
        cut = None
        if options.cut and "/nar/" in self.path and self.command == "GET" and len(body) > options.cut:
            with self.lock:
                if self.path not in self.cut:
                    self.cut.add(self.path)
                    cut = options.cut
        self.answer(200, body, headers, cut=cut)

    do_HEAD = do_GET

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        file = self.place()
        if file is None:
            return
        if options.read_only:
            return self.answer(403)
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
        with os.fdopen(handle, "wb") as out:
            out.write(body)
        os.rename(name, file)
        self.answer(201)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


parser = argparse.ArgumentParser()
parser.add_argument("directory")
parser.add_argument("port_file")
parser.add_argument("--log")
parser.add_argument("--login")
parser.add_argument("--delay", type=float)
parser.add_argument("--cut", type=int)
parser.add_argument("--encoding")
parser.add_argument("--read-only", action="store_true")
options = parser.parse_args()
root = pathlib.Path(options.directory).resolve()
root.mkdir(parents=True, exist_ok=True)
server = Server(("127.0.0.1", 0), Handler)
pathlib.Path(options.port_file + ".new").write_text(str(server.server_address[1]))
os.rename(options.port_file + ".new", options.port_file)
server.serve_forever()
