//! Any bytes as a manifest: reading never panics, and what is read is written back the same.

use sutra_manifest::Manifest;

use super::bound::bounded;
use super::repair::close_manifest;

/// The input is read as it is, and as what comes before a checksum line that is right.
pub fn manifest(input: &[u8]) {
    let mut bytes = input.to_vec();
    close_manifest(&mut bytes);
    for bytes in [input, &bytes] {
        check(bytes);
    }
}

fn check(bytes: &[u8]) {
    match bounded(bytes.len() as u64, || Manifest::from_bytes(bytes)) {
        Ok(manifest) => {
            let written = manifest.to_bytes().expect("what was read can be written");
            let again = Manifest::from_bytes(&written).expect("and read again");
            assert_eq!(again, manifest);
            assert_eq!(again.to_bytes().expect("and written again"), written);
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
}
