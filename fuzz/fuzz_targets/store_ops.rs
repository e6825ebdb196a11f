//! Any bytes as operations on a store.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sutra_fuzz::store_ops(input));
