//! Texts that C owns, in blocks that are wiped when they are freed.

use std::ffi::c_char;

use zeroize::Zeroize as _;

/// The bytes before a text for C: the length of its block, so that all of it is wiped whatever the caller wrote to it.
const LENGTH: usize = std::mem::size_of::<usize>();

/// Copies a text to a block that C owns until boomi_string_free().
pub(crate) fn give_text(text: &str) -> *mut c_char {
    give_bytes(text.as_bytes())
}

pub(crate) fn give_bytes(text: &[u8]) -> *mut c_char {
    let mut block = begin_block(text.len());
    block.extend_from_slice(text);
    give_block(block)
}

/// Begins a block for a text of `length` bytes, to be appended.
pub(crate) fn begin_block(length: usize) -> Vec<u8> {
    let size = LENGTH + length + 1;
    let mut block = Vec::with_capacity(size);
    block.extend_from_slice(&size.to_ne_bytes());
    block
}

/// Ends the text of a block, and moves the block to C.
pub(crate) fn give_block(mut block: Vec<u8>) -> *mut c_char {
    block.push(0);
    assert_eq!(block[..LENGTH], block.len().to_ne_bytes(), "the text has another length than its block");
    let block = Box::into_raw(block.into_boxed_slice());
    // SAFETY: the text begins behind the length, inside the block.
    unsafe { block.cast::<u8>().add(LENGTH).cast() }
}

/// Wipes and frees the block of a text.
///
/// # Safety
/// `text` came from [`give_block`], and is not used afterwards.
pub(crate) unsafe fn free_text(text: *mut c_char) {
    // SAFETY: by this function's contract. The block begins with its size.
    let mut block = unsafe {
        let start = text.cast::<u8>().sub(LENGTH);
        let size = usize::from_ne_bytes(*start.cast::<[u8; LENGTH]>());
        Box::from_raw(std::ptr::slice_from_raw_parts_mut(start, size))
    };
    block.zeroize();
}
