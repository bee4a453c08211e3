//! Another Rust library in a C program: it allocates, catches a panic, and starts a thread.

#[unsafe(no_mangle)]
pub extern "C" fn second_count(length: usize) -> usize {
    let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(length)));
    let length = *caught.unwrap_err().downcast::<usize>().unwrap();
    std::thread::spawn(move || vec![0_u8; length].len()).join().unwrap()
}
