//! The encoding between Java and this library: fields one after another, big-endian, as in `java.nio.ByteBuffer`.

use std::time::Duration;

use boomi_auth::{Error, Result};
use zeroize::Zeroize as _;

/// Bytes that may be secrets, wiped when dropped: as a slice, at once. A `Zeroizing` vector is wiped byte by byte.
#[derive(Default)]
pub(crate) struct Wiped(pub(crate) Vec<u8>);

impl std::ops::Deref for Wiped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        // Nothing is ever written behind its end.
        self.0[..].zeroize();
    }
}

/// Reads the fields of a call. A field that does not fit is a bug of this library, and an error.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(fields: &'a [u8]) -> Self {
        Reader(fields)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or_else(|| Error::other("the fields of a call end early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("as long as was taken"))
    }

    pub(crate) fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn flag(&mut self) -> Result<bool> {
        Ok(self.byte()? != 0)
    }

    pub(crate) fn int(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(crate) fn long(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// Bytes after their length, which is -1 for null.
    pub(crate) fn bytes(&mut self) -> Result<Option<&'a [u8]>> {
        match usize::try_from(self.int()?) {
            Ok(length) => self.take(length).map(Some),
            Err(_) => Ok(None),
        }
    }

    pub(crate) fn text(&mut self) -> Result<Option<&'a str>> {
        let not_text =
            |_| Error::other("a text is not Unicode: it holds half of a surrogate pair, or bytes that are not UTF-8");
        self.bytes()?.map(|bytes| std::str::from_utf8(bytes).map_err(not_text)).transpose()
    }

    /// Text that Java has seen to be there.
    pub(crate) fn required(&mut self) -> Result<&'a str> {
        self.text()?.ok_or_else(|| Error::other("a text is null"))
    }

    /// Milliseconds, or -1 for none.
    pub(crate) fn duration(&mut self) -> Result<Option<Duration>> {
        Ok(u64::try_from(self.long()?).ok().map(Duration::from_millis))
    }

    /// A number that is not set if it is negative.
    pub(crate) fn number<T: TryFrom<i64>>(&mut self) -> Result<Option<T>> {
        Ok(T::try_from(self.long()?).ok())
    }
}

/// Writes the fields of a result. They may be secrets.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Wiped);

impl Writer {
    pub(crate) fn byte(self, value: u8) -> Self {
        self.append(&[value])
    }

    /// Appends bytes. A vector that reallocated would leave secrets in freed memory.
    fn append(mut self, more: &[u8]) -> Self {
        let (length, room) = (self.0.len() + more.len(), self.0.0.capacity());
        if length > room {
            let wanted = length.max(2 * room).max(64);
            let missing = wanted - self.0.len();
            self = self.reserve(missing);
        }
        self.0.0.extend_from_slice(more);
        self
    }

    /// Reserves capacity, and wipes the former buffer.
    pub(crate) fn reserve(mut self, more: usize) -> Self {
        let mut roomy = Vec::with_capacity(self.0.len() + more);
        roomy.extend_from_slice(&self.0);
        self.0 = Wiped(roomy);
        self
    }

    pub(crate) fn flag(self, value: bool) -> Self {
        self.byte(value.into())
    }

    pub(crate) fn int(self, value: i32) -> Self {
        self.append(&value.to_be_bytes())
    }

    pub(crate) fn long(self, value: i64) -> Self {
        self.append(&value.to_be_bytes())
    }

    pub(crate) fn bytes(self, value: &[u8]) -> Self {
        let length = i32::try_from(value.len()).expect("a result fits a Java array");
        self.int(length).append(value)
    }

    /// Appends the fields of another writer.
    pub(crate) fn then(self, other: &Writer) -> Self {
        self.append(&other.0)
    }

    pub(crate) fn text<'a>(self, value: impl Into<Option<&'a str>>) -> Self {
        match value.into() {
            Some(text) => self.bytes(text.as_bytes()),
            None => self.int(-1),
        }
    }

    /// Milliseconds, rounded up, or -1 for none.
    pub(crate) fn duration(self, value: Option<Duration>) -> Self {
        self.long(value.map_or(-1, |value| value.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(i64::MAX)))
    }
}
