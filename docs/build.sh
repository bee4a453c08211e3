#!/bin/sh
# Builds the site out of README, the guides and the references of each language, and follows its links. `make docs` calls it.
set -eu
cd "$(dirname "$0")/.."
: "${CARGO:=cargo}" "${MAKE:=make}" "${MVN:=mvn}" "${PYTHON:=python3}"
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR="$target" PIP_DISABLE_PIP_VERSION_CHECK=1 NO_MKDOCS_2_WARNING=1
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
missing=
for tool in doxygen mvn; do command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"; done
if [ -n "$missing" ]; then
  echo "the documentation needs:$missing (on Debian: apt-get install doxygen maven)" >&2
  exit 1
fi
venv=$target/docs-venv
test -x "$venv/bin/pip" || "$PYTHON" -m venv "$venv"
"$venv/bin/pip" install -q -r docs/requirements.txt

# The site is built of this: the texts where they are in the repository, so that their links to each other and to files hold in both.
work=$target/docs
pages=$work/pages
rm -rf "$work"
mkdir -p "$pages/reference"
cp docs/mkdocs.yml "$work/"
cp --parents ./*.md LICENSE-* docs/*.md docs/site.css tests/emulator/README.md include/*.h* benches/*.md benches/*.svg bindings/cross/README.md "$pages/"
cp --parents -r examples "$pages/"

echo 'docs: Rust'
rm -rf "$target/doc"
$MAKE -s doc
cp -r "$target/doc" "$pages/reference/rust"
# Of several crates cargo makes no first page, to which rustdoc's others lead.
echo '<meta http-equiv="refresh" content="0; url=boomi_auth/index.html">' >"$pages/reference/rust/index.html"

echo 'docs: C and C++'
{
  cat docs/Doxyfile
  printf 'PROJECT_NUMBER = %s\nOUTPUT_DIRECTORY = %s\nHTML_OUTPUT = c\n' "$version" "$pages/reference"
} | doxygen -

echo 'docs: Java'
# Without the native library, which the reference has no use for.
$MVN -q -B -f bindings/java -pl boomi-auth,boomi-auth-junit5 -Dexec.skip=true compile javadoc:javadoc
cp -r bindings/java/boomi-auth/target/reports/apidocs "$pages/reference/java"
cp -r bindings/java/boomi-auth-junit5/target/reports/apidocs "$pages/reference/junit5"

echo 'docs: Python'
# Its texts are in the native module, which need not be a fast one for this.
$CARGO build -q --locked --manifest-path bindings/python/Cargo.toml
mkdir "$work/python"
cp -r bindings/python/python/boomi_auth "$work/python/"
cp "$target/debug/lib_native.so" "$work/python/boomi_auth/_native.abi3.so"
# It warns of each inherited attribute that it shows; what is broken ends it.
PYTHONPATH=$work/python "$venv/bin/pdoc" -d restructuredtext --no-show-source -o "$pages/reference/python" boomi_auth boomi_auth.httpx \
  boomi_auth.aiohttp boomi_auth.pytest_plugin 2>"$work/pdoc.log" || { cat "$work/pdoc.log" >&2; exit 1; }

"$venv/bin/mkdocs" build -q --strict -f "$work/mkdocs.yml" -d "$target/site"
"$venv/bin/python" docs/links.py "$target/site"
echo "the documentation is in $target/site/index.html"
