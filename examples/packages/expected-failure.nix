{ runCommand }:

runCommand {
  name = "expected-failure";
  meta.description = "Fails on purpose";
} ''
  echo "this target fails on purpose"
  exit 1
''
