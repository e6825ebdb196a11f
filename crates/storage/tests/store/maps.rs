//! A store without maps: what others do to its files after they were opened does not reach it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sutra_storage::{Batch, ConceptId, NewConcept, Store, StoreOptions};

#[test]
fn a_store_without_maps_is_not_hurt_by_a_file_that_is_cut() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    let keys: Vec<_> = (0..1_000).map(|n| format!("key {n}")).collect();
    let store = Store::open(&dir).unwrap();
    let mut batch = Batch::new();
    for key in &keys {
        batch.put(NewConcept::with_key(key).content(key).vector(&[1.0, 2.0])).unwrap();
    }
    store.commit(&batch).unwrap();
    store.close().unwrap();

    let options = StoreOptions { maps: false, ..StoreOptions::default() };
    let writer = options.clone().open(&dir).unwrap();
    let reader = options.open_read_only(&dir).unwrap();
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "dat") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
        }
    }
    for store in [writer, reader] {
        let snapshot = store.snapshot();
        for key in &keys {
            let concept = snapshot.concept(&ConceptId::from_key(key)).unwrap().unwrap();
            assert_eq!(concept.content().unwrap(), Some(key.as_str()));
            assert_eq!(concept.vector().unwrap(), Some(&[1.0, 2.0][..]));
        }
    }
}
