//! Transactions, and what is built on them: merging, upserting, invalidating, deleting by source.

mod conflicts;
mod dedup;
mod histories;
mod limits;
mod model;
mod source;
mod threads;

use sutra_storage::{Error, ErrorKind, Store, StoreOptions};

/// A store whose segments merge when they are told to.
fn open(dir: &std::path::Path) -> Store {
    StoreOptions { background_compaction: false, ..StoreOptions::default() }.open(dir).unwrap()
}

#[track_caller]
fn check<T>(result: Result<T, Error>, kind: ErrorKind, parts: &[&str]) {
    let Err(error) = result else { panic!("expected {kind:?}") };
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "{error}: lacks {part:?}");
    }
}
