set -eu
good() { [ "$(printf '%s' "$1" | ./jsonfmt -c)" = "$2" ] || { echo "failed: $1"; exit 1; }; }
bad() { if printf '%s' "$1" | ./jsonfmt > /dev/null 2>&1; then echo "accepted: $1"; exit 1; fi; }

good '{ "a" : [ 1 , -0.5e+3 , "x\u00e9\n" ] , "b" : { } }' '{"a":[1,-0.5e+3,"x\u00e9\n"],"b":{}}'
good ' [true,false,null] ' '[true,false,null]'
good '""' '""'
for text in '' '{' '[1,]' '{"a"}' '{"a":1,}' '01' '1.' '-' 'nul' '"\x"' '"open' '[1] 2' "{'a':1}"; do
  bad "$text"
done
deep=$(printf '%2000s' | tr ' ' '[')
bad "$deep"

[ "$(printf '{"a":[1,{}]}' | ./jsonfmt)" = '{
  "a": [
    1,
    {}
  ]
}' ]
# What it prints it reads again, to the same.
printf '{"a":[1,{"b":null}]}' | ./jsonfmt | ./jsonfmt -c > once
[ "$(cat once)" = '{"a":[1,{"b":null}]}' ]
echo "jsonfmt: all good"
