//! Each kind of error, met on the way on which a user meets it.

use std::fs;
use std::path::{Path, PathBuf};

use sutra_storage::{
    AssociationKind, Batch, ConceptId, Error, ErrorKind, Manifest, NewAssociation, NewConcept,
    Segment, SegmentMetadata, Store, StoreOptions, Touch,
};

const ID: ConceptId = ConceptId::from_bytes([1; 16]);

#[track_caller]
fn check<T>(result: Result<T, impl Into<Error>>, kind: ErrorKind, message: &str) -> Error {
    let Err(error) = result else { panic!("expected {kind:?}") };
    let error: Error = error.into();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(message), "{error}: lacks {message:?}");
    error
}

fn filled(dir: &Path) -> Store {
    let store = Store::open(dir).unwrap();
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("a").content("content")).unwrap();
    store.commit(&batch).unwrap();
    store
}

fn file_of(dir: &Path, prefix: &str) -> PathBuf {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let is_wanted = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
    };
    names.into_iter().find(is_wanted).unwrap()
}

#[test]
fn what_is_not_there_is_not_found() {
    let place = tempfile::tempdir().unwrap();
    let absent = place.path().join("absent");
    let error = check(Store::open_read_only(&absent), ErrorKind::NotFound, "absent");
    assert_eq!(error.path(), Some(&*absent));
    check(Store::open_read_only(place.path()), ErrorKind::NotFound, "no store here");
    for dir in [&absent, place.path()] {
        let options = StoreOptions { create: false, ..Default::default() };
        check(options.open(dir), ErrorKind::NotFound, &dir.display().to_string());
    }
    assert!(!absent.exists() && fs::read_dir(place.path()).unwrap().next().is_none());
    check(Segment::open_read(&absent), ErrorKind::NotFound, "absent");
    check(Manifest::load(&absent), ErrorKind::NotFound, "absent");
}

#[test]
fn a_second_writer_is_told_that_the_store_is_locked() {
    let place = tempfile::tempdir().unwrap();
    let store = filled(place.path());
    let message = "another writer has this store open";
    check(Store::open(place.path()), ErrorKind::Locked, message);
    store.close().unwrap();
    assert!(Store::open(place.path()).is_ok());
}

#[test]
fn a_reader_cannot_write() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path()).close().unwrap();
    let reader = Store::open_read_only(place.path()).unwrap();
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("b")).unwrap();
    let message = "open it for writing";
    check(reader.commit(&batch), ErrorKind::ReadOnly, message);
    check(reader.register_kind("new"), ErrorKind::ReadOnly, message);
    check(reader.flush(), ErrorKind::ReadOnly, message);
    check(reader.compact(), ErrorKind::ReadOnly, message);
    assert!(reader.register_kind("causal").is_ok());
    reader.close().unwrap();
}

#[test]
fn a_value_that_cannot_be_stored_is_refused_when_it_is_added() {
    let mut batch = Batch::new();
    let long = "x".repeat(1025);
    let huge = "x".repeat((16 << 20) + 1);
    let wide = vec![0.0; 65_537];
    let new = || NewConcept::with_id(ID);
    let concepts = [
        (NewConcept::with_key(""), "empty"),
        (NewConcept::with_key(&long), "key: 1025 bytes"),
        (new().content(&huge), "content: 16777217 bytes"),
        (new().attributes(&huge), "attributes: 16777217 bytes"),
        (new().vector(&[]), "0 dimensions"),
        (new().vector(&wide), "65537 dimensions"),
        (new().vector(&[0.0, f32::NAN]), "value 1"),
        (new().strength(f32::INFINITY), "strength"),
        (new().confidence(f32::NAN), "confidence"),
        (new().valid(Some(2), Some(1)), "ends before it starts"),
    ];
    for (concept, message) in concepts {
        check(batch.put(concept), ErrorKind::InvalidInput, message);
    }
    let new = || NewAssociation::new(ID, AssociationKind::CAUSAL, ID);
    let associations = [
        (new().weight(f32::NAN), "weight"),
        (new().confidence(f32::NEG_INFINITY), "confidence"),
        (new().vector(&[f32::NAN]), "value 0"),
        (new().content(&huge), "content"),
        (new().valid(Some(1 << 48), None), "48 bits"),
        (new().valid(Some(2), Some(1)), "its own end"),
    ];
    for (association, message) in associations {
        check(batch.associate(association), ErrorKind::InvalidInput, message);
    }
    let touch = Touch { strength: Some(f32::NAN), ..Touch::new(ID) };
    check(batch.touch(touch), ErrorKind::InvalidInput, "finite");
    assert!(batch.is_empty() && batch.byte_size() == 0, "a refusal leaves the batch as it was");
}

