//! Every rule, broken once: told by the field that breaks it, when written and when read.

use crate::common::{forged, refused, sample};
use sutra_format::limits::{KIND_NAME_BYTES_MAX, ROWS_MAX};
use sutra_manifest::{History, Manifest, Problem, SegmentMetadata};

/// Breaks a rule and expects that the manifest is not written, because of `field`.
#[track_caller]
fn check(field: &str, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = sample();
    change(&mut manifest);
    match manifest.to_bytes() {
        Err(Problem::Invalid { field: told, .. }) => assert_eq!(told, field),
        other => panic!("{other:?}"),
    }
}

/// Breaks a rule in the file and expects that it is not read, because of `field`.
#[track_caller]
fn check_text(field: &str, from: &str, to: &str) {
    match refused(&forged(from, to)) {
        Problem::Invalid { field: told, .. } => assert_eq!(told, field),
        other => panic!("{other:?}"),
    }
}

/// Changes the file and expects that the parser points at that line and says `wanted`.
#[track_caller]
fn check_json(wanted: &str, from: &str, to: &str) {
    let text = String::from_utf8(sample().to_bytes().expect("the sample holds")).expect("text");
    let changed = text.find(from).map(|at| text[..at].matches('\n').count() + 1);
    match refused(&forged(from, to)) {
        Problem::Json { line, message, .. } => {
            assert!(message.contains(wanted), "{message}");
            assert_eq!(Some(line), changed, "{message}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_path_that_is_no_plain_file_name_is_refused() {
    for path in [
        "../seg_00000005.dat",
        "/etc/passwd",
        "a/b",
        ".",
        "..",
        "",
        ".hidden",
        "SEG.dat",
        "seg 5",
        "a\\b",
        "a\u{0}b",
        "ä.dat",
        "C:x",
    ] {
        check("segments[0].path", |manifest| {
            manifest.update_segment(5, |segment| segment.path = path.into());
        });
        let quoted = path.replace('\\', "\\\\").replace('\0', "\\u0000");
        check_text("segments[0].path", "seg_00000005.dat", &quoted);
    }
    check_text("segments[0].path", "seg_00000005.dat", &"x".repeat(65));
}

#[test]
fn a_path_that_belongs_to_another_file_of_the_store_is_refused() {
    for path in ["manifest.json", "manifest.prev.json", "lock", "journal_00000006.log", "x.tmp"] {
        check_text("segments[0].path", "seg_00000005.dat", path);
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    check("segments[0].path", |manifest| {
        let path = std::ffi::OsStr::from_bytes(b"seg_\xff.dat").into();
        manifest.update_segment(5, |segment| segment.path = path);
    });
}

#[test]
fn an_id_or_a_path_that_is_there_twice_is_refused() {
    check("segments[1].segment_id", |manifest| {
        manifest.update_segment(4, |segment| segment.segment_id = 5);
    });
    check("segments[1].path", |manifest| {
        manifest.update_segment(4, |segment| segment.path = "seg_00000005.dat".into());
    });
}

#[test]
fn an_id_that_was_never_allocated_is_refused() {
    check("segments[0].segment_id", |manifest| {
        manifest.update_segment(5, |segment| segment.segment_id = 7);
    });
    check("journal_floor", |manifest| manifest.journal_floor = Some(7));
}

#[test]
fn a_sequence_number_that_no_store_reaches_is_refused() {
    check("last_seq", |manifest| manifest.last_seq = 1 << 63);
    let mut manifest = sample();
    manifest.last_seq = (1 << 63) - 1;
    assert!(manifest.to_bytes().is_ok());
}

#[test]
fn a_journal_floor_may_be_the_last_id_that_was_given() {
    let mut manifest = sample();
    manifest.journal_floor = manifest.next_segment_id().checked_sub(1);
    assert!(manifest.to_bytes().is_ok());
}

#[test]
fn a_level_beyond_the_highest_is_refused() {
    check("segments[2].level", |manifest| {
        manifest.update_segment(1, |segment| segment.level = SegmentMetadata::LEVEL_MAX + 1);
    });
}

#[test]
fn more_rows_than_a_segment_can_have_are_refused() {
    check("segments[0].concept_count", |manifest| {
        manifest.update_segment(5, |segment| segment.concept_count = ROWS_MAX + 1);
    });
    check("segments[0].association_count", |manifest| {
        manifest.update_segment(5, |segment| segment.association_count = ROWS_MAX + 1);
    });
}

#[test]
fn a_sequence_range_in_disorder_is_refused() {
    check("segments[0].min_seq", |manifest| {
        manifest.update_segment(5, |segment| segment.min_seq = 41);
    });
    check("segments[0].max_seq", |manifest| manifest.last_seq = 39);
}

#[test]
fn ranges_that_overlap_are_refused() {
    check("segments", |manifest| {
        manifest.update_segment(5, |segment| segment.min_seq = 20);
    });
}

#[test]
fn a_level_that_is_newer_than_the_one_above_is_refused() {
    check("segments", |manifest| {
        manifest.update_segment(4, |segment| segment.level = 0);
        manifest.update_segment(5, |segment| segment.level = 1);
    });
}

#[test]
fn homes_of_payload_and_empty_segments_may_overlap_anything() {
    let mut manifest = sample();
    manifest.update_segment(1, |segment| segment.max_seq = 40);
    manifest.update_segment(5, |segment| (segment.min_seq, segment.max_seq) = (0, 0));
    manifest.update_segment(4, |segment| segment.max_seq = 40);
    assert!(manifest.to_bytes().is_ok());
    manifest.update_segment(1, |segment| segment.payload_only = false);
    assert!(manifest.to_bytes().is_err());
}

#[test]
fn kinds_in_the_file_are_checked_like_registered_ones() {
    for name in ["semantic", "", "a\\nb", "a\\u0085b"] {
        check_text("association_kinds[0]", "hypernym", name);
    }
    check_text("association_kinds[1]", "hypernym\"", "k\", \"k\"");
    check_text("association_kinds[0]", "hypernym", &"k".repeat(KIND_NAME_BYTES_MAX + 1));
}

#[test]
fn more_kinds_than_there_are_codes_are_refused_before_they_are_kept() {
    let many = format!("hypernym\"{}", ", \"\"".repeat(70_000));
    check_json("a list of at most 65530 values", "hypernym\"", &many);
}

#[test]
fn fields_must_be_known_and_there_once() {
    check_json("unknown field `colour`", "\"version\": 1,", "\"version\": 1, \"colour\": 2,");
    check_json(
        "duplicate field `last_seq`",
        "\"last_seq\": 40",
        "\"last_seq\": 40, \"last_seq\": 4",
    );
    check_json("duplicate field `version`", "\"version\": 1,", "\"version\": 1, \"version\": 2,");
    check_json("duplicate field `level`", "\"level\": 0,", "\"level\": 0, \"level\": 0,");
    check_json("unknown field `x`", "\"level\": 0,", "\"level\": 0, \"x\": 0,");
}

#[test]
fn no_field_may_be_left_out() {
    let text = String::from_utf8(sample().to_bytes().unwrap()).unwrap();
    let mut fields = 0;
    for line in text.lines().filter(|line| line.ends_with(',')) {
        let Some((field, value)) = line.split_once(": ") else { continue };
        let field = field.trim().trim_matches('"');
        let left_out = forged(&format!("{line}\n"), "");
        let wanted = format!("missing field `{field}`");
        match refused(&left_out) {
            Problem::Json { message, .. } => assert_eq!(message, wanted, "{value}"),
            other => panic!("{field}: {other:?}"),
        }
        fields += 1;
    }
    assert!(fields > 30, "all fields of one line but the last of each object");
}

#[test]
fn numbers_must_be_whole_and_fit() {
    for number in
        ["1e400", "99999999999999999999", "-1", "-0", "1.0", "\"40\"", "null", "040", "+1"]
    {
        let bytes = forged("\"last_seq\": 40", &format!("\"last_seq\": {number}"));
        assert!(matches!(refused(&bytes), Problem::Json { line: 6, .. }), "{number}");
    }
    let wide = forged("\"next_segment_id\": 7", "\"next_segment_id\": 4294967296");
    assert!(matches!(refused(&wide), Problem::Json { line: 5, .. }));
}

#[test]
fn hexadecimal_numbers_have_all_their_digits_in_lower_case() {
    for digits in
        ["0123456789ABCDEF", "123456789abcdef", "00123456789abcdef", "0x23456789abcdef", ""]
    {
        check_json("exactly 16 hexadecimal digits", "0123456789abcdef", digits);
    }
}

#[test]
fn a_list_in_place_of_an_object_is_refused() {
    let text = String::from_utf8(sample().to_bytes().unwrap()).unwrap();
    let (from, to) = (text.find("    {\n").unwrap(), text.find("    },\n").unwrap());
    let segment = &text[from..to + "    }".len()];
    let list = "[5,\"seg_00000005.dat\",30,10,16384,0,0,0,21,40,\"89abcdef\",false]";
    check_json("expected an object", segment, list);
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    check_json(
        "invalid type: sequence, expected u32",
        "\"segment_id\": 5",
        &format!("\"segment_id\": {deep}"),
    );
    check_json("unknown field", "\"version\": 1,", &format!("\"version\": 1, \"x\": {deep},"));
}

#[test]
fn a_message_quotes_little_and_no_control_characters() {
    let name = format!("\\u001b[31m{}", "x".repeat(10_000));
    match refused(&forged("\"version\": 1,", &format!("\"version\": 1, \"{name}\": 2,"))) {
        Problem::Json { message, .. } => {
            assert!(message.len() < 300, "{} bytes", message.len());
            assert!(!message.contains('\u{1b}'), "{message:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut body = b"{\n  \"version\": 1,\n  \"association_kinds\": [\"\xff\"],\n".to_vec();
    let sum = sutra_format::checksum::crc32(sutra_format::checksum::PLAIN_SEED, &body);
    body.extend_from_slice(format!("  \"checksum\": \"{sum:08x}\"\n}}\n").as_bytes());
    assert!(matches!(refused(&body), Problem::Json { line: 3, .. }));
}

#[test]
fn history_is_of_a_store_that_keeps_it_and_of_the_past() {
    let kept =
        |since_seq, window, versions| Some(History { since_seq, since_time: 5, window, versions });
    let keeps = |since_seq| kept(since_seq, None, None);
    check("history.since_seq", |manifest| manifest.history = keeps(manifest.last_seq + 1));
    let mut from_now_on = sample();
    from_now_on.history = keeps(from_now_on.last_seq);
    from_now_on.to_bytes().expect("nothing that was is kept yet");
    let of_nothing = |manifest: &mut Manifest| {
        let id = manifest.segments().iter().find(|s| s.is_live()).expect("one").segment_id;
        assert!(manifest.update_segment(id, |segment| segment.history = true));
    };
    check("segments[0].history", of_nothing);
    check("segments[0].history", |manifest| {
        manifest.history = keeps(1);
        of_nothing(manifest);
        let id = manifest.segments()[0].segment_id;
        manifest.update_segment(id, |segment| segment.payload_only = true);
    });
    check("history.versions", |manifest| manifest.history = kept(1, None, Some(0)));
    check("history.versions", |manifest| manifest.history = kept(1, Some(9), Some(2)));
    let windows = [None, Some(0), Some(u64::MAX)].map(|window| (window, None));
    let numbers = [Some(1), Some(u32::MAX)].map(|versions| (None, versions));
    for (window, versions) in windows.into_iter().chain(numbers) {
        let mut manifest = sample();
        manifest.history = kept(3, window, versions);
        of_nothing(&mut manifest);
        let bytes = manifest.to_bytes().expect("it holds");
        assert_eq!(Manifest::from_bytes(&bytes).expect("it holds"), manifest);
    }
}
