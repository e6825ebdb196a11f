//! Damage in bytes that were durable is noticed, all of it; what never was durable is left out.

use sutra_format::FormatError;
use sutra_format::journal::FRAMES_START;
use sutra_lsm::journal::{CommitBody, Damage, End, Identity, JournalError, Leftover, verify};
use sutra_testkit::{Image, SimDir, SplitMix, truncations};

use crate::support::{IDENTITY, Journal, body, read_back, read_image};

/// Five groups of commits, each synced, with a mark behind them.
fn sample() -> Journal {
    let mut rng = SplitMix::new(11);
    let mut journal = Journal::new();
    for group in 0..5 {
        journal.write((0..=group % 3).map(|_| body(&mut rng, 3, 20)).collect());
        journal.writer.sync().unwrap();
    }
    journal.writer.mark().unwrap();
    journal
}

/// A body that is nothing but this text, for each of them.
fn texts(texts: &[&[u8]]) -> Vec<CommitBody> {
    let body = |text: &&[u8]| {
        let mut body = CommitBody::default();
        body.payload.push_entry(text);
        body
    };
    texts.iter().map(body).collect()
}

#[track_caller]
fn corrupt_at(result: Result<impl Sized, JournalError>) -> u64 {
    match result {
        Err(error @ JournalError::Corrupt { .. }) => error.offset().expect("damage has a place"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the damage went unnoticed"),
    }
}

#[test]
fn every_bit_flip_below_the_mark_is_noticed_and_none_behind_it_loses_a_commit() {
    let journal = sample();
    let image = journal.image(64 + 200);
    let name = IDENTITY.name();
    let tail = journal.writer.length();
    for bit in 0..image.length(&name) * 8 {
        let mut damaged = image.clone();
        damaged.flip(&name, bit);
        if bit / 8 < tail {
            let at = corrupt_at(read_image(&damaged));
            assert!(at <= bit / 8 && (at >= FRAMES_START) == (bit / 8 >= FRAMES_START), "{bit}");
        } else {
            let (replayed, found) = read_image(&damaged).unwrap();
            assert_eq!(found, journal.written, "bit {bit}");
            let End::Torn(leftover) = replayed.end else { panic!("bit {bit} is not reported") };
            assert!(leftover.offset <= bit / 8 && bit / 8 < leftover.offset + leftover.bytes);
        }
    }
}

#[test]
fn a_byte_on_the_page_of_the_header_is_reported_with_its_place() {
    let journal = sample();
    for at in [64, 65, 1_000, FRAMES_START - 1] {
        let mut image = journal.image(64);
        image.flip(&IDENTITY.name(), at * 8);
        match read_image(&image) {
            Err(JournalError::Corrupt { damage: Damage::Header(error), .. }) => {
                let reason = "bytes behind the header are not zero";
                assert_eq!(error, FormatError::Invalid { offset: at, reason });
            }
            other => panic!("{:?}", other.err()),
        }
    }
}

#[test]
fn what_lies_behind_the_end_is_reported_to_the_byte() {
    let journal = sample();
    let (image, name) = (journal.image(4096), IDENTITY.name());
    let tail = journal.writer.length() + 64; // Behind the mark.
    for from in 0..20 {
        for (length, apart) in [(1, 0), (2, 0), (8, 0), (2, 11), (1, 300)] {
            let mut soiled = image.clone();
            let bytes = vec![7; length];
            soiled.overwrite(&name, tail + from, &bytes);
            soiled.overwrite(&name, tail + from + apart, &bytes);
            let (replayed, found) = read_image(&soiled).unwrap();
            assert_eq!(found, journal.written);
            let bytes = apart + length as u64;
            let leftover = Leftover { offset: tail + from, bytes, headers: 0 };
            assert_eq!(replayed.end, End::Torn(leftover));
        }
    }
}

#[test]
fn frames_behind_the_end_are_counted_once_each_wherever_they_lie() {
    let mut journal = Journal::new();
    // More than is read at once, in frames that do not divide it.
    let count = 12_000;
    journal.write(texts(&vec![&b"words of a commit that was never synced"[..]; count]));
    let mut image = journal.image(64);
    image.flip(&IDENTITY.name(), (FRAMES_START + 64 + 8) * 8); // In the first body.
    let (replayed, found) = read_image(&image).unwrap();
    assert!(found.is_empty());
    let End::Torn(leftover) = replayed.end else { panic!("{:?}", replayed.end) };
    assert_eq!((leftover.offset, leftover.headers), (FRAMES_START, count as u64));
}

#[test]
fn every_bit_flip_below_a_seal_is_noticed_and_none_in_it_loses_a_commit() {
    let mut journal = sample();
    let sealed_at = journal.writer.length();
    journal.writer.seal(8).unwrap();
    let image = journal.image(64);
    for bit in 0..journal.writer.length() * 8 {
        let mut damaged = image.clone();
        damaged.flip(&IDENTITY.name(), bit);
        if bit / 8 < sealed_at {
            corrupt_at(verify(&SimDir::from_image(&damaged), &IDENTITY));
        } else {
            let (replayed, found) = read_image(&damaged).unwrap();
            assert!(matches!(replayed.end, End::Torn(_)), "bit {bit}: the seal is gone");
            assert_eq!(found, journal.written);
        }
    }
}

#[test]
fn without_a_mark_only_the_last_group_can_be_lost_and_that_is_reported() {
    let mut rng = SplitMix::new(12);
    let mut journal = Journal::new();
    let mut last_group_at = 0;
    for _ in 0..4 {
        last_group_at = journal.writer.length();
        journal.write(vec![body(&mut rng, 3, 20)]);
        journal.write(texts(&[b"the last words of this group"]));
        journal.writer.sync().unwrap();
    }
    let image = journal.image(64);
    for bit in FRAMES_START * 8..journal.writer.length() * 8 {
        let mut damaged = image.clone();
        damaged.flip(&IDENTITY.name(), bit);
        if bit / 8 < last_group_at {
            assert!(corrupt_at(read_image(&damaged)) <= bit / 8, "bit {bit}");
        } else {
            let (replayed, found) = read_image(&damaged).unwrap();
            assert!(found.len() >= 6 && journal.written.starts_with(&found), "bit {bit}");
            assert!(matches!(replayed.end, End::Torn(_)), "bit {bit}: the loss is not reported");
        }
    }
}

#[test]
fn every_truncation_is_noticed_unless_it_takes_nothing_but_zeros() {
    let journal = sample();
    let image = journal.image(64 + 200);
    let bytes = image.read(&IDENTITY.name()).unwrap();
    let needed = journal.writer.length() + 64;
    for cut in truncations(&bytes) {
        let mut damaged = Image::new();
        damaged.put(&IDENTITY.name(), cut);
        if (cut.len() as u64) < needed {
            corrupt_at(read_image(&damaged));
        } else {
            let (replayed, found) = read_image(&damaged).unwrap();
            assert_eq!((replayed.end, found.len()), (End::Clean, journal.written.len()));
        }
    }
}

#[test]
fn an_error_says_where_the_damage_is_and_how_far_the_log_was_durable() {
    let mut rng = SplitMix::new(13);
    let mut journal = Journal::new();
    journal.commit(&mut rng);
    let second_at = journal.writer.length();
    journal.commit(&mut rng);
    journal.commit(&mut rng);
    let mut image = journal.image(64);
    image.flip(&IDENTITY.name(), second_at * 8 + 900);
    let Err(JournalError::Corrupt { path, offset, damage }) = read_image(&image) else {
        panic!("the damage went unnoticed")
    };
    assert!(path.ends_with("journal_00000007.log") && offset == second_at, "{path:?}, {offset}");
    let Damage::Lost { synced_upto, .. } = damage else { panic!("{damage}") };
    assert_eq!(synced_upto, journal.writer.length());
}

#[test]
fn a_hole_in_what_was_not_synced_ends_the_log_before_whole_frames() {
    let mut rng = SplitMix::new(14);
    let mut journal = Journal::new();
    journal.commit(&mut rng);
    let hole = journal.writer.length();
    journal.write(vec![body(&mut rng, 3, 20)]);
    let behind = journal.writer.length();
    journal.write(vec![body(&mut rng, 3, 20)]);
    journal.write(vec![body(&mut rng, 3, 20)]);
    let mut image = journal.image(64);
    let zeros = vec![0; usize::try_from(behind - hole).unwrap()];
    image.overwrite(&IDENTITY.name(), hole, &zeros);
    let (replayed, found) = read_image(&image).unwrap();
    assert_eq!(found, journal.written[..1]);
    let End::Torn(leftover) = replayed.end else { panic!("the rest is not reported") };
    assert_eq!((leftover.offset, leftover.headers), (behind, 2));
}

#[test]
fn a_frame_that_was_written_behind_another_one_does_not_follow() {
    // Two histories that part after the first commit, in frames of equal lengths.
    let (mut failed, mut journal) = (Journal::new(), Journal::new());
    failed.write(texts(&[b"same", b"gone"]));
    let offset = failed.writer.length();
    failed.write(texts(&[b"gone too"]));
    journal.write(texts(&[b"same", b"here"]));
    assert_eq!(journal.writer.length(), offset);
    let left = failed.image(0).read(&IDENTITY.name()).unwrap();
    let mut image = journal.image(200);
    let from = usize::try_from(offset).unwrap();
    image.overwrite(&IDENTITY.name(), offset, &left[from..]);
    let (replayed, found) = read_image(&image).unwrap();
    assert_eq!(found, journal.written);
    let End::Torn(leftover) = replayed.end else { panic!("it is not reported") };
    assert_eq!((leftover.offset, leftover.headers), (offset, 1));
}

#[test]
fn frames_of_another_journal_are_none_of_this_one() {
    let mut rng = SplitMix::new(15);
    let mut journal = Journal::new();
    journal.commit(&mut rng);
    let others = [
        Identity { journal_id: 6, ..IDENTITY },
        Identity { hash_seed: 43, ..IDENTITY },
        IDENTITY, // The same bytes in another place.
    ];
    for other in others {
        let mut stale = Journal::of(other);
        (0..5).for_each(|_| stale.commit(&mut rng));
        let bytes = stale.image(0).read(&other.name()).unwrap();
        let mut image = journal.image(0);
        let shift = if other == IDENTITY { 8 } else { 0 };
        let from = usize::try_from(journal.writer.length()).unwrap();
        image.overwrite(&IDENTITY.name(), journal.writer.length() + shift, &bytes[from..]);
        let (replayed, found) = read_image(&image).unwrap();
        assert_eq!(found, journal.written);
        let End::Torn(leftover) = replayed.end else { panic!("they are not reported") };
        assert_eq!(leftover.headers, 0);
    }
}

#[test]
fn a_journal_under_a_wrong_name_or_in_a_wrong_store_is_refused() {
    let journal = sample();
    let wrong = [
        Identity { store_id: [1; 16], ..IDENTITY },
        Identity { hash_seed: 43, ..IDENTITY },
        Identity { first_seq: 1_000, ..IDENTITY },
    ];
    for identity in wrong {
        assert_eq!(corrupt_at(read_back(&journal.dir, &identity)), 0, "{identity:?}");
    }
    let mut image = Image::new();
    let other = Identity { journal_id: 9, ..IDENTITY };
    image.put(&other.name(), &journal.image(64).read(&IDENTITY.name()).unwrap());
    assert_eq!(corrupt_at(read_back(&SimDir::from_image(&image), &other)), 0);
}
