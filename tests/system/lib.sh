# Sourced by the scenarios: a private directory, state and nix configuration, and a few checks.
# Every scenario prints what it does not like and exits 1; 77 means skipped.
set -eu
set -o pipefail

: "${GRANGE:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/grange}"
source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/grange-scenario-XXXXXX")
export GRANGE_STATE_DIRECTORY=$scratch/state
export NIX_CONF_DIR=$scratch/nix-conf
unset NIX_REMOTE NIX_CONFIG NIX_PATH || true
mkdir -p "$NIX_CONF_DIR"
printf '%s\n' 'substituters =' 'build-users-group =' 'sandbox-paths = /bin/sh=/bin/busybox' \
  > "$NIX_CONF_DIR/nix.conf"

# A PostgreSQL server of the scenario's own; its URL is then in $postgres_url, and $postgres_pid stops it.
start_postgres() {
  python3 "$source_root/tests/postgres_server.py" "$scratch/postgres" >"$scratch/postgres.url" 2>"$scratch/postgres.log" &
  postgres_pid=$!
  chmod 711 "$scratch"  # as root it runs as somebody else
  for _ in $(seq 600); do
    postgres_url=$(cat "$scratch/postgres.url")
    if [ -n "$postgres_url" ] && pg_isready -q -d "$postgres_url"; then return; fi
    if ! kill -0 "$postgres_pid" 2>/dev/null; then
      status=0
      wait "$postgres_pid" || status=$?
      postgres_pid=
      [ "$status" = 77 ] && skip "$(cat "$scratch/postgres.log")"
      fail "PostgreSQL does not start: $(cat "$scratch/postgres.log")"
    fi
    sleep 0.1
  done
  fail "PostgreSQL does not start in time: $(cat "$scratch/postgres.log")"
}
stop_postgres() {
  [ -n "${postgres_pid:-}" ] || return 0
  kill -QUIT "$postgres_pid" 2>/dev/null || true
  wait "$postgres_pid" 2>/dev/null || true
  postgres_pid=
}

clean_up() {
  status=$?
  trap - EXIT
  stop_postgres
  for job in $(jobs -p); do kill -9 "$job" 2>/dev/null || true; done
  chmod -R u+w "$scratch" 2>/dev/null || true
  rm -rf "$scratch"
  exit $status
}
trap clean_up EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "skipped: $*"; exit 77; }
equal() { [ "$2" = "$3" ] || fail "$1: specified '$2', got '$3'"; }
contains() { case $2 in *"$3"*) ;; *) fail "$1: '$3' is not in: $2" ;; esac; }
lacks() { case $2 in *"$3"*) fail "$1: '$3' is in: $2" ;; *) ;; esac; }
need() { for program in "$@"; do command -v "$program" >/dev/null || skip "there is no $program"; done; }

# run CODE COMMAND…: the command must exit with CODE; its stdout is in $out, its stderr in $err.
run() {
  code=$1
  shift
  got=0
  "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || got=$?
  out=$(cat "$scratch/out")
  err=$(cat "$scratch/err")
  [ "$got" = "$code" ] || fail "exit code of '$*': specified $code, got $got; stdout: $out; stderr: $err"
}

# The store that scenarios build into.
store=$GRANGE_STATE_DIRECTORY/store
# The object itself, for a logical path.
real() { echo "$store$1"; }

# One attribute of a JSON document: json FILE EXPRESSION, the document as `d`.
json() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"; }

# nix says that the store is whole, contents and all.
nix_verifies() {
  nix-store --store "$store" --verify --check-contents >"$scratch/verify" 2>&1 ||
    fail "nix-store --verify --check-contents: $(cat "$scratch/verify")"
  if grep -qE 'was modified|disappeared|error' "$scratch/verify"; then
    fail "nix-store --verify --check-contents: $(cat "$scratch/verify")"
  fi
}
