//! The contract of `Dir` and `File`, one set of checks for every implementation.

use sutra_fs::{Dir, ErrorKind, File, Name, Operation, Staged, publish};

/// Runs each check on a fresh directory of each kind.
macro_rules! every_directory_keeps {
    ($($check:ident),* $(,)?) => {
        mod on_a_file_system {
            $(
                #[test]
                fn $check() {
                    let place = tempfile::tempdir().expect("a temporary directory");
                    super::$check(&sutra_fs::OsDir::open(place.path()).expect("it opens"));
                }
            )*
        }
        mod simulated {
            $(
                #[test]
                fn $check() {
                    super::$check(&sutra_testkit::SimDir::new());
                }
            )*
        }
    };
}

every_directory_keeps!(
    a_new_file_is_empty_and_takes_bytes_anywhere,
    reading_beyond_the_end_fails_and_reading_up_to_it_does_not,
    create_refuses_a_taken_name_and_leaves_its_file_alone,
    what_is_missing_is_not_found,
    a_file_opened_for_reading_can_be_synced_but_not_written,
    rename_replaces_its_target_and_takes_the_old_name_away,
    a_link_is_the_same_file_under_another_name,
    a_link_is_staged_and_published_as_a_file_is,
    handles_and_maps_outlive_their_name,
    a_map_has_every_byte_and_an_empty_file_maps_to_nothing,
    a_sealed_file_is_read_as_before,
    the_list_is_sorted_and_has_every_name,
    one_writer_at_a_time,
    threads_write_side_by_side,
    publishing_shows_a_whole_file_and_leaves_nothing_staged,
    publishing_takes_over_what_an_earlier_attempt_left,
    a_staged_file_that_is_discarded_leaves_the_old_one,
    names_leave_room_for_the_staged_suffix_or_are_refused,
    errors_name_the_operation_and_the_path,
);

fn name(text: &str) -> Name {
    Name::new(text).expect("a plain name")
}

fn put<D: Dir>(dir: &D, text: &str, bytes: &[u8]) {
    dir.create(&name(text)).unwrap().write_at(0, bytes).unwrap();
}

