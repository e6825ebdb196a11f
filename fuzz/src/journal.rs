//! Any bytes as a journal: replaying never panics, gives commits that can be applied, without a
//! gap, and says the same as verifying.

use sutra_format::journal::{FRAMES_START, JOURNAL_MAGIC, JOURNAL_VERSION, JournalHeader};
use sutra_lsm::journal::{End, Identity, JournalError, replay, verify};
use sutra_testkit::{Image, SimDir};
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromZeros, IntoBytes};

use super::base;
use super::bound::bounded;
use super::damage::damage_bytes;
use super::repair;
use super::tape::Tape;

/// What the header says of a journal that is made of bytes as they are.
const RAW: Identity = Identity { journal_id: 3, store_id: [7; 16], hash_seed: 11, first_seq: 1 };

/// The first byte says which sound journal is damaged, or that the rest is the frames of one; the
/// second whether sums are made right.
pub fn journal(input: &[u8]) {
    let mut tape = Tape::new(input);
    let (which, repairs) = (usize::from(tape.byte()), !tape.byte().is_multiple_of(4));
    let (mut bytes, identity) = match base::journals().get(which) {
        Some(bytes) => (bytes.clone(), identity_of(bytes)),
        None => (header_page(&RAW), RAW),
    };
    if which < base::journals().len() {
        damage_bytes(&mut bytes, &mut tape);
    } else {
        bytes.extend_from_slice(tape.rest());
        bytes.resize(bytes.len().next_multiple_of(8) + 64, 0);
    }
    if repairs {
        repair::journal(&mut bytes);
    }
    bounded(bytes.len() as u64, || check(&bytes, &identity));
}

fn check(bytes: &[u8], identity: &Identity) {
    let mut image = Image::new();
    image.put(&identity.name(), bytes);
    let dir = SimDir::from_image(&image);
    let mut next = identity.first_seq;
    let replayed = replay(&dir, identity, |frame| {
        assert_eq!(frame.first_seq, next, "sequence numbers go on without a gap");
        next += frame.body.record_count();
        assert!(frame.body.check().is_ok(), "what is replayed can be applied");
        Ok::<_, JournalError>(())
    });
    match (replayed, verify(&dir, identity)) {
        (Ok(replayed), verified) => {
            assert_eq!(replayed.next_seq, next);
            assert!(replayed.offset <= bytes.len() as u64);
            // Behind a seal only the second one looks.
            let sealed = matches!(replayed.end, End::Sealed { .. });
            match verified {
                Ok(verified) => assert_eq!(verified.replayed, replayed),
                Err(error) => assert!(sealed, "replayed, and yet: {error}"),
            }
        }
        (Err(error), verified) => {
            assert!(verified.is_err(), "verified, and yet: {error}");
            assert!(error.to_string().contains(identity.name().as_str()), "{error}");
        }
    }
}

fn identity_of(bytes: &[u8]) -> Identity {
    let header = JournalHeader::decode(bytes).expect("a sound journal");
    Identity {
        journal_id: header.journal_id.get(),
        store_id: header.store_id,
        hash_seed: header.hash_seed.get(),
        first_seq: header.first_seq.get(),
    }
}

fn header_page(identity: &Identity) -> Vec<u8> {
    let mut header = JournalHeader::new_zeroed();
    header.magic = JOURNAL_MAGIC;
    header.version = U32::new(JOURNAL_VERSION);
    header.journal_id = U32::new(identity.journal_id);
    header.store_id = identity.store_id;
    header.hash_seed = U64::new(identity.hash_seed);
    header.first_seq = U64::new(identity.first_seq);
    header.header_crc = U32::new(header.sum());
    let mut page = header.as_bytes().to_vec();
    page.resize(usize::try_from(FRAMES_START).expect("a page"), 0);
    page
}
