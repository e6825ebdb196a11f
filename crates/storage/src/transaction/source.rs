//! Deleting all that came from one source.

use sutra_format::ConceptId;

use crate::error::{Error, ErrorKind, Result};
use crate::snapshot::Snapshot;
use crate::store::Store;

/// Concepts in one commit.
const CONCEPTS_OF_A_COMMIT: usize = 1024;

/// What [`Store::delete_by_source`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceDeletion {
    /// Concepts that were deleted.
    pub concepts: u64,
    /// Commits that it took.
    pub commits: u64,
}

impl Store {
    /// Deletes every concept whose [`source_hash`](crate::NewConcept::source_hash) is `source`,
    /// with all associations that touch it and their texts; those that are expired and hidden as well.
    /// Zero, which is what a concept has that
    /// was put without one, is refused.
    ///
    /// Costs a walk over all concepts, and for each that is deleted a look at its associations.
    ///
    /// Each commit, of at most 1,024 concepts, is durable and happens as a whole; the deletion as
    /// a whole is not one commit. If it fails or the power fails in the middle, some are deleted:
    /// call it again. Concepts that others put while it runs stay, and so do those that others
    /// put again with another source.
    pub fn delete_by_source(&self, source: u32) -> Result<SourceDeletion> {
        if source == 0 {
            return Err(Error::invalid(
                "source 0 is that of concepts without one; delete them one by one",
            ));
        }
        let snapshot = Snapshot::new(self.engine().snapshot().with_expired());
        let mut deletion = SourceDeletion::default();
        let mut ids = Vec::new();
        for concept in snapshot.iter()? {
            let concept = concept?;
            if concept.record().source_hash.get() == source {
                ids.push(concept.id());
            }
            if ids.len() == CONCEPTS_OF_A_COMMIT {
                self.delete_those_of_source(&ids, source, &mut deletion)?;
                ids.clear();
            }
        }
        self.delete_those_of_source(&ids, source, &mut deletion)?;
        Ok(deletion)
    }

    /// Where texts of associations make it too large for one commit, it takes several.
    fn delete_those_of_source(
        &self,
        ids: &[ConceptId],
        source: u32,
        deletion: &mut SourceDeletion,
    ) -> Result<()> {
        let mut parts = vec![ids];
        while let Some(ids) = parts.pop() {
            let deleted = self.transact_even_expired(|transaction| {
                let mut deleted = 0;
                for id in ids {
                    let is_meant = transaction
                        .concept(id)?
                        .is_some_and(|concept| concept.record().source_hash.get() == source);
                    if is_meant {
                        transaction.delete(*id);
                        deleted += 1;
                    }
                }
                Ok(deleted)
            });
            match deleted {
                Ok((0, _)) => {}
                Ok((deleted, _)) => {
                    deletion.concepts += deleted;
                    deletion.commits += 1;
                }
                Err(error) if error.kind() == ErrorKind::TooLarge && ids.len() > 1 => {
                    let (first, second) = ids.split_at(ids.len() / 2);
                    parts.extend([second, first]);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