fn read<F: File>(file: &F) -> Vec<u8> {
    let length = usize::try_from(file.length().unwrap()).unwrap();
    let mut bytes = vec![0; length];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

fn get<D: Dir>(dir: &D, text: &str) -> Vec<u8> {
    read(&dir.open(&name(text)).unwrap())
}

/// What a call failed with.
#[track_caller]
fn kind<T>(result: sutra_fs::Result<T>) -> ErrorKind {
    result.err().expect("the call fails").kind
}

fn a_new_file_is_empty_and_takes_bytes_anywhere<D: Dir>(dir: &D) {
    let file = dir.create(&name("a")).unwrap();
    assert_eq!(file.length().unwrap(), 0);
    file.write_at(5_000, b"end").unwrap();
    assert_eq!(file.length().unwrap(), 5_003);
    file.write_at(1_020, b"middle").unwrap();
    file.write_at(1_022, b"DD").unwrap();
    let mut expected = vec![0; 5_003];
    expected[1_020..1_026].copy_from_slice(b"miDDle");
    expected[5_000..].copy_from_slice(b"end");
    assert_eq!(read(&file), expected);
    assert_eq!(get(dir, "a"), expected, "another handle reads the same");
}

fn reading_beyond_the_end_fails_and_reading_up_to_it_does_not<D: Dir>(dir: &D) {
    put(dir, "a", b"abc");
    let file = dir.open(&name("a")).unwrap();
    let mut buffer = [0; 2];
    file.read_at(1, &mut buffer).unwrap();
    assert_eq!(&buffer, b"bc");
    file.read_at(3, &mut []).unwrap();
    for offset in [2, 3, 4, 1 << 40] {
        assert_eq!(kind(file.read_at(offset, &mut buffer)), ErrorKind::TooShort, "{offset}");
    }
}

fn create_refuses_a_taken_name_and_leaves_its_file_alone<D: Dir>(dir: &D) {
    put(dir, "a", b"abc");
    assert_eq!(kind(dir.create(&name("a"))), ErrorKind::AlreadyExists);
    assert_eq!(get(dir, "a"), b"abc");
}

fn what_is_missing_is_not_found<D: Dir>(dir: &D) {
    assert_eq!(kind(dir.open(&name("a"))), ErrorKind::NotFound);
    assert_eq!(kind(dir.remove(&name("a"))), ErrorKind::NotFound);
    assert_eq!(kind(dir.rename(&name("a"), &name("b"))), ErrorKind::NotFound);
    assert_eq!(dir.list().unwrap(), []);
}

fn a_file_opened_for_reading_can_be_synced_but_not_written<D: Dir>(dir: &D) {
    put(dir, "a", b"abc");
    let file = dir.open(&name("a")).unwrap();
    assert!(file.write_at(0, b"x").is_err());
    file.sync().unwrap();
    assert_eq!(get(dir, "a"), b"abc");
}

fn rename_replaces_its_target_and_takes_the_old_name_away<D: Dir>(dir: &D) {
    put(dir, "new", b"new");
    put(dir, "old", b"old");
    dir.rename(&name("new"), &name("old")).unwrap();
    assert_eq!(dir.list().unwrap(), [name("old")]);
    assert_eq!(get(dir, "old"), b"new");
    dir.rename(&name("old"), &name("free")).unwrap();
    assert_eq!(dir.list().unwrap(), [name("free")]);
}

fn a_link_is_the_same_file_under_another_name<D: Dir>(dir: &D) {
    put(dir, "a", b"bytes");
    put(dir, "taken", b"mine");
    dir.link(dir, &name("a"), &name("b")).unwrap();
    assert_eq!(kind(dir.link(dir, &name("a"), &name("taken"))), ErrorKind::AlreadyExists);
    assert_eq!(kind(dir.link(dir, &name("missing"), &name("c"))), ErrorKind::NotFound);
    dir.remove(&name("a")).unwrap();
    assert_eq!((get(dir, "b"), get(dir, "taken")), (b"bytes".to_vec(), b"mine".to_vec()));
    assert_eq!(dir.list().unwrap(), [name("b"), name("taken")]);
}

fn a_link_is_staged_and_published_as_a_file_is<D: Dir>(dir: &D) {
    put(dir, "a", b"bytes");
    put(dir, "a.tmp", b"left by an earlier attempt");
    let staged = Staged::link(dir, dir, &name("a")).unwrap();
    assert_eq!((read(staged.file()), get(dir, "a.tmp")), (b"bytes".to_vec(), b"bytes".to_vec()));
    dir.remove(&name("a")).unwrap(); // Two names of one file do not replace each other.
    staged.publish(dir).unwrap();
    assert_eq!((get(dir, "a"), dir.list().unwrap().len()), (b"bytes".to_vec(), 1));
}

fn handles_and_maps_outlive_their_name<D: Dir>(dir: &D) {
    put(dir, "removed", b"removed");
    put(dir, "replaced", b"replaced");
    let handles = ["removed", "replaced"].map(|text| dir.open(&name(text)).unwrap());
    let maps = ["removed", "replaced"].map(|text| dir.open(&name(text)).unwrap().map().unwrap());
    dir.remove(&name("removed")).unwrap();
    publish(dir, &name("replaced"), b"something else").unwrap();
    assert_eq!(handles.each_ref().map(read), [&b"removed"[..], b"replaced"]);
    assert_eq!(maps.each_ref().map(AsRef::as_ref), [&b"removed"[..], b"replaced"]);
    assert_eq!(get(dir, "replaced"), b"something else");
}

fn a_map_has_every_byte_and_an_empty_file_maps_to_nothing<D: Dir>(dir: &D) {
    let bytes: Vec<u8> = (0..10_000_u32).flat_map(u32::to_le_bytes).collect();
    put(dir, "a", &bytes);
    put(dir, "empty", b"");
    let map = dir.open(&name("a")).unwrap().map().unwrap();
    assert!(map.as_ref() == bytes);
    assert_eq!(map.as_ref().as_ptr().align_offset(64), 0, "casts rely on the alignment");
    assert!(dir.open(&name("empty")).unwrap().map().unwrap().as_ref().is_empty());
}

fn a_sealed_file_is_read_as_before<D: Dir>(dir: &D) {
    let file = dir.create(&name("a")).unwrap();
    file.write_at(0, b"abc").unwrap();
    file.seal().unwrap();
    file.sync().unwrap();
    assert_eq!(read(&file), b"abc");
    assert_eq!(file.map().unwrap().as_ref(), b"abc");
    assert_eq!(get(dir, "a"), b"abc");
    dir.remove(&name("a")).unwrap();
}

fn the_list_is_sorted_and_has_every_name<D: Dir>(dir: &D) {
    for text in ["b", "a.tmp", "z-9", "a"] {
        put(dir, text, b"");
    }
    assert_eq!(dir.list().unwrap(), ["a", "a.tmp", "b", "z-9"].map(name));
}

fn one_writer_at_a_time<D: Dir>(dir: &D) {
    let first = dir.lock(&name("lock")).unwrap();
    assert_eq!(kind(dir.lock(&name("lock"))), ErrorKind::Locked);
    drop(dir.lock(&name("other")).unwrap());
    drop(first);
    drop(dir.lock(&name("lock")).unwrap());
    let again = dir.lock(&name("lock"));
    assert!(again.is_ok(), "a lock file that was left behind is no lock");
}

fn threads_write_side_by_side<D: Dir>(dir: &D) {
    let file = dir.create(&name("a")).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let file = &file;
            scope.spawn(move || {
                for turn in 0..50_u64 {
                    file.write_at((turn * 4 + u64::from(thread)) * 10, &[thread + 1; 10]).unwrap();
                }
            });
        }
    });
    let expected: Vec<u8> = (0..2_000).map(|at| (at / 10 % 4) as u8 + 1).collect();
    assert_eq!(read(&file), expected);
}

