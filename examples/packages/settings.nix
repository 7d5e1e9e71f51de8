{ runStructured, jsonfmt }:

# Attributes that are more than text: each section becomes part of one file of settings.
runStructured {
  name = "settings";
  inherit jsonfmt;
  programs = [ "calc" "seek" "stats" ];
  limits = { depth = 500; bytes = 65536; strict = true; };
  motto = "nothing is made twice";
  meta.description = "Settings from structured attributes, as text and as JSON";
} ''
  mkdir "''${outputs[out]}"
  {
    echo "; $motto"
    echo "[programs]"
    for program in "''${programs[@]}"; do echo "$program = enabled"; done
    echo "[limits]"
    for limit in depth bytes strict; do echo "$limit = ''${limits[$limit]}"; done
  } > "''${outputs[out]}/settings.ini"
  "$jsonfmt/bin/jsonfmt" < "$NIX_ATTRS_JSON_FILE" > "''${outputs[out]}/attributes.json"
''
