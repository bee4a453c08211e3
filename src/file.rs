//! Reading of small files that a setting names: secrets and CA bundles.

use std::{io::Read, path::Path};

use zeroize::Zeroizing;

/// The largest file that is read.
const LARGEST: u64 = 16 * 1024 * 1024;

/// `read_to_end` reads through a buffer of so many bytes on the stack while the vector has less room.
pub(crate) const STACK_READ: usize = 32;

/// Reads a regular file; the error says why it failed.
///
/// A pipe or device is refused: reading it could block without end, and a second reading would find nothing.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let text = |error: std::io::Error| error.to_string();
    let size = match std::fs::metadata(path).map_err(text)? {
        data if !data.is_file() => return Err("it is not a regular file".into()),
        data if data.len() > LARGEST => return Err(format!("it is larger than {LARGEST} bytes")),
        data => data.len(),
    };
    // The full capacity from the start: growing would leave copies behind, and so would less room than the standard
    // library reads through a buffer on the stack.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size as usize + STACK_READ + 1));
    std::fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes)).map_err(text)?;
    Ok(bytes)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_refuses_devices_and_directories() {
        for path in ["/dev/zero", "/dev/null", "/"] {
            assert!(read(Path::new(path)).unwrap_err().contains("regular file"), "{path}");
        }
        assert!(read(Path::new("/nowhere/at/all")).unwrap_err().contains("No such file"));
    }
}
