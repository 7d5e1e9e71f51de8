"""Farms for the browser tests: a Farm that keeps its port when it starts again, and the run of a node script beside it,
which asks for what no page can do (a commit, a killed server) by lines on its standard output."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
from farm import Farm, check, wait_for  # noqa: E402 (the path comes first)

PASSWORD = "correct horse battery"  # of the administrator that Farm.set_up makes


def skip(text):
    print(f"skipped: {text}")
    sys.exit(77)


def chromium():
    return os.environ.get("GRANGE_CHROMIUM") or shutil.which("chromium") or skip("chromium is not installed")


def need_browser():
    """Ends as skipped where a tool is missing."""
    chromium()
    if not shutil.which("node"):
        skip("node is not installed")
    if not (HERE / "node_modules/playwright-core").exists():
        skip("tests/browser/node_modules is missing: run tools/setup")


def kept_directory(name):
    """Where a scenario leaves its screenshots, empty at first: below GRANGE_BROWSER_OUTPUT, else beside the program."""
    above = os.environ.get("GRANGE_BROWSER_OUTPUT")
    if not above:
        above = pathlib.Path(shutil.which(os.environ.get("GRANGE", "grange"))).resolve().parent / "browser"
    directory = pathlib.Path(above) / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


class SteadyFarm(Farm):
    """Has one address for all its life. Its builders may use the system's programs, and what else is named."""

    def __init__(self, directory, *shown):
        paths = ("/bin", "/usr", "/lib", "/lib64", *shown)
        super().__init__(directory, "-j", "2", *(word for path in paths for word in ("--sandbox-path", str(path))))

    def start(self, environment=None):
        super().start(environment)
        at = self.arguments.index("--listen") + 1
        self.arguments[at] = self.base.removeprefix("http://")

    def administrator_link(self):
        lines = self.output.read_text().splitlines()
        links = [line.removeprefix("administrator link: ") for line in lines if line.startswith("administrator link: ")]
        check(links, "no link for the administrator was printed")
        return links[0]


class scratch_directory:
    """Readable for builders, and gone in the end."""

    def __enter__(self):
        self.held = tempfile.TemporaryDirectory(dir="/var/tmp", prefix="grange-browser-")
        os.chmod(self.held.name, 0o755)
        return pathlib.Path(self.held.name)

    def __exit__(self, *_):
        self.held.cleanup()


def run_script(script, facts, commands=None):
    """Runs `script` with `facts`. A line of its output "ask NAME [ARGUMENT…]" (the list as JSON) calls `commands[NAME]`, and
    gets its result as a line of JSON; other lines are passed on. True when it ended well."""
    commands = commands or {}
    facts = {**facts, "chromium": chromium()}
    process = subprocess.Popen(["node", HERE / script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "FACTS": json.dumps(facts)})
    try:
        for line in process.stdout:
            if not line.startswith("ask "):
                print(line, end="", flush=True)
                continue
            _, name, arguments = line.split(" ", 2)
            answer = commands[name](*json.loads(arguments))
            process.stdin.write(json.dumps(answer) + "\n")
            process.stdin.flush()
        return process.wait() == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def with_farm(farm, run):
    """Starts the farm, calls `run()`, which says whether all was well, and stops the farm."""
    farm.start()
    try:
        good = run()
        if farm.ended():
            check(False, f"the farm ended by itself: {farm.told()}")
        farm.stop()
    finally:
        if farm.process.poll() is None:
            farm.kill()
            print(farm.told()[-4000:], file=sys.stderr)
    check(good, "not all is as it should be: see above")


__all__ = ["PASSWORD", "SteadyFarm", "check", "kept_directory", "need_browser", "run_script", "scratch_directory", "wait_for",
           "with_farm"]
