//! Names the shared library as its users will look for it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let version = |part: &str| std::env::var(format!("CARGO_PKG_VERSION_{part}")).expect("set by cargo");
    // Before 1.0 every minor version may break the ABI.
    let abi = format!("{}.{}", version("MAJOR"), version("MINOR"));
    match std::env::var("CARGO_CFG_TARGET_OS").expect("set by cargo").as_str() {
        "macos" | "ios" => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libboomi_auth.{abi}.dylib");
        }
        "windows" => {}
        _ => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libboomi_auth.so.{abi}");
            // Unloading would leave thread-local destructors pointing at nothing.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
            link_soname(&format!("libboomi_auth.so.{abi}"));
        }
    }
}

/// A program linked against the library in `target/` looks for its SONAME there, a name that cargo does not make.
fn link_soname(soname: &str) {
    let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo"));
    // <profile>/build/<package>/out
    let Some(profile) = out.ancestors().nth(3) else { return };
    let link = profile.join(soname);
    #[cfg(unix)]
    if !link.is_symlink() {
        // Only a convenience: an installation makes its own links.
        let _ = std::os::unix::fs::symlink("libboomi_auth.so", link);
    }
}
