//! One of the subjects of `src/tests/fuzzing.rs`, which the variable SUBJECT names.
#![no_main]

use std::sync::LazyLock;

use boomi_auth::tests::fuzzing::{SUBJECTS, Subject};

static CHOSEN: LazyLock<Subject> = LazyLock::new(|| {
    let name = std::env::var("SUBJECT").expect("SUBJECT names one of boomi_auth::tests::fuzzing::SUBJECTS");
    SUBJECTS.iter().find(|(known, _)| *known == name).expect("a subject of that name").1
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| CHOSEN(bytes));
