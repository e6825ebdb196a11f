//! Damage is noticed: every flipped bit, every cut, and anything that sums itself correctly.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::{Concept, Rows, SEGMENT_ID, Switched, id, open, sample, sum_again};
use sutra_format::{AssociationKind, AssociationRecord, ConceptRecord};
use sutra_fs::{Dir, File, Name};
use sutra_segment::{Segment, SegmentAppender, SegmentError};
use sutra_testkit::{SimDir, SplitMix, truncations};
use zerocopy::IntoBytes;

fn appended() -> Vec<u8> {
    let dir = SimDir::new();
    let name = Name::new("data.seg").unwrap();
    let mut segment = SegmentAppender::create_in(dir.clone(), name.clone(), SEGMENT_ID).unwrap();
    for n in 0..3 {
        let (content, length) = segment.append_content("Hello, Sutra!").unwrap();
        let (vector, _) = segment.append_vector(&[1.5; 5]).unwrap();
        segment.append_concept(ConceptRecord::new(id(n), content, length, vector)).unwrap();
        let kind = AssociationKind::CAUSAL;
        segment.append_association(AssociationRecord::new(id(n), id(9), kind, 0.5)).unwrap();
    }
    segment.close().unwrap();
    dir.open(&name).unwrap().map().unwrap().as_ref().to_vec()
}

type Answer = Result<Vec<u8>, SegmentError>;

/// Every read that the segment answers, each as bytes.
fn answers<D: AsRef<[u8]>>(segment: &Segment<D>, seed: u64) -> Vec<Answer> {
    let mut all = vec![
        Ok(format!("{:?}", segment.stats()).into_bytes()),
        segment.iter_concepts().map(|all| all.flat_map(|r| r.as_bytes().to_vec()).collect()),
        segment.iter_associations().map(|all| all.flat_map(|r| r.as_bytes().to_vec()).collect()),
        segment.vertex_tombstones().map(|rows| rows.as_bytes().to_vec()),
        segment.homes().map(|rows| rows.as_bytes().to_vec()),
    ];
    for n in 0..8 {
        let id = id(n);
        let hash = sutra_format::hash::placement(seed, &id);
        all.push(segment.find_concept(hash, &id).map(|r| r.as_bytes().to_vec()));
        let mut found = [None];
        let batch = segment.find_concepts(&[(hash, id)], &mut found);
        all.push(batch.map(|()| found[0].as_bytes().to_vec()));
        all.push(segment.outgoing(hash, &id).map(|records| records.as_bytes().to_vec()));
        let incoming = segment.incoming(hash, &id).and_then(|rows| {
            let records: Result<Vec<_>, _> = rows.map(|row| row.copied()).collect();
            Ok(records?.as_bytes().to_vec())
        });
        all.push(incoming);
        let mut out: [&[_]; 1] = [&[]];
        let batch = segment.outgoing_of_all(&[(hash, id)], &mut out);
        all.push(batch.map(|()| out[0].as_bytes().to_vec()));
        let mut into: [&[_]; 1] = [&[]];
        let batch = segment.incoming_of_all(&[(hash, id)], &mut into);
        all.push(batch.map(|()| into[0].as_bytes().to_vec()));
        let tombstone = segment.vertex_tombstone(hash, &id);
        all.push(tombstone.map(|seq| seq.unwrap_or(u64::MAX).to_le_bytes().to_vec()));
        all.push(segment.read_concept(n * 128).map(|r| r.as_bytes().to_vec()));
        all.push(segment.read_association(n * 64).map(|r| r.as_bytes().to_vec()));
        all.push(segment.read_content(n * 17).map(|text| text.as_bytes().to_vec()));
        all.push(segment.read_vector(n * 64).map(|values| values.as_bytes().to_vec()));
        all.push(segment.text(n * 10, n * 3).map(<[u8]>::to_vec));
    }
    all
}

trait AsBytes {
    fn as_bytes(&self) -> &[u8];
}

impl AsBytes for Option<&ConceptRecord> {
    fn as_bytes(&self) -> &[u8] {
        self.map(IntoBytes::as_bytes).unwrap_or_default()
    }
}

/// Whether the error says that the file is damaged, and which file.
fn names_the_file(error: &SegmentError) -> bool {
    matches!(error, SegmentError::Corrupt { .. }) && error.to_string().contains("tests/sample.seg")
}

