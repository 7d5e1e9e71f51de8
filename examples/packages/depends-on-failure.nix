{ runCommand, expected-failure }:

runCommand {
  name = "depends-on-failure";
  meta.description = "Cannot be built, because its dependency cannot";
} ''
  cp ${expected-failure} $out
''
