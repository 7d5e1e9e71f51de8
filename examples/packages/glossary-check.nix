{ runCommand, glossary-page }:

# Input-addressed, but its path is known only when the page is: it says what was checked.
runCommand {
  name = "glossary-check";
  page = glossary-page;
  meta.description = "Checks that every word of the glossary has a meaning";
} ''
  if grep '<dd></dd>' "$page/index.html"; then exit 1; fi
  echo "$(grep -c '<dt>' "$page/index.html") words of $page have a meaning" > "$out"
''
