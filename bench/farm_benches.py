"""What a farm costs around its builders: the shipped `grange serve` on the real graph, nothing made (`--rehearse`), on
SQLite and PostgreSQL."""
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import datetime

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "system"))
import farm as farm_of_scenarios  # noqa: E402
from farm import Farm, Postgres  # noqa: E402

MAPS = ("r2015-06-11", "s-leaf", "s-mirror")
KINDS = os.environ.get("GRANGE_DATABASES", "sqlite postgresql").split()


class Database:
    """Where a farm keeps its record, and how large that is."""

    def __init__(self, kind, scratch):
        self.kind = kind
        self.server = None
        if kind == "postgresql":
            self.server = Postgres(scratch / "server")
            if not self.server.url:
                raise FileNotFoundError("PostgreSQL is not installed")

    def fresh(self, name):
        self.url = self.server.database(name) if self.server else None
        return self.url

    def ask(self, sql, farm):
        if self.server:
            return subprocess.run(["psql", "-At", "-F", " ", "-d", self.url, "-c", sql], check=True,
                                  stdout=subprocess.PIPE, text=True).stdout.split("\n")[0]
        file = f"file:{farm.directory}/state/record.sqlite?mode=ro"
        row = sqlite3.connect(file, uri=True).execute(sql).fetchone()
        return " ".join(map(str, row or ()))

    def bytes(self, farm):
        """Without what is free in it."""
        if self.server:
            subprocess.run(["psql", "-q", "-d", self.url, "-c", "VACUUM"], check=True)
            return int(self.ask("SELECT pg_database_size(current_database())", farm))
        pages, free, size = (int(self.ask(f"PRAGMA {what}", farm)) for what in ("page_count", "freelist_count", "page_size"))
        return (pages - free) * size

    def stop(self):
        if self.server:
            self.server.stop()


class RehearsedFarm(Farm):
    """A farm that makes nothing, whose evaluator prints a map of the shared data."""

    def __init__(self, scratch, data, drvs, database, jobs):
        self.data, self.database = data, database
        super().__init__(scratch / "farm", "--rehearse", "-j", str(jobs), database=database.fresh("farm"))
        store = self.directory / "state" / "eval" / "nix" / "store"
        store.mkdir(parents=True)
        subprocess.run(["cp", "-a", "--link", f"{drvs}/.", store], check=True)
        source = self.directory / "source"
        source.mkdir()
        (source / "release.nix").write_text("{ }: { }\n")
        programs = self.directory / "bin"
        programs.mkdir()
        (programs / "nix-eval-jobs").write_text(f"#!/bin/sh\nexec cat {self.directory}/lines\n")
        (programs / "nix-eval-jobs").chmod(0o755)
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}"}

    def begin(self):
        self.start(self.environment)
        self.set_up()
        self.ask("PUT", "/api/v1/projects/demo", {"displayName": "Demo"}, status=201)
        self.ask("PUT", "/api/v1/projects/demo/jobsets/main", {
            "expressionInput": "src", "expressionPath": "release.nix", "checkInterval": 0, "state": "off",
            "inputs": {"src": {"type": "path", "value": str(self.directory / "source")}}}, status=201)

    def use_map(self, name):
        text = subprocess.run(["zstd", "-dc", f"{self.data}/{name}.map.json.zst"], check=True, capture_output=True).stdout
        with (self.directory / "lines").open("w") as lines:
            for label, target in json.loads(text).items():
                json.dump({"attr": label, "attrPath": target["attrPath"], "drvPath": target["drvPath"]}, lines)
                lines.write("\n")

    def recorded(self, name):
        """Evaluates a map; the evaluation, seconds that recording it took, and seconds from the map to its end."""
        self.use_map(name)
        evaluation = self.evaluate("main", force=True, seconds=600)
        if evaluation["state"] != "complete":
            sys.exit(f"the evaluation of {name} is {evaluation['state']}: {evaluation}")
        begun, ended = (datetime.fromisoformat(evaluation[key].replace("Z", "+00:00")) for key in ("started", "finished"))
        told = ""
        while not told:
            time.sleep(0.02)
            told = self.database.ask("SELECT data FROM events WHERE kind = 'evaluation-finished' AND evaluation = "
                                     f"{evaluation['id']}", self)
        wall = (ended - begun).total_seconds() - evaluation["fetchSeconds"]
        return evaluation, json.loads(told)["recordingSeconds"], wall

    def waiting_builds(self):
        _, _, text = self.ask("GET", "/metrics", raw=True)
        found = re.search(r"builds_waiting (\d+)", text)
        return int(found[1]) if found else 0

    def wait_until_made(self, seconds=600):
        deadline = time.monotonic() + seconds
        while self.jobset("main")["builds"]["queued"]:
            if time.monotonic() > deadline:
                sys.exit("the steps did not end")
            time.sleep(0.1)

    def resident(self, field="VmRSS"):
        """MB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1000


    def processor_seconds(self):
        """Of the server's process so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def walk(scratch, data, drvs, kind):
    """The whole path, and two more evaluations of which next to nothing is to be made."""
    database = Database(kind, scratch)
    try:
        farm = RehearsedFarm(scratch, data, drvs, database, jobs=16)
        farm.begin()
        time.sleep(3)
        idle = farm.resident()
        farm.use_map(MAPS[0])
        asked = time.monotonic()
        farm.recorded(MAPS[0])
        farm.wait_until_made()
        wall = time.monotonic() - asked
        steps = int(database.ask("SELECT count(*) FROM steps", farm))
        print(f"  {kind}: evaluated map to all {steps} steps made: {wall:.2f} s, {steps / wall:.0f}/s, "
              f"{farm.processor_seconds():.1f} s of processor time, peak {farm.resident('VmHWM'):.0f} MB   (target: {5000 if kind == 'sqlite' else 2000}/s)", flush=True)
        _, recording, wall = farm.recorded("s-leaf")
        farm.wait_until_made()
        print(f"  {kind}: the leaf change recorded in {recording:.2f} s, with its evaluation {wall:.2f} s   (target: 0.3 s)",
              flush=True)
        steps = int(database.ask("SELECT count(*) FROM steps", farm))
        evaluation, recording, wall = farm.recorded("s-mirror")
        farm.wait_until_made()
        queued = int(database.ask("SELECT count(*) FROM steps", farm)) - steps
        print(f"  {kind}: the mirror change recorded in {recording:.2f} s, with its evaluation {wall:.2f} s; {queued} steps, "
              f"{evaluation['verdicts']['equivalent']} targets equivalent   (target: 0 steps)", flush=True)
        time.sleep(5)
        print(f"  {kind}: memory of an idle farm {idle:.0f} MB, after all that {farm.resident():.0f} MB   (target: 60 MB)",
              flush=True)
        farm.stop()
    finally:
        database.stop()


