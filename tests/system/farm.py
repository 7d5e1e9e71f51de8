"""A farm for scenarios: starts `grange serve`, signs in as its administrator, and asks its API."""
import http.cookiejar
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from api_checker import ApiChecker

GRANGE = os.environ.get("GRANGE", "grange")
SHELL_TARGET = (
    'sh = name: script: derivation {{ inherit name; system = "{system}"; builder = "/bin/sh"; '
    'args = [ "-c" script ]; }};')


def fail(text):
    print(f"FAILED: {text}", file=sys.stderr)
    sys.exit(1)


def check(condition, text):
    if not condition:
        fail(text)


def wait_for(what, condition, seconds=60):
    """Until `condition()` is true, which it returns."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    fail(f"waited {seconds} s for {what}")


class Repository:
    """A git repository with a release.nix."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments):
        return subprocess.run(
            ["git", "-C", self.directory, "-c", "user.name=Tester", "-c", "user.email=tester@example.org", *arguments],
            check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def commit(self, targets, message="change"):
        """`targets`: the body of the (recursive) set that release.nix gives; `sh NAME SCRIPT` makes a derivation."""
        shell = SHELL_TARGET.format(system=f"{os.uname().machine}-linux")
        (self.directory / "release.nix").write_text(f"{{ ... }}: let {shell} in rec {{ {targets} }}\n")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


def new_opener():
    """With cookies of its own; redirects are answers."""
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), NoRedirect())


class Visitor:
    """Somebody who asks a farm: nobody in particular before he has signed in."""

    def __init__(self):
        self.csrf = None
        self.opener = new_opener()

    def sign_in(self, farm, name, password):
        self.csrf = farm.ask("POST", "/api/v1/session", {"name": name, "password": password}, status=201, by=self)["csrf"]
        return self


