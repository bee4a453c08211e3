//! Small files that a setting names: secrets and CA bundles.

use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

/// Larger files are no such files.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Reads a regular file; the error says why not. A pipe or device is refused, because reading one could block for ever, and
/// it could not be read again.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let text = |error: std::io::Error| error.to_string();
    let size = match std::fs::metadata(path).map_err(text)? {
        data if !data.is_file() => return Err("it is not a regular file".into()),
        data if data.len() > LARGEST => return Err(format!("it is larger than {LARGEST} bytes")),
        data => data.len(),
    };
    // Room from the start: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size as usize + 1));
    std::fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes)).map_err(text)?;
    Ok(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_could_block_or_never_end_is_refused() {
        for path in ["/dev/zero", "/dev/null", "/"] {
            assert!(read(Path::new(path)).unwrap_err().contains("regular file"), "{path}");
        }
        assert!(read(Path::new("/nowhere/at/all")).unwrap_err().contains("No such file"));
    }
}
