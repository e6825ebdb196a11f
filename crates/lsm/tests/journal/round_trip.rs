//! What is written comes back: once, whole, in order.

use proptest::collection::vec;
use proptest::prelude::*;
use sutra_format::journal::FrameHeader;
use sutra_format::limits::COMMIT_BYTES_MAX;
use sutra_format::{AssociationKind, AssociationRecord, ConceptId, ConceptRecord};
use sutra_lsm::journal::{BodyError, CommitBody, End, Identity, JournalWriter, Payload, verify};
use sutra_testkit::{SimDir, SplitMix};
use zerocopy::little_endian::{U32, U64};

use crate::support::{IDENTITY, Journal, body, read_back};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn groups_of_commits_come_back_as_they_were(
        groups in vec((vec(any::<u64>(), 0..4), any::<bool>(), any::<bool>()), 0..8),
        text_max in prop_oneof![Just(40_u64), Just(5_000), Just(200_000)],
        seal in any::<bool>(),
    ) {
        let mut journal = Journal::new();
        for (seeds, sync, mark) in groups {
            let bodies = seeds.iter().map(|seed| body(&mut SplitMix::new(*seed), 6, text_max));
            journal.write(bodies.collect());
            if sync {
                journal.writer.sync().unwrap();
            }
            if mark {
                journal.writer.mark().unwrap();
            }
        }
        if seal {
            journal.writer.seal(9).unwrap();
        }
        let (replayed, found) = read_back(&journal.dir, &IDENTITY).unwrap();
        prop_assert_eq!(&found, &journal.written);
        prop_assert_eq!(replayed.next_seq, journal.writer.next_seq());
        prop_assert_eq!(replayed.end, if seal { End::Sealed { next_journal: 9 } } else { End::Clean });
        let verified = verify(&journal.dir, &IDENTITY).unwrap();
        prop_assert_eq!(verified.replayed, replayed);
        prop_assert_eq!(verified.leftover, None);
    }

    #[test]
    fn a_payload_keeps_texts_and_vectors_at_the_offsets_it_gives(
        parts in vec(prop_oneof![
            vec(any::<u8>(), 0..30).prop_map(Ok),
            vec(any::<f32>(), 1..9).prop_map(Err),
        ], 0..20),
    ) {
        let mut payload = Payload::default();
        let offsets: Vec<u64> = parts.iter().map(|part| match part {
            Ok(text) => payload.push_entry(text),
            Err(values) => payload.push_vector(values),
        }).collect();
        prop_assert_eq!(&Payload::copy_of(payload.bytes()), &payload);
        prop_assert_eq!(payload.bytes().as_ptr().align_offset(4), 0);
        for (part, offset) in parts.iter().zip(offsets) {
            let bytes = &payload.bytes()[usize::try_from(offset).unwrap()..];
            match part {
                Ok(text) => {
                    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
                    prop_assert_eq!(&bytes[..4], length);
                    prop_assert_eq!(&bytes[4..4 + text.len()], &text[..]);
                }
                Err(values) => {
                    prop_assert_eq!(offset % 4, 0);
                    for (value, bytes) in values.iter().zip(bytes.chunks_exact(4)) {
                        prop_assert_eq!(bytes, value.to_le_bytes());
                    }
                }
            }
        }
    }
}

#[test]
fn payloads_are_equal_if_their_bytes_are() {
    let of = |text: &[u8]| Payload::copy_of(text);
    assert_eq!(of(b"words"), of(b"words"));
    for other in [&b"wards"[..], b"word", b"words\0", b""] {
        assert_ne!(of(b"words"), of(other));
    }
}

#[test]
fn a_writer_knows_how_far_it_has_come_and_how_far_that_is_durable() {
    let mut journal = Journal::new();
    let start = journal.writer.length();
    assert_eq!((journal.writer.synced_upto(), journal.writer.is_synced()), (start, true));
    journal.write(vec![body(&mut SplitMix::new(3), 3, 20)]);
    let tail = journal.writer.length();
    assert!(tail > start);
    assert_eq!((journal.writer.synced_upto(), journal.writer.is_synced()), (start, false));
    journal.writer.sync().unwrap();
    assert_eq!((journal.writer.synced_upto(), journal.writer.is_synced()), (tail, true));
    journal.writer.mark().unwrap();
    assert_eq!(journal.writer.length(), tail, "a mark is overwritten");
    journal.writer.seal(8).unwrap();
    let sealed = tail + FrameHeader::BYTES as u64;
    assert_eq!((journal.writer.length(), journal.writer.synced_upto()), (sealed, sealed));
}

#[test]
fn an_empty_journal_comes_back_empty() {
    let journal = Journal::new();
    let (replayed, found) = read_back(&journal.dir, &IDENTITY).unwrap();
    assert_eq!((replayed.end, replayed.next_seq), (End::Clean, 1_001));
    assert!(found.is_empty());
}

