//! Any bytes as a life of a store.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sutra_fuzz::sim_tape(input));
