//! How a transaction begins, and begins again after a conflict.

use sutra_lsm::CommitInfo;

use super::Transaction;
use crate::error::{ErrorKind, Result};
use crate::store::Store;

impl Store {
    /// How often [`Store::transact`] tries, at most. Among 16 threads that all change one thing,
    /// one in 4,000 is this unlucky.
    pub const ATTEMPTS_MAX: usize = 128;

    /// Begins a transaction on the store as it is now.
    pub fn transaction(&self) -> Transaction<'_> {
        Transaction::new(self, self.engine().snapshot())
    }

    /// Runs `attempt` in a transaction and commits it durably; after a conflict again, in a new
    /// one, up to [`Store::ATTEMPTS_MAX`] times. An error of `attempt` ends it, and nothing is
    /// written.
    ///
    /// ```
    /// # use sutra_storage::{ConceptId, NewConcept, Store};
    /// # let place = tempfile::tempdir()?;
    /// # let store = Store::open(place.path())?;
    /// let (is_new, _) = store.transact(|transaction| {
    ///     let is_new = transaction.concept_of_key("dog")?.is_none();
    ///     if is_new {
    ///         transaction.put(NewConcept::with_key("dog"))?;
    ///     }
    ///     Ok(is_new)
    /// })?;
    /// assert!(is_new);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transact<T>(
        &self,
        attempt: impl FnMut(&mut Transaction<'_>) -> Result<T>,
    ) -> Result<(T, CommitInfo)> {
        self.attempt(|| self.transaction(), attempt)
    }

    /// The same in transactions to which nothing is expired.
    pub(super) fn transact_even_expired<T>(
        &self,
        attempt: impl FnMut(&mut Transaction<'_>) -> Result<T>,
    ) -> Result<(T, CommitInfo)> {
        let begin = || Transaction::new(self, self.engine().snapshot().with_expired());
        self.attempt(begin, attempt)
    }

    fn attempt<'s, T>(
        &self,
        begin: impl Fn() -> Transaction<'s>,
        mut attempt: impl FnMut(&mut Transaction<'_>) -> Result<T>,
    ) -> Result<(T, CommitInfo)> {
        let mut attempts = 1;
        loop {
            let mut transaction = begin();
            let answer = attempt(&mut transaction)?;
            match transaction.commit() {
                Ok(info) => return Ok((answer, info)),
                Err(error)
                    if error.kind() == ErrorKind::Conflict && attempts < Self::ATTEMPTS_MAX =>
                {
                    attempts += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
