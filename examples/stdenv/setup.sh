# Sourced by the builders: the host's tools, those of buildInputs, and flags for the compilers.
set -eu -o pipefail
shopt -s nullglob
export PATH=/usr/bin:/bin LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1
umask 022

CFLAGS="-O1 -Wall -Wextra -ffile-prefix-map=$PWD=."
CXXFLAGS="$CFLAGS -std=c++17"
CPPFLAGS=
LDFLAGS="-Wl,--build-id=none"
for input in ${buildInputs-}; do
  if [ -d "$input/bin" ]; then PATH=$input/bin:$PATH; fi
  if [ -d "$input/include" ]; then CPPFLAGS+=" -I$input/include"; fi
  if [ -d "$input/lib" ]; then LDFLAGS+=" -L$input/lib"; fi
  # Only shared libraries are looked for again when a program starts.
  shared=("$input"/lib/*.so)
  if [ ${#shared[@]} -gt 0 ]; then LDFLAGS+=" -Wl,-rpath,$input/lib"; fi
done
export CC=gcc CXX=g++ CFLAGS CXXFLAGS CPPFLAGS LDFLAGS
