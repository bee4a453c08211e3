//! Keeps the library in the process once it is loaded, also when the class loader that loaded it is gone.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // A name look-up may outlive its call, and thread-local destructors their thread's last one.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
