//! Buffers for ureq that wipe used bytes: requests carry credentials, responses carry tokens.

use ureq::unversioned::transport::Buffers;
use zeroize::Zeroize;

/// The size of each buffer: at least the largest header section. Allocated when a connection is first used.
const SIZE: usize = 128 * 1024;

/// Input and output of one connection.
#[derive(Default)]
pub(crate) struct WipedBuffers {
    input: Vec<u8>,
    /// `input[consumed..filled]` has arrived and is not used yet.
    consumed: usize,
    filled: usize,
    output: Vec<u8>,
    /// Whether ureq used some input when it last looked. If not, more must arrive first.
    progress: bool,
}

impl WipedBuffers {
    fn allocate(&mut self) {
        if self.input.is_empty() {
            self.input = vec![0; SIZE];
            self.output = vec![0; SIZE];
        }
    }

    pub(crate) fn outgoing(&self, amount: usize) -> &[u8] {
        &self.output[..amount]
    }

    /// Wipes the first `amount` bytes of the output, which were sent.
    pub(crate) fn wipe_outgoing(&mut self, amount: usize) {
        self.output[..amount].zeroize();
    }
}

impl Buffers for WipedBuffers {
    fn output(&mut self) -> &mut [u8] {
        self.allocate();
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.allocate();
        // Moving the rest costs, so it waits until the buffer is half full.
        if self.consumed > 0 && self.filled > SIZE / 2 {
            self.input.copy_within(self.consumed..self.filled, 0);
            let left = self.filled - self.consumed;
            self.input[left..self.filled].zeroize();
            (self.consumed, self.filled) = (0, left);
        }
        &mut self.input[self.filled..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
        debug_assert!(self.filled <= self.input.len());
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.input[self.consumed..self.consumed + amount].zeroize();
        self.consumed += amount;
        if self.consumed == self.filled {
            (self.consumed, self.filled) = (0, 0);
        }
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.input_append_buf();
        (&mut self.input[self.filled..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.consumed < self.filled && self.progress
    }
}

impl Drop for WipedBuffers {
    fn drop(&mut self) {
        self.input[..self.filled].zeroize();
        self.output.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_bytes_are_wiped() {
        let mut buffers = WipedBuffers::default();
        buffers.input_append_buf()[..12].copy_from_slice(b"token and on");
        buffers.input_appended(12);
        assert_eq!(buffers.input(), b"token and on");
        buffers.input_consume(6);
        assert!(buffers.can_use_input());
        assert_eq!(buffers.input(), b"and on");
        assert_eq!(&buffers.input[..6], [0; 6]);
        buffers.input_consume(0);
        assert!(!buffers.can_use_input());

        let rest = buffers.input_append_buf().len();
        buffers.input_append_buf().fill(b'x');
        buffers.input_appended(rest);
        assert_eq!(buffers.input_append_buf().len(), 6);
        assert!(buffers.input().starts_with(b"and on"));
        assert_eq!(&buffers.input[SIZE - 6..], [0; 6]);

        buffers.output()[..6].copy_from_slice(b"secret");
        assert_eq!(buffers.outgoing(6), b"secret");
        buffers.wipe_outgoing(6);
        assert_eq!(buffers.outgoing(6), [0; 6]);
    }
}
