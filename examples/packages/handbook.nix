{ runCommand, markup, calc }:

runCommand {
  name = "handbook";
  chapters = ../src/handbook;
  buildInputs = [ markup ];
  calcManual = calc.doc;
  meta = {
    description = "The handbook of these programs, as HTML";
    schedulingPriority = 10;
  };
} ''
  mkdir -p $out/share/doc/handbook
  for chapter in $chapters/*.md $calcManual/share/doc/calc/*.md; do
    name=''${chapter##*/}
    markup "$chapter" > "$out/share/doc/handbook/''${name%.md}.html"
  done
''