def recording(scratch, data, drvs, kind):
    """The same evaluation while nothing is made, and a start with all that is then queued."""
    database = Database(kind, scratch)
    try:
        farm = RehearsedFarm(scratch, data, drvs, database, jobs=1)
        hold = farm.directory / "state" / "hold"
        hold.touch()
        farm.begin()
        before = database.bytes(farm)
        evaluation, recording, wall = farm.recorded(MAPS[0])
        derivations = int(database.ask("SELECT count(*) FROM derivations", farm))
        size = database.bytes(farm) - before
        print(f"  {kind}: {evaluation['targets']} targets, {derivations} derivations recorded in {recording:.2f} s, with their "
              f"evaluation {wall:.2f} s; {size / derivations:.0f} bytes each   (target: 3 s, 450 bytes)", flush=True)
        farm.stop()
    finally:
        database.stop()


SYNTHETIC_STEPS = 100_000


def store_name(kind, inner, name):
    """The base name of a store path."""
    fingerprint = f"{kind}:sha256:{hashlib.sha256(inner.encode()).hexdigest()}:/nix/store:{name}"
    digest = bytearray(20)
    for index, byte in enumerate(hashlib.sha256(fingerprint.encode()).digest()):
        digest[index % 20] ^= byte
    value = int.from_bytes(digest, "little")
    return "".join("0123456789abcdfghijklmnpqrsvwxyz"[value >> 5 * k & 31] for k in range(31, -1, -1)) + "-" + name


def derivation(number):
    """The file name and the text of a derivation without inputs."""
    def text(output):
        return (f'Derive([("out","{output}","","")],[],[],"x86_64-linux","/bin/sh",["-c","echo {number} > $out"],'
                f'[("name","step-{number}"),("out","{output}")])')
    whole = text("/nix/store/" + store_name("output:out", text(""), f"step-{number}"))
    return store_name("text", whole, f"step-{number}.drv"), whole


def percentile(times, part):
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


