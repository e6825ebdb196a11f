//! The end of an association's validity.

use sutra_format::time::{OPEN_END, OPEN_START, fits_48_bits, pack_48};
use sutra_format::{AssociationKind, AssociationRecord, ConceptId};

use super::Transaction;
use crate::error::{Error, Result};
use crate::store::Store;

impl Transaction<'_> {
    /// Sets the end of an association's validity: it holds before `at`, in milliseconds since 1970,
    /// and no longer from then on. All else of it stays, its text included; an end that it had is
    /// replaced, be it earlier or later. Gives the association as it is now.
    ///
    /// Fails with [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if there is none, and with
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if `at` lies before its start
    /// or not within 4,000 years of 1970.
    pub fn invalidate(
        &mut self,
        source: ConceptId,
        kind: AssociationKind,
        target: ConceptId,
        at: i64,
    ) -> Result<AssociationRecord> {
        if !fits_48_bits(at) || at == OPEN_START || at == OPEN_END {
            return Err(Error::no_time(at));
        }
        let Some(mut record) = self.association(&source, kind, &target)? else {
            let code = kind.code();
            return Err(Error::not_found(format!(
                "no association of kind {code} from {source} to {target}; check its ends and its kind"
            )));
        };
        let start = record.valid_from();
        if at < start {
            return Err(Error::invalid(format!(
                "the association cannot end at {at} ms: it holds from {start} ms on; give a later \
                 time, or delete it"
            )));
        }
        record.valid_to_48 = pack_48(at);
        self.amend(record)?;
        Ok(record)
    }
}

impl Store {
    /// [`Transaction::invalidate`] as a durable commit of its own.
    pub fn invalidate(
        &self,
        source: ConceptId,
        kind: AssociationKind,
        target: ConceptId,
        at: i64,
    ) -> Result<AssociationRecord> {
        let (record, _) =
            self.transact(|transaction| transaction.invalidate(source, kind, target, at))?;
        Ok(record)
    }
}
