//! Manifests by path, on a real file system: what is refused, and what the errors say.

use std::fs;
use std::path::Path;

use crate::common::{forged, sample};
use sutra_fs::ErrorKind;
use sutra_manifest::{Manifest, ManifestError, Problem};

/// The text of the error when `bytes` are loaded, with the path cut off.
#[track_caller]
fn message(bytes: &[u8]) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("manifest.json");
    fs::write(&path, bytes).expect("a file");
    let text = Manifest::load(&path).expect_err("it is refused").to_string();
    let path = format!("{}: ", path.display());
    text.strip_prefix(&path).unwrap_or_else(|| panic!("{text} names {path}")).to_owned()
}

#[test]
fn what_is_saved_is_loaded_and_the_one_before_is_kept_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    for (name, previous) in
        [("manifest.json", "manifest.prev.json"), ("a.b", "a.b.prev"), ("json", "json.prev")]
    {
        let (path, previous) = (dir.path().join(name), dir.path().join(previous));
        let mut manifest = sample();
        manifest.save(&path).unwrap();
        assert!(!previous.exists());
        manifest.last_seq += 1;
        manifest.save(&path).unwrap();
        assert_eq!(Manifest::load(&path).unwrap(), manifest);
        assert_eq!(Manifest::load(&previous).unwrap(), sample());
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 6, "nothing else is left behind");
}

#[test]
fn a_path_without_a_plain_file_name_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let long = format!("{}.json", "x".repeat(51)); // No room for the names beside it.
    for name in ["..", "Manifest.json", ".json", "a b", &long] {
        let error = sample().save(dir.path().join(name)).unwrap_err();
        assert!(matches!(error, ManifestError::Path { .. }), "{name}: {error}");
    }
    for path in ["", "/", "..", "."] {
        assert!(matches!(Manifest::load(path), Err(ManifestError::Path { .. })), "{path}");
        assert!(matches!(sample().save(path), Err(ManifestError::Path { .. })), "{path}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_is_not_there_or_no_file_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let kind = |path: &Path| match Manifest::load(path) {
        Err(ManifestError::Fs(error)) => error.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(&dir.path().join("manifest.json")), ErrorKind::NotFound);
    assert_eq!(kind(&dir.path().join("nowhere").join("manifest.json")), ErrorKind::NotFound);
    fs::create_dir(dir.path().join("folder")).unwrap();
    assert_eq!(kind(&dir.path().join("folder")), ErrorKind::NotAFile);
    sample().save(dir.path().join("target")).unwrap();
    std::os::unix::fs::symlink("target", dir.path().join("link")).unwrap();
    assert_eq!(kind(&dir.path().join("link")), ErrorKind::NotAFile);
    assert!(sample().save(dir.path().join("link")).is_err(), "what stands there is not replaced");
}

#[test]
fn a_file_that_is_too_long_is_refused_before_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("manifest.json");
    let length = 1 << 40; // More than could be allocated, and no block of it is on disk.
    fs::File::create(&path).unwrap().set_len(length).unwrap();
    match Manifest::load(&path) {
        Err(ManifestError::Unusable { problem, path: told }) => {
            assert_eq!((problem, told), (Problem::TooLong { length }, path));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn errors_say_what_where_and_what_to_do() {
    let advice = "; restore it from a backup, or put the previous one, manifest.prev.json, in \
                  its place if all files that it names are still there";
    let at_line = "line 6, column 17: invalid type: string \"x\", expected u64";
    assert_eq!(message(&forged(": 40,", ": \"x\",")), format!("{at_line}{advice}"));
    assert_eq!(
        message(&forged("seg_00000005.dat", "../x")),
        format!(
            "segments[0].path: \"../x\" is no plain file name (1 to 64 of a-z, 0-9, '.', '_', \
             '-', no dot first){advice}"
        )
    );
    assert_eq!(
        message(&forged("\"version\": 1", "\"version\": 7")),
        "format version 7 is not known; a newer Sutra may read it"
    );
    let bytes = sample().to_bytes().unwrap();
    let mut flipped = bytes.clone();
    flipped[30] ^= 4;
    let text = message(&flipped);
    let stored = str::from_utf8(&bytes[bytes.len() - 12..bytes.len() - 4]).unwrap();
    assert!(text.starts_with("checksum of the manifest at byte 0 is 0x"), "{text}");
    assert!(text.ends_with(&format!(", stored is 0x{stored}{advice}")), "{text}");
    assert!(message(b"").starts_with("the checksum at its end is missing or cut"));
}

#[test]
fn a_refusal_to_write_says_that_nothing_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("manifest.json");
    let mut manifest = sample();
    manifest.journal_floor = Some(9);
    assert_eq!(
        manifest.save(&path).unwrap_err().to_string(),
        format!("{}: not written: journal_floor: 9 was never allocated", path.display())
    );
}
