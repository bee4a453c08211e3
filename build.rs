//! The C header. A plain build does nothing here: only the feature `header` generates it, to OUT_DIR.
//!
//! `BOOMI_HEADER=check` then compares it with the committed one, and `BOOMI_HEADER=write` replaces that.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "header")]
    header::generate();
}

#[cfg(feature = "header")]
mod header {
    use std::path::PathBuf;

    pub fn generate() {
        for input in ["src/capi.rs", "src/capi", "cbindgen.toml", "include/boomi_auth.h"] {
            println!("cargo:rerun-if-changed={input}");
        }
        println!("cargo:rerun-if-env-changed=BOOMI_HEADER");
        let directory = |name: &str| PathBuf::from(std::env::var_os(name).expect("set by cargo"));
        let root = directory("CARGO_MANIFEST_DIR");
        let committed = root.join("include/boomi_auth.h");
        let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("a readable cbindgen.toml");
        // Only these files are parsed, so nothing else can slip into the contract.
        let mut builder = cbindgen::Builder::new().with_config(config);
        for name in [
            "library",
            "error",
            "config",
            "credentials",
            "callbacks",
            "call",
            "client",
            "authorization",
            "token",
            "token_provider",
            "request",
            "response",
            "pages",
            "job",
        ] {
            builder = builder.with_src(root.join(format!("src/capi/{name}.rs")));
        }
        let mut text = Vec::new();
        builder.generate().expect("bindings out of src/capi").write(&mut text);
        std::fs::write(directory("OUT_DIR").join("boomi_auth.h"), &text).expect("a writable OUT_DIR");
        match std::env::var("BOOMI_HEADER").as_deref() {
            Ok("write") => std::fs::write(committed, &text).expect("a writable include/boomi_auth.h"),
            Ok("check") => {
                let same = std::fs::read(committed).is_ok_and(|committed| committed == text);
                assert!(
                    same,
                    "include/boomi_auth.h is not what src/capi says: run `make header` and commit the result"
                );
            }
            _ => {}
        }
    }
}
