//! Files that were made to harm: no panic, bounded reading, whatever the sums say.

use proptest::prelude::*;
use sutra_format::journal::{FRAMES_START, FrameHeader};
use sutra_format::{ConceptId, ConceptRecord};
use sutra_lsm::journal::{CommitBody, JournalError, verify};
use sutra_testkit::{Image, SimDir, SplitMix};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, FromZeros, IntoBytes};

use crate::support::{IDENTITY, Journal, body, read_image};

/// Changes one field of a header, and sums it again.
fn forge(header: &mut FrameHeader, field: u8, value: u64, offset: u64) {
    let (word, half) = (U32::new(value as u32), U16::new(value as u16));
    match field % 12 {
        0 => header.kind = half,
        1 => header.flags = half,
        2 => header.first_seq = U64::new(value),
        3 => header.commit_time = U64::new(value),
        4 => header.synced_upto = U64::new(value),
        5 => header.concept_count = word,
        6 => header.association_count = word,
        7 => header.payload_length = word,
        8 => header.body_crc = word,
        9 => header.previous_crc = word,
        10 => header.next_journal = word,
        _ => header.reserved = word,
    }
    let sum = header.sum(IDENTITY.hash_seed, IDENTITY.journal_id, offset);
    header.header_crc = U32::new(sum);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn forged_headers_never_panic_and_never_give_other_commits(
        seed in any::<u64>(),
        frame in 0..4_usize,
        field in any::<u8>(),
        value in prop_oneof![0..8_u64, 4_096..6_000_u64, any::<u64>(), Just(u64::MAX)],
    ) {
        let mut rng = SplitMix::new(seed);
        let mut journal = Journal::new();
        let mut starts = Vec::new();
        for _ in 0..4 {
            starts.push(journal.writer.length());
            journal.commit(&mut rng);
        }
        let (mut image, offset) = (journal.image(500), starts[frame]);
        let bytes = image.read(&IDENTITY.name()).unwrap();
        let (header, _) =
            FrameHeader::ref_from_prefix(&bytes[usize::try_from(offset).unwrap()..]).unwrap();
        let mut forged = *header;
        forge(&mut forged, field, value, offset);
        image.overwrite(&IDENTITY.name(), offset, forged.as_bytes());
        match read_image(&image) {
            Err(JournalError::Corrupt { .. }) => {}
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
            Ok((_, found)) => {
                let bodies = found.iter().map(|commit| &commit.body);
                prop_assert!(bodies.zip(&journal.written).all(|(a, b)| *a == b.body));
            }
        }
    }

    #[test]
    fn bytes_at_random_behind_a_header_never_panic(
        seed in any::<u64>(),
        length in 0..20_000_u64,
    ) {
        let mut rng = SplitMix::new(seed);
        let mut junk = vec![0; usize::try_from(length).unwrap()];
        rng.fill(&mut junk);
        let mut image = Journal::new().image(0);
        image.overwrite(&IDENTITY.name(), FRAMES_START, &junk);
        if let Ok((replayed, found)) = read_image(&image) {
            prop_assert!(found.is_empty());
            prop_assert_eq!(replayed.offset, FRAMES_START);
        }
    }
}

#[test]
fn a_file_of_nothing_but_headers_is_read_once() {
    let mut image = Journal::new().image(0);
    let length = 3_u64 << 20;
    let mut bytes = Vec::new();
    for offset in (FRAMES_START..length).step_by(64) {
        let mut header = FrameHeader::new_zeroed();
        header.magic = U32::new(FrameHeader::MAGIC);
        forge(&mut header, 0, 1, offset);
        bytes.extend_from_slice(header.as_bytes());
    }
    image.overwrite(&IDENTITY.name(), FRAMES_START, &bytes);
    let dir = SimDir::from_image(&image);
    let before = dir.read_count();
    let verified = verify(&dir, &IDENTITY).unwrap();
    assert_eq!(verified.leftover.map(|rest| rest.headers), Some((length - FRAMES_START) / 64));
    assert!(dir.read_count() - before < 12, "3 MiB are read in pieces of 1 MiB");
}

