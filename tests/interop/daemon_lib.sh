# Sourced by the daemon scenarios: a private world (store, state, logs, configurations) in which the
# real nix client speaks to a daemon over a Unix socket. PEER chooses the daemon: grange (the default)
# or nix; the same scenario must pass with both. SANDBOX=true|false is how the daemon builds; FEATURES
# are the experimental features of both sides.
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"
: "${PEER:=grange}" "${SANDBOX:=false}"
export PEER
need nix nix-build nix-store nix-instantiate python3 busybox
case $PEER in
  nix) need nix-daemon ;;
  grange) "$GRANGE" daemon --help >/dev/null 2>&1 || skip "there is no grange daemon" ;;
  *) fail "PEER is nix or grange, not '$PEER'" ;;
esac
if [ "$SANDBOX" = true ]; then unshare -Um true 2>/dev/null || skip "there are no user namespaces here"; fi

chmod 755 "$scratch"  # others than root are clients too
world=$scratch/w
store=$world/store
daemon_conf=$scratch/daemon-conf
mkdir -p "$world"/{state,log} "$daemon_conf" "$scratch"/{home,tmp}
chmod 1777 "$scratch/tmp"
export NIX_STORE_DIR=$store NIX_STATE_DIR=$world/state NIX_LOG_DIR=$world/log NIX_LOCALSTATE_DIR=$world/var
export NIX_DAEMON_SOCKET_PATH=$world/socket NIX_REMOTE=daemon
export HOME=$scratch/home XDG_CACHE_HOME=$scratch/home/cache XDG_CONFIG_HOME=$scratch/home/config
export XDG_DATA_HOME=$scratch/home/data NIX_USER_CONF_FILES=
unset XDG_RUNTIME_DIR NIX_SSL_CERT_FILE NIX_PROFILES || true
: "${FEATURES:=nix-command flakes ca-derivations recursive-nix impure-derivations}"
features="experimental-features = $FEATURES"
real() { echo "$1"; }  # logical is physical here

# What the client believes, and what the daemon does; further lines by conf.
printf '%s\n' "$features" 'substituters =' 'build-users-group =' > "$NIX_CONF_DIR/nix.conf"
printf '%s\n' "$features" 'substituters =' 'build-users-group =' "sandbox = $SANDBOX" 'max-jobs = 4' \
  'sandbox-paths = /bin/sh=/bin/busybox /bin/busybox' 'sandbox-fallback = false' \
  > "$daemon_conf/nix.conf"
daemon_setting() { printf '%s\n' "$@" >> "$daemon_conf/nix.conf"; }
client_setting() { printf '%s\n' "$@" >> "$NIX_CONF_DIR/nix.conf"; }

# What only nix-daemon does, of which `grange daemon` says in docs/manual.md what it does instead.
of_nix() { [ "$PEER" = nix ]; }
# The program that is the daemon, with its configuration: peer ARGUMENT…
peer_command() {
  case $PEER in
    nix) echo nix-daemon ;;
    grange) echo "$GRANGE daemon" ;;
  esac
}
start_daemon() {
  rm -f "$NIX_DAEMON_SOCKET_PATH"
  case $PEER in
    nix) set -- nix-daemon "$@" ;;
    grange) set -- "$GRANGE" daemon --socket "$NIX_DAEMON_SOCKET_PATH" "$@" ;;
  esac
  env -u NIX_REMOTE NIX_CONF_DIR="$daemon_conf" TMPDIR="$scratch/tmp" "$@" \
    >>"$scratch/daemon.log" 2>&1 </dev/null &
  daemon=$!
  for _ in $(seq 200); do
    if [ -S "$NIX_DAEMON_SOCKET_PATH" ] && nix store ping >/dev/null 2>&1; then return; fi
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.05
  done
  fail "the daemon does not answer: $(tail -n 5 "$scratch/daemon.log")"
}
stop_daemon() {
  kill -TERM "$daemon" 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
}
restart_daemon() { stop_daemon; start_daemon "$@"; }
# All processes below one, itself included.
descendants() {
  echo "$1"
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do descendants "$child"; done
}
# The daemon is killed with everything it has started: a machine that fails.
kill_daemon() {
  # shellcheck disable=SC2046
  kill -9 $(descendants "$daemon") 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
}

clean_up() {
  status=$?
  trap - EXIT
  set +e
  # shellcheck disable=SC2046
  for job in $(jobs -p); do kill -9 $(descendants "$job"); done 2>/dev/null
  wait 2>/dev/null
  if [ $status != 0 ] && [ $status != 77 ]; then tail -n 5 "$scratch/daemon.log" | sed 's/^/daemon: /' >&2; fi
  chmod -R u+w "$scratch" 2>/dev/null
  rm -rf "$scratch"
  exit $status
}

# A command without the daemon: on the store's files and database.
direct() { NIX_REMOTE=local "$@"; }
nix_verifies() {
  direct nix-store --verify --check-contents >"$scratch/verify" 2>&1 ||
    fail "nix-store --verify --check-contents: $(cat "$scratch/verify")"
  if grep -qE 'was modified|disappeared|error' "$scratch/verify"; then
    fail "nix-store --verify --check-contents: $(cat "$scratch/verify")"
  fi
}
valid() { nix-store --check-validity "$@" 2>/dev/null || fail "not valid: $*"; }
invalid() { if nix-store --check-validity "$@" 2>/dev/null; then fail "still valid: $*"; fi; }
present() { for path in "$@"; do [ -e "$path" ] || [ -L "$path" ] || fail "there is no $path"; done; }
absent() { for path in "$@"; do if [ -e "$path" ] || [ -L "$path" ]; then fail "there is $path"; fi; done; }
# wait_for WHAT COMMAND…: until the command succeeds; for at most ten seconds.
wait_for() {
  what=$1
  shift
  for _ in $(seq 200); do if "$@" >/dev/null 2>&1; then return 0; fi; sleep 0.05; done
  fail "waited in vain: $what"
}
# Texts without the colours that errors carry over the wire.
plain() { sed 's/\x1b\[[0-9;]*m//g' "$@"; }
run() {
  code=$1
  shift
  got=0
  "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || got=$?
  out=$(tr -d "\0" <"$scratch/out")
  err=$(plain "$scratch/err" | tr -d "\0")
  [ "$got" = "$code" ] || fail "exit code of '$*': specified $code, got $got; stdout: $out; stderr: $err"
}

# A client whom the daemon does not trust: as_nobody COMMAND…; only where may_be_nobody says so.
may_be_nobody() {
  [ "$(id -u)" = 0 ] || return 1
  command -v setpriv >/dev/null || return 1
  mkdir -p "$scratch/nobody"
  chown 65534:65534 "$scratch/nobody"
  as_nobody true 2>/dev/null
}
as_nobody() {
  setpriv --reuid=65534 --regid=65534 --clear-groups \
    env HOME="$scratch/nobody" XDG_CACHE_HOME="$scratch/nobody/cache" XDG_CONFIG_HOME="$scratch/nobody/config" \
    XDG_DATA_HOME="$scratch/nobody/data" "$@"
}

# make NAME SCRIPT MORE: a derivation whose builder is a shell with the usual small programs.
cat > "$scratch/world.nix" <<'N'
rec {
  system = builtins.currentSystem or "x86_64-linux";
  make = name: script: more: derivation ({
    inherit name system;
    builder = "/bin/busybox";
    args = [ "sh" "-euc" script ];
  } // more);
  addressed = name: script: more: make name script ({
    __contentAddressed = true;
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
  } // more);
}
N
cd "$scratch"
