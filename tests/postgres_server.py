#!/usr/bin/env python3
"""postgres_server.py DIRECTORY: makes a PostgreSQL cluster of a test's own below DIRECTORY (created where it is
missing) and becomes its server, so that the caller stops it by process id (SIGQUIT, or SIGINT for an orderly end). It
ends with the caller, too. It listens on a socket in DIRECTORY only, loses everything with the machine, and compares
text as people in some country do, unless it is told otherwise. A cluster that is there already is served again. Prints
its URL before it starts; it is ready when pg_isready says so. Exits 77 where PostgreSQL is not installed."""
import ctypes
import os
import pathlib
import pwd
import signal
import subprocess
import sys

USER = "grange"


def programs():
    """The newest version's, where Debian puts them."""
    versions = [path for path in pathlib.Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if not versions:
        print("PostgreSQL is not installed", file=sys.stderr)
        sys.exit(77)
    return max(versions, key=lambda path: int(path.parent.name))


def become_ordinary(directory):
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return
    nobody = pwd.getpwnam("nobody")
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    directory.mkdir(mode=0o700, exist_ok=True)
    bin_directory = programs()
    become_ordinary(directory)
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGQUIT))
    os.chdir(directory)
    data = directory / "data"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    if not data.exists():
        subprocess.run(
            [bin_directory / "initdb", "-D", data, "-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8",
             "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "--no-instructions"],
            env=environment, stdout=subprocess.DEVNULL, check=True)
    print(f"postgresql://{USER}@/postgres?host={directory}", flush=True)
    settings = {
        "listen_addresses": "", "unix_socket_directories": str(directory), "fsync": "off", "full_page_writes": "off",
        "shared_buffers": "16MB", "max_connections": "60", "autovacuum": "off", "jit": "off",
    }
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    os.execve(bin_directory / "postgres", [str(bin_directory / "postgres"), "-D", str(data), *arguments], environment)


main()
