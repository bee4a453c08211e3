//! Certificates, good and bad, made by OpenSSL.

use std::cell::Cell;
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::daemon::Directory;

/// A certificate authority, and what it issued, in a directory.
pub struct Authority {
    directory: Directory,
    name: String,
    /// How many certificates it made.
    issued: Cell<u32>,
}

/// Files that a server is given.
pub struct Issued {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

const VALID: &str = "30";
/// Ends before it begins.
pub const EXPIRED: &str = "-1";

impl Authority {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        Authority::named(format!("Authority {}", NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Another with the same name, as after a change of its key.
    pub fn namesake(&self) -> Self {
        Authority::named(self.name.clone())
    }

    fn named(name: String) -> Self {
        let authority = Authority { directory: Directory::new("certificates"), name, issued: Cell::new(0) };
        authority.key("ca");
        authority.self_signed("ca", &authority.name, "basicConstraints=critical,CA:TRUE");
        authority
    }

    pub fn pem(&self) -> String {
        self.directory.read("ca.pem")
    }

    pub fn file(&self) -> PathBuf {
        self.path("ca.pem")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A good certificate for `name`, which is as in a subjectAltName: "DNS:..." or "IP:...".
    pub fn issue(&self, name: &str) -> Issued {
        self.issue_for(name, VALID)
    }

    pub fn issue_for(&self, name: &str, days: &str) -> Issued {
        let server = self.next("server");
        self.sign(&server, "ca", &format!("subjectAltName={name}"), days);
        self.issued(&server)
    }

    /// One that vouches for itself; and, as OpenSSL makes them unless told otherwise, calls itself an authority.
    pub fn issue_self_signed(&self, name: &str, is_authority: bool) -> Issued {
        let server = self.next("server");
        let constraints = if is_authority { "TRUE" } else { "FALSE" };
        let extensions = format!("subjectAltName={name}\nbasicConstraints=critical,CA:{constraints}");
        self.self_signed(&server, "server", &extensions);
        self.issued(&server)
    }

    /// One from an authority below this, alone and with that authority's own certificate behind it.
    pub fn issue_through_intermediate(&self, name: &str) -> (Issued, Issued) {
        let (middle, server) = (self.next("middle"), self.next("server"));
        self.sign(&middle, "ca", "basicConstraints=critical,CA:TRUE", VALID);
        self.sign(&server, &middle, &format!("subjectAltName={name}"), VALID);
        let alone = self.issued(&server);
        let chain = self.directory.read(&format!("{server}.pem")) + &self.directory.read(&format!("{middle}.pem"));
        let with = Issued { certificate: self.directory.write("chain.pem", &chain), key: alone.key.clone() };
        (alone, with)
    }

    /// A new name, with its key.
    fn next(&self, name: &str) -> String {
        let name = format!("{name}-{}", self.issued.get());
        self.issued.set(self.issued.get() + 1);
        self.key(&name);
        name
    }

    fn issued(&self, name: &str) -> Issued {
        Issued { certificate: self.path(&format!("{name}.pem")), key: self.path(&format!("{name}.key")) }
    }

    fn key(&self, name: &str) {
        let curve = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"];
        self.openssl(Command::new("openssl").args(curve).arg(format!("{name}.key")));
    }

    fn self_signed(&self, name: &str, subject: &str, extensions: &str) {
        let mut request = Command::new("openssl");
        request.args(["req", "-x509", "-days", VALID, "-subj", &format!("/CN={subject}")]);
        request.args(extensions.lines().flat_map(|extension| ["-addext", extension]));
        self.openssl(request.args(["-key", &format!("{name}.key"), "-out", &format!("{name}.pem")]));
    }

    fn sign(&self, name: &str, issuer: &str, extension: &str, days: &str) {
        let mut request = Command::new("openssl");
        request.args(["req", "-new", "-subj", &format!("/CN={name}"), "-key", &format!("{name}.key")]);
        self.openssl(request.args(["-out", "request.pem"]));
        let extensions = self.directory.write("extensions", extension);
        let mut sign = Command::new("openssl");
        sign.args(["x509", "-req", "-in", "request.pem", "-days", days, "-extfile"]).arg(extensions);
        sign.args(["-CA", &format!("{issuer}.pem"), "-CAkey", &format!("{issuer}.key"), "-CAcreateserial"]);
        self.openssl(sign.args(["-out", &format!("{name}.pem")]));
    }

    fn openssl(&self, command: &mut Command) {
        run_openssl(command.current_dir(self.directory.path()));
    }
}

/// The name under which a directory of certificates must have this one.
pub fn hashed_name(certificate: &Path) -> String {
    let hash = run_openssl(Command::new("openssl").args(["x509", "-hash", "-noout", "-in"]).arg(certificate));
    format!("{}.0", hash.trim())
}

fn run_openssl(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| match error.kind() {
        NotFound => panic!("openssl is not installed, and makes the certificates here: `make setup` installs it"),
        _ => panic!("{error}"),
    });
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