class Farm:
    def __init__(self, directory, *arguments, database=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.arguments = ["--state", str(self.directory / "state"), "--listen", "127.0.0.1:0", "--port-file",
                          str(self.directory / "port"), *arguments]
        if database:
            self.arguments += ["--database", database]
        self.process = None
        self.csrf = None
        self.opener = new_opener()
        self.checker = None  # of what serves since the last start

    def start(self, environment=None):
        (self.directory / "port").unlink(missing_ok=True)
        self.log = open(self.directory / "log", "ab")
        self.output = self.directory / "output"
        self.process = subprocess.Popen(
            [GRANGE, "serve", *self.arguments], stdout=open(self.output, "wb"), stderr=self.log,
            env={**os.environ, **(environment or {})})
        wait_for("the farm's port", lambda: self.ended() or (self.directory / "port").exists())
        check(self.process.poll() is None, f"the farm ended at its start: {self.told()}")
        self.base = "http://127.0.0.1:" + (self.directory / "port").read_text().strip()
        self.checker = None

    def ended(self):
        return self.process.poll() is not None

    def told(self):
        return (self.directory / "log").read_text(errors="replace")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        check(code == 0, f"the farm ended with {code}: {self.told()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def set_up(self):
        """Makes the administrator by the link that was printed."""
        link = [line for line in self.output.read_text().splitlines() if line.startswith("administrator link: ")]
        check(link, "no link for the administrator was printed")
        secret = link[0].split("#")[1]
        answer = self.ask("POST", "/api/v1/setup", {"secret": secret, "name": "admin", "password": "correct horse battery"},
                          status=201)
        self.csrf = answer["csrf"]

    def ask(self, method, path, body=None, status=None, headers=None, raw=False, stranger=False,
            by=None):
        """The answer's JSON; with `raw` (status, headers, text). Any status is fine unless one is given. Each answer is
        held to the document of the API. Asked by the administrator, else `by` a Visitor, or by a `stranger`, who has not
        signed in."""
        request = urllib.request.Request(self.base + path, method=method, headers=headers or {})
        if body is not None:
            request.data = body if isinstance(body, bytes) else json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        by = by or (Visitor() if stranger else self)
        if method not in ("GET", "HEAD") and by.csrf:
            request.add_header("X-CSRF-Token", by.csrf)
        try:
            with by.opener.open(request, timeout=60) as response:
                got, text, fields = response.status, response.read().decode(errors="replace"), response.headers
        except urllib.error.HTTPError as error:
            got, text, fields = error.code, error.read().decode(errors="replace"), error.headers
        if status is not None:
            check(got == status, f"{method} {path}: specified status {status}, got {got}: {text[:1000]}")
        if not self.checker:
            with urllib.request.urlopen(self.base + "/api/v1/openapi.json", timeout=60) as response:
                self.checker = ApiChecker(json.load(response))
        problems = self.checker.problems(method, path, got, fields, text, body)
        check(not problems, f"{method} {path}: {got}, not as the API is described: {problems[:10]}")
        if raw:
            return got, fields, text
        return json.loads(text) if text.strip() else None

    def get(self, path, status=200):
        return self.ask("GET", path, status=status)

    def put_jobset(self, name, repository, project="demo", **settings):
        return self.ask("PUT", f"/api/v1/projects/{project}/jobsets/{name}", {
            "expressionInput": "src", "expressionPath": "release.nix", "checkInterval": 0,
            "inputs": {"src": {"type": "git", "value": f"{repository.directory} main"}}, **settings})

    def evaluate(self, name, project="demo", force=False, seconds=60):
        """Asks for an evaluation and waits for its end; the newest one of the jobset."""
        before = self.get(f"/api/v1/projects/{project}/jobsets/{name}")["lastChecked"]
        self.ask("POST", f"/api/v1/projects/{project}/jobsets/{name}/evaluate" + ("?force=true" if force else ""), status=202)
        wait_for(f"the evaluation of {name}", lambda: self.jobset(name, project)["lastChecked"] != before,
                 seconds)
        return self.evaluations(name, project)[0]

    def jobset(self, name, project="demo"):
        return self.get(f"/api/v1/projects/{project}/jobsets/{name}")

    def evaluations(self, name, project="demo"):
        return self.get(f"/api/v1/evaluations?project={project}&jobset={name}")["evaluations"]

    def targets(self, evaluation, query=""):
        return {target["label"]: target for target in
                self.get(f"/api/v1/evaluations/{evaluation}/targets?limit=1000{query}")["targets"]}

    def build(self, number):
        return self.get(f"/api/v1/builds/{number}")

    def wait_for_builds(self, seconds=60):
        """Until nothing is queued."""
        wait_for("the builds to end", lambda: not self.get("/api/v1/queue")["builds"], seconds)

    def wait_for_build(self, number, seconds=60):
        return wait_for(f"build {number}", lambda: (lambda build: build if build["finished"] else None)(self.build(number)),
                        seconds)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Postgres:
    """A server of the scenario's own, with a fresh database for each name."""

    def __init__(self, directory):
        script = pathlib.Path(__file__).resolve().parents[1] / "postgres_server.py"
        directory.mkdir(mode=0o711)
        self.process = subprocess.Popen([sys.executable, script, directory / "pg"], stdout=subprocess.PIPE, text=True,
                                        stderr=open(directory / "log", "wb"))
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            check(self.process.wait() == 77, "PostgreSQL does not start")
            return
        wait_for("PostgreSQL", lambda: subprocess.run(["pg_isready", "-q", "-d", self.url], check=False).returncode == 0)

    def database(self, name):
        subprocess.run(["psql", "-q", "-d", self.url, "-c", f'CREATE DATABASE "{name}" TEMPLATE template0'], check=True)
        return self.url.replace("/postgres?", f"/{name}?")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)


def for_each_database(run):
    """Calls `run(scratch, database)` for SQLite and for PostgreSQL, which is passed over, saying so, where it is not
    installed. `database(name)` gives a database for a farm: nothing for the file in its state directory."""
    for kind in os.environ.get("GRANGE_DATABASES", "sqlite postgresql").split():
        with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="grange-farm-") as name:
            os.chmod(name, 0o755)
            scratch = pathlib.Path(name)
            if kind == "sqlite":
                run(scratch, lambda _: None)
                continue
            server = Postgres(scratch / "server")
            try:
                if server.url:
                    run(scratch, server.database)
                else:
                    print("passed over: PostgreSQL is not installed")
            finally:
                server.stop()
