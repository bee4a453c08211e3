#!/bin/sh
# The C ABI beside the last release's: what programs were compiled against may not go or change; more may come.
#
#   tests/abi.sh [REVISION]   beside that revision, else the last tag with this SONAME, else tests/abi/baseline.c
#   tests/abi.sh write        writes tests/abi/baseline.c anew: at a release, or where the SONAME changes
#
# Types are the header's: abidiff compares libraries made of headers, whose functions do nothing. What our own library knows
# for a debugger is Rust's types, where each private field would count. Of that library abidiff sees that all functions are there.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
: "${CC:=cc}" "${CARGO:=cargo}"
built=${CARGO_TARGET_DIR:-target}/debug
abi=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)\..*"/\1/p' Cargo.toml)
needs=$(sed -n 's/^Libs.private: //p' bindings/c/boomi_auth.pc.in)

# A header as a C file: each number that is defined as the size of an array, each function with an empty body.
definitions() {
  printf '// libboomi_auth.so.%s, as tests/abi.sh makes it of the header.\n#include <stddef.h>\n#include <stdint.h>\n' "$abi"
  sed -n '/VERSION/!s/^#define \(BOOMI_[A-Z0-9_]*\) \([0-9]*\)$/char value_of_\1[\2 + 1];/p' "$1"
  sed '/^#include/d' "$1" | $CC -E -P -x c - | tr -s '\n ' '  ' | sed 's/; */;\n/g' |
    sed '/^typedef/!s/);$/) { __builtin_trap(); }/'
}

# library NAME [FLAG...]: NAME.so out of NAME.c
library() {
  name=$1
  shift
  $CC -g -shared -fPIC -Wno-return-type "$dir/$name.c" "$@" -Wl,-soname,libboomi_auth.so."$abi" -o "$dir/$name.so"
}

# kept OLD NEW: whether all that OLD has is in NEW, as it was.
kept() { abidiff --no-added-syms "$1" "$2" >"$dir/log" 2>&1; }

broken() { cat "$dir/log"; echo "abi: $1" >&2; exit 1; }

definitions include/boomi_auth.h >"$dir/now.c"
if [ "${1:-}" = write ]; then cp "$dir/now.c" tests/abi/baseline.c; exit; fi

revision=${1:-$(git describe --tags --abbrev=0 --match "v$abi.*" 2>/dev/null || :)}
if [ -n "$revision" ]; then
  git show "$revision:include/boomi_auth.h" >"$dir/header"
  definitions "$dir/header" >"$dir/before.c"
else
  revision=tests/abi/baseline.c
  cp $revision "$dir/before.c"
  head -n 1 $revision | grep -qF ".so.$abi," || broken "a new SONAME: run tests/abi.sh write"
fi
[ "$(grep -c __builtin_trap "$dir/now.c")" = "$(wc -l <tests/abi/exports.txt)" ] || broken "the header was not understood"
library now
library before
kept "$dir/before.so" "$dir/now.so" || broken "programs linked with $revision may break: keep what it has, or raise the SONAME"

# The library itself has no constants, and no types of C.
grep -v '^char value_of_' "$dir/before.c" >"$dir/functions.c"
library functions
$CARGO build --locked --quiet -p boomi-auth-c
kept "$dir/functions.so" "$built/libboomi_auth.so" || broken "the library lacks what $revision has"

# The same of copies that were changed: one of the library, and some of the header.
echo '{ global: boomi_*; local: *; };' >"$dir/all"
echo '{ global: boomi_[!o]*; local: *; };' >"$dir/some"
: >"$dir/copy.c"
for exports in all some; do
  # shellcheck disable=SC2086 # words, as in a command line
  library copy -Wl,--version-script="$dir/$exports" -Wl,--whole-archive "$built/libboomi_auth.a" -Wl,--no-whole-archive $needs
  if kept "$dir/functions.so" "$dir/copy.so"; then result=all; else result=some; fi
  [ $result = $exports ] || broken "a library with $exports of its functions passes for one with $result"
done

# changed PASSES|FAILS WHAT COMMAND: of a copy that this command of sed changes.
changed() {
  sed "$3" "$dir/now.c" >"$dir/copy.c"
  ! cmp -s "$dir/now.c" "$dir/copy.c" || broken "$2: the copy was not changed"
  library copy
  if kept "$dir/now.so" "$dir/copy.so"; then result=PASSES; else result=FAILS; fi
  [ "$result" = "$1" ] || broken "$2: it $result"
}
changed FAILS 'a function that is gone' '/ boomi_otp_code(/d'
changed FAILS 'a parameter of another type' '/ boomi_otp_code(/s/int64_t/int32_t/'
changed FAILS 'a parameter more' '/ boomi_otp_code(/s/(/(int more, /'
changed FAILS 'another handle' '/ boomi_client_free(/s/boomi_client \*/boomi_config */'
changed FAILS 'another result' '/ boomi_version_number(/s/uint32_t/uint64_t/'
changed FAILS 'a callback with another parameter' '/(\*boomi_otp_callback)/s/size_t/int32_t/'
changed FAILS 'a constant that is gone' '/_BOOMI_CA_ADD\[/d'
changed FAILS 'a constant of another value' '/_BOOMI_CA_ADD\[/s/2/3/'
changed PASSES 'a function more' "\$a int32_t boomi_more(int32_t more) { return more; }"
changed PASSES 'a constant more' "\$a char value_of_BOOMI_MORE[7 + 1];"
changed PASSES 'a parameter of another name' '/ boomi_otp_code(/s/unix_time/time/'
echo "abi: as in $revision, but for what came; what goes or changes is seen"
