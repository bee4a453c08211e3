//! The body of a response: whole in memory, or streamed from the connection.

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::{transport::Body, transport::deadline::Deadline};

pub(crate) enum ResponseBody {
    Whole {
        bytes: Vec<u8>,
        /// How many bytes [`read`](Self::read) has returned.
        read: usize,
    },
    Streamed {
        body: Box<dyn Body>,
        /// Begins one read, which has a deadline of its own.
        begin: Box<dyn Fn() -> Result<Rc<Deadline>> + Send + Sync>,
    },
    /// A read failed. Every later read returns this error.
    Broken(Error),
}

impl ResponseBody {
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        ResponseBody::Whole { bytes, read: 0 }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            ResponseBody::Whole { bytes, .. } => bytes,
            ResponseBody::Streamed { .. } | ResponseBody::Broken(_) => &[],
        }
    }

    pub(crate) fn take(&mut self) -> Vec<u8> {
        match self {
            ResponseBody::Whole { bytes, .. } => std::mem::take(bytes),
            ResponseBody::Streamed { .. } | ResponseBody::Broken(_) => Vec::new(),
        }
    }

    /// Reads a part into `buffer`. Returns its length, and 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8], attempts: u32) -> Result<usize> {
        match self {
            ResponseBody::Whole { bytes, read } => {
                let amount = buffer.len().min(bytes.len() - *read);
                buffer[..amount].copy_from_slice(&bytes[*read..*read + amount]);
                *read += amount;
                Ok(amount)
            }
            ResponseBody::Streamed { .. } if buffer.is_empty() => Ok(0),
            ResponseBody::Streamed { body, begin } => {
                let read = begin().and_then(|deadline| body.read(buffer, &deadline));
                read.map_err(|error| {
                    let error = error.sent(true).with_attempts(attempts);
                    // A later read must not report the end of the body. This also closes the connection.
                    *self = ResponseBody::Broken(error.clone());
                    error
                })
            }
            ResponseBody::Broken(error) => Err(error.clone()),
        }
    }

    /// Drops the rest of a streamed body, up to `most` bytes, so that its connection can be reused.
    pub(crate) fn drain(&mut self, most: usize, deadline: &Rc<Deadline>) {
        let ResponseBody::Streamed { body, .. } = self else { return };
        let (mut piece, mut left) = ([0; 4096], most);
        while let Ok(amount @ 1..) = body.read(&mut piece, deadline) {
            left = left.saturating_sub(amount);
            if left == 0 {
                break;
            }
        }
    }
}
