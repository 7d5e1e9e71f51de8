#!/bin/sh
# as_nobody.sh PROGRAM [ARGUMENT...]: runs a test program that root started as an ordinary user; exit
# code 77 (skipped) where this is no root, or nobody may not reach the program.
[ "$(id -u)" = 0 ] || { echo "not root: nothing to add"; exit 77; }
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent TMPDIR=/tmp "$@"; }
as_nobody test -x "$1" || { echo "user nobody cannot reach $1"; exit 77; }
cd / || exit 1
as_nobody "$@"
