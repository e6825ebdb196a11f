//! Any bytes as changes to a section of words.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sutra_fuzz::words(input));
