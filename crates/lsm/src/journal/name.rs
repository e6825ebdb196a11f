//! [`Identity`]: which journal a file is.

use sutra_format::journal::{JOURNAL_MAGIC, JOURNAL_VERSION, JournalHeader};
use sutra_fs::Name;
use zerocopy::little_endian::{U32, U64};

use super::error::Damage;

/// Which journal a file is, and so what its header must say. All of it comes from the manifest,
/// but the first sequence number of a journal that follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Unique in its store, for ever.
    pub journal_id: u32,
    /// The store that it belongs to.
    pub store_id: [u8; 16],
    /// The seed of the store.
    pub hash_seed: u64,
    /// The sequence number that its first record has or will have.
    pub first_seq: u64,
}

impl Identity {
    /// The name of the file.
    pub fn name(&self) -> Name {
        Name::new(format!("journal_{:08}.log", self.journal_id))
            .expect("a word and a number make a plain name")
    }

    /// The header of the file, when it was created at `created_at`.
    pub(crate) fn header(&self, created_at: u64) -> JournalHeader {
        let mut header = JournalHeader {
            magic: JOURNAL_MAGIC,
            version: U32::new(JOURNAL_VERSION),
            journal_id: U32::new(self.journal_id),
            store_id: self.store_id,
            hash_seed: U64::new(self.hash_seed),
            first_seq: U64::new(self.first_seq),
            created_at: U64::new(created_at),
            reserved: U32::ZERO,
            header_crc: U32::ZERO,
        };
        header.header_crc = U32::new(header.sum());
        header
    }

    /// Whether `header` is of this journal.
    pub(crate) fn check(&self, header: &JournalHeader) -> Result<(), Damage> {
        if header.store_id != self.store_id || header.hash_seed.get() != self.hash_seed {
            return Err(Damage::ForeignStore);
        }
        if header.journal_id.get() != self.journal_id {
            return Err(Damage::ForeignJournal { found: header.journal_id.get() });
        }
        let (found, expected) = (header.first_seq.get(), self.first_seq);
        if found != expected {
            return Err(Damage::Sequence { found, expected });
        }
        Ok(())
    }
}