#[test]
fn a_claim_is_found_wherever_it_stands_behind_the_end() {
    let mut journal = Journal::new();
    journal.write(vec![body(&mut SplitMix::new(1), 3, 20)]);
    let end = journal.writer.length();
    let whole = journal.image(2 << 20);
    // Around the place where one piece of what is read ends and the next one begins.
    for offset in (end..end + 500).chain(end + (1 << 20) - 100..end + (1 << 20) + 100).step_by(8) {
        let offset = offset.next_multiple_of(8);
        let mut header = FrameHeader::new_zeroed();
        header.magic = U32::new(FrameHeader::MAGIC);
        header.kind = U16::new(1);
        forge(&mut header, 4, end + 8, offset);
        let mut image = whole.clone();
        image.overwrite(&IDENTITY.name(), offset, header.as_bytes());
        let result = read_image(&image);
        // No frame can claim what lies behind itself.
        assert_eq!(result.is_err(), offset >= end + 8, "at {offset}, {} behind", offset - end);
    }
}

#[test]
fn a_frame_that_skips_or_repeats_sequence_numbers_is_refused() {
    let mut journal = Journal::new();
    journal.write(vec![body(&mut SplitMix::new(1), 3, 20)]);
    let bytes = journal.image(64).read(&IDENTITY.name()).unwrap();
    let (header, _) = FrameHeader::ref_from_prefix(&bytes[4_096..]).unwrap();
    for first_seq in [IDENTITY.first_seq - 1, IDENTITY.first_seq + 1] {
        let mut forged = *header;
        forge(&mut forged, 2, first_seq, FRAMES_START);
        let mut image = journal.image(64);
        image.overwrite(&IDENTITY.name(), FRAMES_START, forged.as_bytes());
        let error = read_image(&image).unwrap_err().to_string();
        assert!(error.contains("where 1001 must follow"), "{error}");
    }
}

#[test]
fn a_frame_that_says_it_is_longer_than_the_file_is_refused_before_memory_is_taken() {
    let mut journal = Journal::new();
    journal.write(vec![body(&mut SplitMix::new(1), 3, 20)]);
    let mut image = journal.image(64);
    let bytes = image.read(&IDENTITY.name()).unwrap();
    let (header, _) = FrameHeader::ref_from_prefix(&bytes[4_096..]).unwrap();
    let mut forged = *header;
    forge(&mut forged, 7, 30 << 20, FRAMES_START);
    image.overwrite(&IDENTITY.name(), FRAMES_START, forged.as_bytes());
    let error = read_image(&image).unwrap_err();
    assert!(error.to_string().contains("the file was cut"), "{error}");
}

#[test]
fn a_file_that_is_no_journal_is_refused() {
    for bytes in [&b""[..], b"SUTRAJ\0\0", &[0; 5_000], &[0xff; 5_000]] {
        let mut image = Image::new();
        image.put(&IDENTITY.name(), bytes);
        let error = read_image(&image).unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { offset: 0, .. }), "{error}");
    }
}

/// A thousand records that name one long text would be replayed in the time of a thousand texts.
#[test]
fn records_that_share_a_text_are_refused() {
    let mut body = CommitBody::default();
    let offset = body.payload.push_entry(b"a text");
    for n in 0..2 {
        let id = ConceptId::from_bytes([n; 16]);
        let mut record = ConceptRecord::new(id, offset, 6, ConceptRecord::ABSENT);
        record.seq = U64::new(n.into());
        body.concepts.push(record);
    }
    let error = body.check().unwrap_err();
    assert!(error.to_string().contains("records share their payload"), "{error}");
    body.concepts.pop();
    assert_eq!(body.check(), Ok(()));
}
