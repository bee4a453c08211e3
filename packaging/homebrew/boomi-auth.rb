# For a tap. OWNER and the checksum are the release's: `sha256sum` of the archive that the tag has.
class BoomiAuth < Formula
  desc "Sign in to Boomi and stay signed in: C library and command"
  homepage "https://github.com/OWNER/boomi-auth"
  url "https://github.com/OWNER/boomi-auth/archive/refs/tags/v0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "pkgconf" => [:build, :test]
  depends_on "rust" => :build
  depends_on :linux

  def install
    system "make", "install", "PREFIX=#{prefix}"
    system "cargo", "install", *std_cargo_args(path: "bindings/cli")
    generate_completions_from_executable(bin/"boomi-auth", "completions", shells: [:bash, :zsh, :fish])
    (man1/"boomi-auth.1").write Utils.safe_popen_read(bin/"boomi-auth", "man")
  end

  test do
    (testpath/"test.c").write <<~C
      #include <boomi_auth.h>
      int main(void) { return boomi_version_number() != BOOMI_VERSION_NUMBER; }
    C
    flags = shell_output("pkgconf --cflags --libs boomi_auth").split
    system ENV.cc, "test.c", "-o", "test", *flags, "-Wl,-rpath,#{lib}"
    system "./test"
    # Settings are missing: usage.
    assert_match "BOOMI_USERNAME", shell_output("#{bin}/boomi-auth jwt 2>&1", 2)
  end
end
