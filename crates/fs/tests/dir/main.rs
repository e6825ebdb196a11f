//! Directories: what every one of them promises.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dir_contract;
mod os_dir;
mod publish;
