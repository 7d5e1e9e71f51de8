{ runCommand, glossary }:

# Content-addressed on top of content-addressed: made anew only when the glossary really changes.
runCommand {
  name = "glossary-page";
  inherit glossary;
  __contentAddressed = true;
  outputHashMode = "recursive";
  outputHashAlgo = "sha256";
  meta.description = "The glossary as a page";
} ''
  mkdir "$out"
  {
    echo '<dl>'
    sed 's|^\([^:]*\): \(.*\)$|<dt>\1</dt><dd>\2</dd>|' "$glossary/glossary.txt"
    echo '</dl>'
    echo "<!-- made from $glossary, lies at $out -->"
  } > "$out/index.html"
''
