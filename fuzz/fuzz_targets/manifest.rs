//! Any bytes as a manifest: loading never panics, and what loads is written back the same.
//!
//! The checksum line is made right first, so that the fields are reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sutra_format::checksum::{PLAIN_SEED, crc32};
use sutra_manifest::Manifest;

fuzz_target!(|input: &[u8]| {
    let _ = Manifest::from_bytes(input);
    let mut bytes = input.to_vec();
    let sum = crc32(PLAIN_SEED, &bytes);
    bytes.extend_from_slice(format!("  \"checksum\": \"{sum:08x}\"\n}}\n").as_bytes());
    if let Ok(manifest) = Manifest::from_bytes(&bytes) {
        let written = manifest.to_bytes().expect("what was read can be written");
        assert_eq!(Manifest::from_bytes(&written).expect("and read again"), manifest);
    }
});
