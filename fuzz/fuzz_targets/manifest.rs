//! Any bytes as a manifest.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sutra_fuzz::manifest(input));