#[test]
fn a_batch_that_the_store_cannot_take_is_refused_whole() {
    let place = tempfile::tempdir().unwrap();
    let store = filled(place.path());
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key("b")).unwrap();
    let nameless = AssociationKind::from_code(77);
    batch.associate(NewAssociation::new(ID, nameless, ID)).unwrap();
    check(store.commit(&batch), ErrorKind::InvalidInput, "kind 77");
    assert!(store.snapshot().concept_of_key("b").unwrap().is_none());
    check(store.register_kind(""), ErrorKind::InvalidInput, "1 to 255 bytes");
    check(store.register_kind("a\nb"), ErrorKind::InvalidInput, "control characters");

    let mut batch = Batch::new();
    let content = "x".repeat(12 << 20);
    for key in ["b", "c", "d"] {
        batch.put(NewConcept::with_key(key).content(&content)).unwrap();
    }
    assert!(batch.byte_size() > Batch::BYTES_MAX);
    check(store.commit(&batch), ErrorKind::InvalidInput, "");
    assert!(store.snapshot().concept_of_key("b").unwrap().is_none());
}

#[test]
fn damage_names_the_file_and_the_place() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path()).close().unwrap();
    let path = file_of(place.path(), "seg_");
    let mut bytes = fs::read(&path).unwrap();
    let header = bytes[20];
    bytes[20] ^= 1;
    fs::remove_file(&path).unwrap();
    fs::write(&path, &bytes).unwrap();
    let error = check(Store::open_read_only(place.path()), ErrorKind::Corrupt, "seg_");
    assert_eq!(error.path(), Some(&*path));
    bytes[20] = header;
    bytes[4096] ^= 1; // The first concept record.
    fs::write(&path, &bytes).unwrap();
    let store = Store::open_read_only(place.path()).unwrap();
    let snapshot = store.snapshot();
    let error = check(snapshot.concept_of_key("a"), ErrorKind::Corrupt, "seg_");
    assert_eq!((error.path(), error.offset()), (Some(&*path), Some(4096)));
    let report = store.verify(&mut |_| {}).unwrap();
    assert_eq!(report.damages.len(), 1, "{report:?}");
    assert_eq!((&report.damages[0].path, report.damages[0].offset), (&path, Some(4096)));
}

#[test]
fn a_format_of_the_future_is_unsupported() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("future.seg");
    let mut segment = Segment::create(&path, 1).unwrap();
    segment.sync().unwrap();
    drop(segment);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 99;
    fs::remove_file(&path).unwrap();
    fs::write(&path, &bytes).unwrap();
    check(Segment::open_read(&path), ErrorKind::Unsupported, "newer Sutra");
}

#[test]
fn a_sound_segment_that_is_used_wrongly_is_not_called_corrupt() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("some.seg");
    let mut segment = Segment::create(&path, 1).unwrap();
    check(segment.append_vector(&[f32::NAN]), ErrorKind::InvalidInput, "finite");
    segment.sync().unwrap();
    let segment = Segment::open_read(&path).unwrap();
    check(segment.read_concept(0), ErrorKind::InvalidInput, "no concept");
    check(Segment::create(&path, 1), ErrorKind::InvalidInput, "some.seg");
    let mut manifest = Manifest::new();
    let id = manifest.allocate_segment_id();
    manifest.add_segment(SegmentMetadata::new(id, "../outside".into(), 0));
    check(manifest.save(place.path().join("manifest.json")), ErrorKind::InvalidInput, "path");
}
