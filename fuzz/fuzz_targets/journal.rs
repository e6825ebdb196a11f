//! Any bytes as a journal: replaying never panics, and gives no commit that was not written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sutra_format::checksum::{PLAIN_SEED, crc32};
use sutra_format::journal::{
    FRAMES_START, FrameHeader, JOURNAL_MAGIC, JOURNAL_VERSION, JournalHeader,
};
use sutra_lsm::journal::{Identity, JournalError, replay, verify};
use sutra_testkit::{Image, SimDir};
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, FromZeros, IntoBytes};

const IDENTITY: Identity =
    Identity { journal_id: 3, store_id: [7; 16], hash_seed: 11, first_seq: 1 };

fuzz_target!(|input: &[u8]| {
    let mut bytes = input.to_vec();
    repair(&mut bytes);
    let mut image = Image::new();
    image.put(&IDENTITY.name(), &bytes);
    let dir = SimDir::from_image(&image);
    let mut next = IDENTITY.first_seq;
    let replayed = replay(&dir, &IDENTITY, |frame| {
        assert_eq!(frame.first_seq, next, "sequence numbers go on without a gap");
        next += frame.body.record_count();
        assert!(frame.body.check().is_ok(), "what is replayed can be applied");
        Ok::<_, JournalError>(())
    });
    if let Ok(replayed) = replayed {
        assert_eq!(replayed.next_seq, next);
    }
    let _ = verify(&dir, &IDENTITY);
});

/// Puts the right header in front, and the right sums into every frame that follows another one.
fn repair(bytes: &mut Vec<u8>) -> Option<()> {
    let header = header_of(IDENTITY);
    let frames = usize::try_from(FRAMES_START).ok()?;
    let mut page = header.as_bytes().to_vec();
    page.resize(frames, 0);
    bytes.splice(0..0, page);
    let (mut at, mut previous) = (frames, header.header_crc.get());
    loop {
        let (mut frame, body) = FrameHeader::read_from_prefix(bytes.get(at..)?).ok()?;
        let length = frame.body_bytes()?;
        frame.magic = U32::new(FrameHeader::MAGIC);
        frame.body_crc = U32::new(crc32(PLAIN_SEED, body.get(..length)?));
        frame.previous_crc = U32::new(previous);
        frame.header_crc = U32::new(frame.sum(IDENTITY.hash_seed, IDENTITY.journal_id, at as u64));
        previous = frame.header_crc.get();
        bytes.get_mut(at..at + FrameHeader::BYTES)?.copy_from_slice(frame.as_bytes());
        at += usize::try_from(frame.frame_bytes()?).ok()?;
    }
}

fn header_of(identity: Identity) -> JournalHeader {
    let mut header = JournalHeader::new_zeroed();
    header.magic = JOURNAL_MAGIC;
    header.version = U32::new(JOURNAL_VERSION);
    header.journal_id = U32::new(identity.journal_id);
    header.store_id = identity.store_id;
    header.hash_seed = identity.hash_seed.into();
    header.first_seq = identity.first_seq.into();
    header.header_crc = U32::new(header.sum());
    header
}
