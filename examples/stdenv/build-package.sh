# Builds a package in phases: unpack, build, check, install. A variable of a phase's name replaces
# it. Outputs besides `out`: `dev` takes headers, `doc` takes documents.
source "$setup"

prefix=$out
includedir=${dev:-$out}/include
docdir=${doc:-$out}/share/doc/$pname
export prefix includedir docdir

unpack() {
  cp -r "$src" source
  chmod -R u+w source
  cd source
}
build() { make all; }
check() { make check; }
install_files() { make install; }

run_phase() {
  local name=$1 otherwise=$2
  echo "phase: ${name%Phase}"
  if [ -n "${!name-}" ]; then eval "${!name}"; else "$otherwise"; fi
}

for output in $outputs; do mkdir -p "${!output}"; done
run_phase unpackPhase unpack
run_phase buildPhase build
run_phase checkPhase check
run_phase installPhase install_files
