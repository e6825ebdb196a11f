//! Get or create: concepts that are put where there are none.

use sutra_format::ConceptId;

use super::Transaction;
use crate::concept::NewConcept;
use crate::error::{Error, Result};
use crate::store::Store;

/// What an upsert does with a concept that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Existing {
    /// It keeps all that it has.
    Keep,
    /// It is replaced as a whole, as [`Batch::put`](crate::Batch::put) does: only the time of its
    /// creation stays, and its key if the new one has none.
    Replace,
}

/// What became of a concept that was upserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Upserted {
    /// Its id.
    pub id: ConceptId,
    /// Whether there was none.
    pub is_new: bool,
}

impl Transaction<'_> {
    /// Puts a concept unless there is one of that id; what happens to one that is there, `existing`
    /// says. Fails as [`Batch::put`](crate::Batch::put) does, also where nothing is put.
    pub fn upsert(&mut self, concept: NewConcept<'_>, existing: Existing) -> Result<Upserted> {
        concept.check()?;
        let id = concept.id();
        if self.reader_knows_fact(&id)? {
            return Err(Error::belongs_to_fact(id));
        }
        let old_key = match self.concept(&id)? {
            Some(stored) => Some(stored.key()?.map(str::to_owned)),
            None => None,
        };
        if let (Some(key), Some(Some(old))) = (concept.key, &old_key)
            && key != old
        {
            return Err(Error::other_key(key, id, old));
        }
        let is_new = old_key.is_none();
        if is_new || existing == Existing::Replace {
            self.put(concept)?;
        }
        Ok(Upserted { id, is_new })
    }

    fn reader_knows_fact(&self, id: &ConceptId) -> Result<bool> {
        Ok(self.reader.concept(id)?.is_some_and(|concept| concept.record().is_fact()))
    }
}

impl Store {
    /// Gets or creates concepts by their keys, or by their ids: all in one durable commit, and in
    /// one moment, so that of several callers exactly one is told that a concept is new. Gives
    /// for each, in order, its id and whether it is new; of two with one key in `concepts` only the
    /// first one can be, and with [`Existing::Replace`] the last one stays. If nothing is put,
    /// nothing is written.
    ///
    /// Costs a look-up for each, and a put for each that is put. Fails with
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) if that is more than a commit can take.
    ///
    /// ```
    /// # use sutra_storage::{Existing, NewConcept, Store};
    /// # let place = tempfile::tempdir()?;
    /// # let store = Store::open(place.path())?;
    /// let people = ["Ada", "Grace", "Ada"].map(NewConcept::with_key);
    /// let [ada, grace, again] = store.upsert_batch(&people, Existing::Keep)?[..] else { panic!() };
    /// assert!(ada.is_new && grace.is_new && !again.is_new);
    /// assert_eq!(ada.id, again.id);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn upsert_batch(
        &self,
        concepts: &[NewConcept<'_>],
        existing: Existing,
    ) -> Result<Vec<Upserted>> {
        let (upserted, _) = self.transact(|transaction| {
            concepts.iter().map(|concept| transaction.upsert(*concept, existing)).collect()
        })?;
        Ok(upserted)
    }
}