/// Checks that the damaged segment is refused, or answers as the sound one did where it answers
/// at all, and that a verification finds the damage.
fn check_damaged(bytes: &[u8], seed: u64, sound: &[Answer], damage: &str) {
    let segment = match open(bytes) {
        Ok(segment) => segment,
        Err(error) => return assert!(names_the_file(&error), "{damage}: {error}"),
    };
    for (answer, sound) in answers(&segment, seed).iter().zip(sound) {
        match (answer, sound) {
            (Ok(answer), Ok(sound)) => assert_eq!(answer, sound, "{damage}"),
            (Err(error), Ok(_)) => assert!(names_the_file(error), "{damage}: {error}"),
            (Err(_), Err(_)) => {}
            (Ok(_), Err(_)) => panic!("{damage}: what was refused is answered"),
        }
    }
    check_verify_fails(bytes, damage);
}

fn check_verify_fails(bytes: &[u8], damage: &str) {
    let error = open(bytes).and_then(|segment| segment.verify(&mut |_| ())).expect_err(damage);
    assert!(names_the_file(&error), "{damage}: {error}");
}

pub(crate) fn check_every_bit(bytes: &[u8], seed: u64) {
    let segment = open(bytes).unwrap();
    segment.verify(&mut |_| ()).unwrap();
    let sound = answers(&segment, seed);
    let mut damaged = bytes.to_vec();
    let places = meaningful(bytes);
    for byte in 0..bytes.len() {
        let says_something = places.binary_search(&byte).is_ok();
        for bit in 0..8 {
            damaged[byte] ^= 1 << bit;
            // In the midst of padding one bit of each byte is asked about, and all are verified.
            if says_something || bit == byte % 8 {
                check_damaged(&damaged, seed, &sound, &format!("bit {bit} of byte {byte}"));
            } else {
                check_verify_fails(&damaged, &format!("bit {bit} of byte {byte}"));
            }
            damaged[byte] ^= 1 << bit;
        }
    }
}

fn check_every_cut(bytes: &[u8]) {
    for cut in truncations(bytes) {
        let error = open(cut).expect_err("a part of a segment is none");
        assert!(names_the_file(&error), "cut to {}: {error}", cut.len());
    }
    let longer = [bytes, &[0]].concat();
    assert!(names_the_file(&open(&longer).unwrap_err()), "and so is one with something behind it");
}

#[test]
fn every_flipped_bit_of_a_sorted_segment_is_noticed() {
    check_every_bit(&sample().write(), crate::common::SEED);
}

#[test]
fn every_flipped_bit_of_an_appended_segment_is_noticed() {
    check_every_bit(&appended(), 0);
}

#[test]
fn every_flipped_bit_of_an_empty_segment_is_noticed_at_open() {
    let bytes = Rows::new().write(); // One page sum, so that zeros stand before the section table.
    let mut damaged = bytes.clone();
    for byte in 0..bytes.len() {
        for bit in 0..8 {
            damaged[byte] ^= 1 << bit;
            let error = open(&damaged).expect_err("all of it is read at open");
            assert!(names_the_file(&error), "bit {bit} of byte {byte}: {error}");
            damaged[byte] ^= 1 << bit;
        }
    }
}

#[test]
fn every_cut_is_noticed_at_open() {
    check_every_cut(&sample().write());
    check_every_cut(&appended());
}

/// The places of a segment that say something: all that are not zero, and some around them.
fn meaningful(bytes: &[u8]) -> Vec<usize> {
    let near = |at: &usize| bytes[at.saturating_sub(8)..(at + 8).min(bytes.len())] != [0; 16][..];
    (0..bytes.len()).filter(near).collect()
}

#[test]
fn summing_again_changes_nothing_where_nothing_was_changed() {
    for bytes in [sample().write(), appended()] {
        let mut again = bytes.clone();
        sum_again(&mut again);
        assert!(again == bytes);
    }
}

#[test]
fn lies_under_correct_sums_are_refused_or_answered_but_never_followed_astray() {
    let mut rng = SplitMix::new(1);
    for bytes in [sample().write(), appended()] {
        let places = meaningful(&bytes);
        let (mut opened, mut verified) = (0, 0);
        for _ in 0..20_000 {
            let mut lying = bytes.clone();
            for _ in 0..=rng.below(3) {
                lying[*rng.pick(&places)] = *rng.pick(&[0, 1, 2, 0x7f, 0x80, 0xfe, 0xff]);
            }
            sum_again(&mut lying);
            let Ok(segment) = open(&lying) else { continue };
            opened += 1;
            for answer in answers(&segment, crate::common::SEED) {
                answer.ok(); // That there is one is what is asked.
            }
            verified += u32::from(segment.verify(&mut |_| ()).is_ok());
        }
        assert!(opened > 1000, "the lies are worth telling: {opened} were opened");
        assert!(verified < opened);
    }
}