#[test]
fn a_commit_of_the_largest_size_comes_back_and_a_larger_one_is_refused() {
    let mut largest = CommitBody::default();
    largest.payload.push_entry(&vec![b'x'; COMMIT_BYTES_MAX - 4]);
    let mut larger = largest.clone();
    larger.associations.push(AssociationRecord::new(
        ConceptId::from_bytes([1; 16]),
        ConceptId::from_bytes([2; 16]),
        AssociationKind::CAUSAL,
        1.0,
    ));
    let bytes = COMMIT_BYTES_MAX + 64;
    assert_eq!(larger.check(), Err(BodyError::TooLarge { bytes }));
    let mut journal = Journal::new();
    journal.write(vec![largest]);
    journal.commit(&mut SplitMix::new(1));
    let (_, found) = read_back(&journal.dir, &IDENTITY).unwrap();
    assert!(found == journal.written);
}

#[test]
fn a_commit_that_ends_where_the_zeros_end_comes_back() {
    for short in [0, 8, 64, 72] {
        let mut journal = Journal::new();
        let zeros = (256 << 10) - short;
        let mut body = CommitBody::default();
        body.payload.push_entry(&vec![b'x'; zeros - 64 - 4]);
        journal.write(vec![body]);
        journal.writer.sync().unwrap();
        assert_eq!(journal.writer.length(), 4_096 + zeros as u64);
        let (replayed, found) = read_back(&journal.dir, &IDENTITY).unwrap();
        assert_eq!((replayed.end, found.len()), (End::Clean, 1));
    }
}

#[test]
fn a_body_whose_records_point_outside_of_it_is_refused() {
    let spoil: [fn(&mut ConceptRecord); 7] = [
        |record| record.seq = U64::new(1),
        |record| record.content_offset = U64::new(2),
        |record| record.content_offset = U64::new(u64::MAX - 1),
        |record| record.content_length = U32::new(4),
        |record| record.content_segment = U32::new(3),
        |record| record.vector_offset = U64::new(16),
        |record| record.vector_dimension = U32::new(0),
    ];
    for (which, spoil) in spoil.into_iter().enumerate() {
        let mut body = CommitBody::default();
        let text = body.payload.push_entry(b"text!");
        let vector = body.payload.push_vector(&[1.0, 2.0]);
        let mut record = ConceptRecord::new(ConceptId::from_bytes([1; 16]), text, 5, vector);
        record.vector_dimension = U32::new(2);
        body.concepts.push(record);
        assert_eq!(body.check(), Ok(()));
        spoil(&mut body.concepts[0]);
        let error = body.check().expect_err("the record points outside");
        assert!(matches!(error, BodyError::Concept { row: 0, .. }), "spoiled by {which}: {error}");
    }
}

#[test]
fn two_records_of_one_commit_never_share_a_number() {
    let mut body = CommitBody::default();
    for id in 0..70 {
        let mut record = ConceptRecord::tombstone(ConceptId::from_bytes([id; 16]));
        record.seq = U64::new(u64::from(id));
        body.concepts.push(record);
    }
    assert_eq!(body.check(), Ok(()));
    body.concepts.swap(3, 66);
    assert_eq!(body.check(), Ok(()), "any order will do");
    body.concepts[69].seq = U64::new(5);
    assert!(matches!(body.check(), Err(BodyError::Concept { row: 69, .. })));
}

#[test]
fn each_journal_begins_where_the_one_before_was_sealed() {
    let dir = SimDir::new();
    let mut rng = SplitMix::new(3);
    let mut first = Journal::new();
    first.commit(&mut rng);
    first.writer.seal(8).unwrap();
    let second = Identity { journal_id: 8, first_seq: first.writer.next_seq(), ..IDENTITY };
    let second = JournalWriter::create(&dir, second, 6, 1 << 20).unwrap();
    assert_eq!(second.next_seq(), first.writer.next_seq());
    let (replayed, _) = read_back(&first.dir, &IDENTITY).unwrap();
    assert_eq!(replayed.next_seq, second.next_seq());
    assert_eq!(replayed.end, End::Sealed { next_journal: second.identity().journal_id });
}

#[test]
fn a_body_whose_records_share_a_vector_is_refused() {
    for values in [1, 4, 100] {
        let mut body = CommitBody::default();
        let vector = body.payload.push_vector(&vec![1.0; values]);
        for n in 0..2 {
            let id = ConceptId::from_bytes([n; 16]);
            let absent = ConceptRecord::ABSENT;
            let mut record = ConceptRecord::new(id, absent, 0, vector);
            record.vector_dimension = U32::new(u32::try_from(values).unwrap());
            record.seq = U64::new(n.into());
            body.concepts.push(record);
            let checked = body.check().map_err(|error| error.to_string());
            let is_told =
                checked.as_ref().is_err_and(|error| error.contains("share their payload"));
            assert_eq!((checked.is_err(), is_told), (n == 1, n == 1), "{values}: {checked:?}");
        }
    }
}

#[test]
fn a_journal_of_no_capacity_has_room_for_a_page_of_frames() {
    for capacity in [0, 1, 4_096, 8_192] {
        let dir = SimDir::new();
        JournalWriter::create(&dir, IDENTITY, 5, capacity).unwrap();
        assert_eq!(dir.image().length(&IDENTITY.name()), 8_192, "{capacity}");
    }
}
