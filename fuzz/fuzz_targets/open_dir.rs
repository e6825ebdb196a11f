//! Any bytes as a directory.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sutra_fuzz::open_dir(input));