#[test]
fn a_page_is_checked_when_it_is_first_touched_and_not_again() {
    let mut rows = Rows::new();
    for n in 0..64 {
        rows.put(Concept::new(id(n))); // 32 to a page: two pages.
    }
    let sound = rows.write();
    let mut rotten = sound.clone();
    rotten[4096 + 24] ^= 1; // The first record of each page.
    rotten[8192 + 24] ^= 1;
    let switch = AtomicBool::new(false);
    let bytes = Switched { before: &sound, after: &rotten, switch: &switch };
    let segment = Segment::open(bytes, "tests/sample.seg").unwrap();
    let good = *segment.concept(0).unwrap();
    switch.store(true, Ordering::Relaxed);
    assert_ne!(segment.concept(0).unwrap(), &good, "its page is known, nobody looks again");
    let error = segment.concept(32).unwrap_err();
    assert!(error.to_string().contains("checksum of the page at byte 8192"), "{error}");
    let error = segment.concepts(0..64).unwrap_err();
    assert!(names_the_file(&error), "{error}");
    assert!(segment.verify(&mut |_| ()).is_err(), "a verification looks again");
    switch.store(false, Ordering::Relaxed);
    assert_eq!(segment.concepts(0..64).unwrap().len(), 64);
}

#[test]
fn a_page_of_another_segment_or_place_is_refused() {
    let mut rows = Rows::new();
    for n in 0..64 {
        rows.put(Concept::new(id(n)));
    }
    let bytes = rows.write();
    let swapped = [&bytes[..4096], &bytes[8192..12288], &bytes[4096..8192], &bytes[12288..]];
    let error = open(&swapped.concat()).unwrap().concept(0).map(drop).unwrap_err();
    assert!(names_the_file(&error), "{error}");
    rows.seed ^= 1;
    let other = rows.write();
    let mixed = [&bytes[..12288], &other[12288..16384], &bytes[16384..]].concat();
    let segment = open(&mixed).unwrap();
    assert!(segment.find_concept(0, &id(1)).is_err(), "tag lines under another seed");
}

/// Bytes that start at any address.
struct Shifted(Vec<u8>, usize);

impl AsRef<[u8]> for Shifted {
    fn as_ref(&self) -> &[u8] {
        &self.0[self.1..]
    }
}

#[test]
fn records_are_read_at_any_address_and_vectors_where_they_can_be() {
    let rows = sample();
    let bytes = rows.write();
    for shift in 0..8 {
        let mut buffer = vec![0; bytes.len() + 16];
        let start = buffer.as_ptr().align_offset(8) + shift;
        buffer[start..start + bytes.len()].copy_from_slice(&bytes);
        buffer.truncate(start + bytes.len());
        let segment = Segment::open(Shifted(buffer, start), "tests/sample.seg").unwrap();
        segment.verify(&mut |_| ()).unwrap();
        let record = segment.find_concept(rows.hash(&id(1)), &id(1)).unwrap().unwrap();
        match segment.vector(record.vector_offset.get(), 0) {
            Ok(values) => assert!(shift % 4 == 0 && values == [0.5; 4]),
            Err(error) => {
                assert!(shift % 4 != 0 && matches!(error, SegmentError::Misaligned { .. }));
            }
        }
    }
}

#[test]
fn threads_that_touch_a_cold_segment_together_all_read_the_same() {
    let mut rows = Rows::new();
    for n in 0..2000 {
        rows.put(Concept::new(id(n)).vector(&[n as f32; 7]));
        rows.associate(id(n), 0, id(n / 3));
    }
    let bytes = rows.write();
    let segment = open(&bytes).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (segment, rows) = (&segment, &rows);
            scope.spawn(move || {
                for n in (0..2000).map(|n| (n * 7 + thread * 501) % 2000) {
                    let hash = rows.hash(&id(n));
                    let record = segment.find_concept(hash, &id(n)).unwrap().unwrap();
                    let vector = segment.vector(record.vector_offset.get(), 7).unwrap();
                    assert_eq!(vector, [n as f32; 7]);
                    assert_eq!(segment.outgoing(hash, &id(n)).unwrap()[0].target, id(n / 3));
                }
            });
        }
    });
}
