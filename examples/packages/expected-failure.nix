{ runCommand }:

runCommand {
  name = "expected-failure";
  meta.description = "Fails on purpose";
} ''
  echo "checking for a reason to succeed"
  printf '\033[1;31merror:\033[0m this target fails on purpose\n' >&2
  exit 1
''
