//! SHA-256 sums as hexadecimal text, the way `sha256sum` prints them.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::failure::{Failure, Result};

pub(crate) fn of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn of_file(path: &Path) -> Result<String> {
    fs::read(path).map_err(Failure::at(path)).map(|bytes| of(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_what_the_standard_says() {
        assert_eq!(of(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