def answers(connection, path, count=2000):
    """How long the server takes for GET requests of `path()`."""
    times = []
    for _ in range(count):
        asked = time.perf_counter()
        connection.request("GET", path())
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - asked) * 1000)
        if answer.status != 200:
            sys.exit(f"{path()}: {answer.status}")
    return f"median {percentile(times, 0.5):.2f} ms, 99th percentile {percentile(times, 0.99):.2f} ms   (target: 5 ms)"


def start_up(scratch, data, drvs, kind):
    """A server that finds 100,000 steps queued: until it answers, and until its scheduler knows them all."""
    database = Database(kind, scratch)
    try:
        empty = scratch / "none"
        empty.mkdir()
        farm = RehearsedFarm(scratch, data, empty, database, jobs=1)
        store = farm.directory / "state" / "eval" / "nix" / "store"
        (farm.directory / "state" / "hold").touch()
        with (farm.directory / "lines").open("w") as lines:
            for number in range(SYNTHETIC_STEPS):
                name, text = derivation(number)
                (store / name).write_text(text)
                json.dump({"attr": f"step-{number}", "attrPath": [f"step-{number}"], "drvPath": f"/nix/store/{name}"}, lines)
                lines.write("\n")
        farm.begin()
        farm.evaluate("main", force=True, seconds=600)
        farm.stop()
        started = time.monotonic()
        farm.start(farm.environment)
        listening = time.monotonic() - started
        while farm.waiting_builds() < SYNTHETIC_STEPS and time.monotonic() - started < 120:
            time.sleep(0.02)
        known = time.monotonic() - started
        print(f"  {kind}: start with {SYNTHETIC_STEPS} queued steps: answers after {listening:.2f} s, all are scheduled after "
              f"{known:.2f} s, {farm.resident():.0f} MB   (target: 2 s)", flush=True)
        connection = http.client.HTTPConnection(*farm.base.removeprefix("http://").split(":"))
        print(f"  {kind}: the queue of {SYNTHETIC_STEPS} steps: {answers(connection, lambda: '/api/v1/queue')}", flush=True)
        connection.close()
        farm.stop()
    finally:
        database.stop()


@contextlib.contextmanager
def long_history(scratch, data, drvs, kind, builds):
    """A database and a rehearsed farm that has made so many builds."""
    program = pathlib.Path(os.environ.get("GRANGE_HISTORY_BENCH", ROOT / "build" / "bench" / "history_bench"))
    if not program.exists():
        raise FileNotFoundError(f"{program} is not built")
    database = Database(kind, scratch)
    try:
        farm = RehearsedFarm(scratch, data, drvs, database, jobs=16)
        began = time.monotonic()
        subprocess.run([str(program), database.url or str(farm.directory / "state" / "record.sqlite"), str(builds)], check=True,
                       stdout=subprocess.DEVNULL)
        print(f"  {kind}: {builds} builds made up in {time.monotonic() - began:.0f} s", flush=True)
        farm.begin()
        yield database, farm
        farm.stop()
    finally:
        database.stop()


def latency(scratch, data, drvs, kind):
    """What the server takes for a build and a page of 100 targets, beside a long history."""
    builds = int(os.environ.get("GRANGE_BENCH_BUILDS", "10000000"))
    with long_history(scratch, data, drvs, kind, builds) as (database, farm):
        connection = http.client.HTTPConnection(*farm.base.removeprefix("http://").split(":"))
        evaluations = int(database.ask("SELECT max(id) FROM evaluations", farm))
        for what, path in (("a build", lambda: f"/api/v1/builds/{random.randint(1, builds)}"),
                           ("a page of 100 targets", lambda: f"/api/v1/evaluations/{random.randint(1, evaluations)}/targets"
                            f"?after=package-{random.randint(0, 1999)}")):
            random.seed(1)
            print(f"  {kind}: {what} beside {builds} builds: {answers(connection, path)}", flush=True)
        connection.close()


def run(scratch, data, drvs, benches):
    farm_of_scenarios.GRANGE = os.environ.get("GRANGE", str(ROOT / "build" / "grange"))
    for kind in KINDS:
        for bench in benches:
            with tempfile.TemporaryDirectory(dir=scratch, prefix="farm-") as name:
                os.chmod(name, 0o755)
                try:
                    bench(pathlib.Path(name), data, drvs, kind)
                except FileNotFoundError as error:
                    print(f"  {kind}: left out, {error}")