fn publishing_shows_a_whole_file_and_leaves_nothing_staged<D: Dir>(dir: &D) {
    publish(dir, &name("a"), b"first").unwrap();
    publish(dir, &name("a"), b"2nd").unwrap();
    assert_eq!(get(dir, "a"), b"2nd");
    assert_eq!(dir.list().unwrap(), [name("a")]);
}

fn publishing_takes_over_what_an_earlier_attempt_left<D: Dir>(dir: &D) {
    put(dir, "a.tmp", b"longer than what comes now");
    publish(dir, &name("a"), b"new").unwrap();
    assert_eq!(get(dir, "a"), b"new");
    assert_eq!(dir.list().unwrap(), [name("a")]);
}

fn a_staged_file_that_is_discarded_leaves_the_old_one<D: Dir>(dir: &D) {
    publish(dir, &name("a"), b"old").unwrap();
    let staged = Staged::create(dir, &name("a")).unwrap();
    staged.file().write_at(0, b"new").unwrap();
    assert_eq!(get(dir, "a"), b"old");
    staged.discard(dir).unwrap();
    assert_eq!(get(dir, "a"), b"old");
    assert_eq!(dir.list().unwrap(), [name("a")]);
}

fn names_leave_room_for_the_staged_suffix_or_are_refused<D: Dir>(dir: &D) {
    let longest = name(&"n".repeat(Name::BYTES_MAX - sutra_fs::STAGED_SUFFIX.len()));
    publish(dir, &longest, b"fits").unwrap();
    let longer = name(&"n".repeat(longest.as_str().len() + 1));
    let error = publish(dir, &longer, b"does not").unwrap_err();
    assert_eq!(error.operation, Operation::Create);
    assert!(error.to_string().contains(longer.as_str()), "{error}");
    assert_eq!(dir.list().unwrap(), [longest]);
}

fn errors_name_the_operation_and_the_path<D: Dir>(dir: &D) {
    let path = dir.path(&name("a"));
    let check = |error: sutra_fs::FsError, operation, verb: &str| {
        assert_eq!((error.operation, &error.path), (operation, &path));
        let begin = format!("cannot {verb} {}: ", path.display());
        assert!(error.to_string().starts_with(&begin), "{error}");
    };
    check(dir.open(&name("a")).err().unwrap(), Operation::Open, "open");
    check(dir.remove(&name("a")).unwrap_err(), Operation::Remove, "remove");
    check(dir.rename(&name("a"), &name("b")).unwrap_err(), Operation::Rename, "rename");
    let file = dir.create(&name("a")).unwrap();
    check(dir.create(&name("a")).err().unwrap(), Operation::Create, "create");
    check(file.read_at(0, &mut [0]).unwrap_err(), Operation::Read, "read");
    let _lock = dir.lock(&name("lock")).unwrap();
    let locked = dir.lock(&name("lock")).err().unwrap().to_string();
    assert!(locked.contains("another writer") && locked.contains("lock: "), "{locked}");
}
