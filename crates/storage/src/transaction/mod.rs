//! [`Transaction`]: reads and writes that happen as if nobody else wrote.
//!
//! Invariants:
//! * Whatever is read from the store goes through one [`Reader`], which notes it; so does what the
//!   commit itself looks at. There is no other way to the store from here.
//! * Nothing is locked, and nothing is written, before [`Transaction::commit`].

mod attempts;
mod invalidate;
mod merge;
mod own;
mod read;
mod source;
mod upsert;

use std::fmt;

use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_lsm::{CommitInfo, Durability, Reader, Snapshot, Touch};

pub use self::merge::MergeReport;
pub use self::source::SourceDeletion;
pub use self::upsert::{Existing, Upserted};

use self::own::Own;
use crate::association::NewAssociation;
use crate::batch::Batch;
use crate::concept::NewConcept;
use crate::error::{Error, Result};
use crate::prepare::prepare;
use crate::store::Store;
use crate::stored::Stored;

/// Reads and writes that are committed together, and only if nothing that was read was changed
/// meanwhile; made by [`Store::transaction`]. It reads its own writes.
///
/// What is written over counts as read, and so do the associations of a concept that is deleted.
/// Of two transactions that change the same thing at the same time, the second one to commit fails
/// with [`ErrorKind::Conflict`](crate::ErrorKind::Conflict), and has changed nothing;
/// [`Store::transact`] then begins again. One that only reads never fails so: it reads one moment.
///
/// ```
/// # use sutra_storage::{ConceptId, NewConcept, Store};
/// # let place = tempfile::tempdir()?;
/// # let store = Store::open(place.path())?;
/// let mut transaction = store.transaction();
/// let count = match transaction.concept_of_key("visits")? {
///     Some(visits) => visits.content()?.unwrap_or("0").parse::<u64>()?,
///     None => 0,
/// };
/// transaction.put(NewConcept::with_key("visits").content(&format!("{}", count + 1)))?;
/// transaction.commit()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it changes nothing until it is committed"]
pub struct Transaction<'s> {
    store: &'s Store,
    reader: Reader,
    batch: Batch,
    own: Own,
}

impl<'s> Transaction<'s> {
    fn new(store: &'s Store, snapshot: Snapshot) -> Self {
        let reader = Reader::new(snapshot);
        Self { store, reader, batch: Batch::new(), own: Own::default() }
    }

    /// As [`Batch::put`].
    pub fn put(&mut self, concept: NewConcept<'_>) -> Result<()> {
        self.batch.put(concept)?;
        self.note();
        Ok(())
    }

    /// As [`Batch::associate`].
    pub fn associate(&mut self, association: NewAssociation<'_>) -> Result<()> {
        self.batch.associate(association)?;
        self.note();
        Ok(())
    }

    /// As [`Batch::delete`].
    pub fn delete(&mut self, id: ConceptId) {
        self.batch.delete(id);
        self.note();
    }

    /// As [`Batch::dissociate`].
    pub fn dissociate(&mut self, source: ConceptId, kind: AssociationKind, target: ConceptId) {
        self.batch.dissociate(source, kind, target);
        self.note();
    }

    /// As [`Batch::touch`]. Touching is not reading.
    pub fn touch(&mut self, touch: Touch) -> Result<()> {
        self.batch.touch(touch)?;
        self.note();
        Ok(())
    }

    /// Commits durably, as [`Store::commit`] does. Fails with
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if another commit changed what was read,
    /// and with [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) above [`Batch::BYTES_MAX`];
    /// either way nothing was written.
    ///
    /// If anything was committed meanwhile, what was read is read again while other commits wait:
    /// about 0.3 us for each thing.
    pub fn commit(self) -> Result<CommitInfo> {
        self.commit_with(Durability::Sync)
    }

    /// Commits with the given durability.
    pub fn commit_with(self, durability: Durability) -> Result<CommitInfo> {
        let Self { store, reader, batch, .. } = self;
        store.check_kinds(&batch)?;
        let prepared = prepare(&batch, Stored::Noted(&reader), &store.engine().snapshot())?;
        let (bytes, most) = (prepared.byte_size(), Batch::BYTES_MAX);
        if bytes > most {
            return Err(Error::too_large(format!(
                "{bytes} bytes in one transaction, where {most} can be; nothing was written; \
                 do it in parts"
            )));
        }
        Ok(store.engine().commit_if(prepared, reader.into_reads(), durability)?)
    }

    /// Replaces the record of an association that is there; its text stays.
    fn amend(&mut self, record: AssociationRecord) -> Result<()> {
        self.batch.amend(record)?;
        self.note();
        Ok(())
    }

    /// Lets later reads see the last change.
    fn note(&mut self) {
        if let Some(change) = self.batch.changes().last() {
            self.own.note(change);
        }
    }
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("changes", &self.batch.len()).finish_non_exhaustive()
    }
}
