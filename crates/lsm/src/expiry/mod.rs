//! Expiry: records that are forgotten by themselves.
//!
//! The rules are in the manifest. A snapshot takes the clock once, when it is made, and hides what is
//! expired then (`hide`), in every way of reading. A merge that meets what is expired notes it, and
//! once it is done the engine deletes that by a commit like any other (`forget`), which goes through
//! only if it is still as it was met: so words, history and the associations of a concept follow as
//! they follow any deletion.
//!
//! Invariants:
//! * Whether a record is expired follows from the record, the time, and the rules in force then. What
//!   is put or touched again before it was deleted is there again, as if nothing had been.
//! * Nobody who writes an index, a merge or a history looks at it: they see what was committed.
//! * Without a rule a snapshot has no [`Judge`], and asks for nothing else.

mod forget;
mod hide;
mod judge;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sutra_fs::Dir;
use sutra_manifest::{Expiry, ExpiryPolicy, ExpiryScope, Manifest};

pub(crate) use self::forget::Candidate;
pub(crate) use self::judge::Judge;
use self::judge::Rules;
use crate::error::{LsmError, Result};
use crate::planted::{self, Bug};
use crate::snapshot::Snapshot;
use crate::sync::{ArcSwap, AtomicBool};
use crate::tree::{Inner, LsmTree};

/// The rules of a store as readers ask for them.
pub(crate) struct Expiring {
    /// Whether there are any now.
    is_on: AtomicBool,
    /// From when on which ones, oldest first.
    policies: ArcSwap<Vec<(u64, Arc<Rules>)>>,
}

impl Expiring {
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let policies = policies(manifest);
        let is_on = AtomicBool::new(is_on(&policies));
        Self { is_on, policies: ArcSwap::from_pointee(policies) }
    }

    /// Takes over what a manifest says that is the truth from now on.
    pub(crate) fn set(&self, manifest: &Manifest) {
        let policies = policies(manifest);
        let is_on = is_on(&policies);
        self.policies.store(Arc::new(policies));
        self.is_on.store(is_on, Ordering::Release);
    }

    /// What is expired now.
    #[inline]
    pub(crate) fn judge(&self, now: impl FnOnce() -> u64) -> Option<Arc<Judge>> {
        if !self.is_on.load(Ordering::Acquire) {
            return None;
        }
        let (_, rules) = self.policies.load().last()?.clone();
        Some(Arc::new(Judge { now: now(), rules }))
    }

    /// What was expired at a time, by the rules of then.
    pub(crate) fn judge_at(&self, time: u64) -> Option<Arc<Judge>> {
        let policies = self.policies.load();
        let (_, rules) = policies.iter().rev().find(|(since, _)| *since <= time)?;
        let rules = rules.clone();
        (!rules.are_none()).then(|| Arc::new(Judge { now: time, rules }))
    }

    /// Whether there are any, now or earlier.
    pub(crate) fn has_any(&self) -> bool {
        !self.policies.load().is_empty()
    }
}

fn policies(manifest: &Manifest) -> Vec<(u64, Arc<Rules>)> {
    let rules = |policy: &ExpiryPolicy| (policy.since, Arc::new(Rules::of(&policy.rules)));
    manifest.expiry().iter().map(rules).collect()
}

fn is_on(policies: &[(u64, Arc<Rules>)]) -> bool {
    policies.last().is_some_and(|(_, rules)| !rules.are_none())
}

impl<D: Dir> LsmTree<D> {
    /// The rules by which records are forgotten, one for each scope at most.
    pub fn expiry(&self) -> Vec<(ExpiryScope, Expiry)> {
        let ledger = self.inner.ledger.lock();
        let rules = ledger.manifest.expiry().last().map(|policy| policy.rules.clone());
        rules.unwrap_or_default().into_iter().collect()
    }

    /// Says when the records of `scope` are forgotten, durably; with none that they are not. Without a
    /// rule, as a store begins, nothing is. A kind follows its own rule and no other.
    ///
    /// What is expired is hidden from every snapshot that is made from then on, in every way of reading,
    /// and so are the associations of a concept that is; it is judged by the clock when the snapshot is
    /// made, and as of the past by the time that was asked for and the rules that were in force then. If
    /// the clock goes back, what is not deleted yet can be seen again. It is deleted, by durable commits
    /// of the engine, after the next merge that meets it, by [`compact_all`](Self::compact_all) and by
    /// [`forget_expired`](Self::forget_expired). Until then a put or a touch brings it back, a rule that
    /// is taken away shows it again, and its words count in the statistics of scores.
    ///
    /// Costs two syncs of a small file. From then on a read looks up a concept for each end of an
    /// association that it meets if there is a rule for concepts. Facts go with their associations.
    pub fn set_expiry(&self, scope: ExpiryScope, expiry: Option<Expiry>) -> Result<()> {
        let inner = &*self.inner;
        inner.check_writable()?;
        let now = inner.environment.now();
        let mut ledger = inner.ledger.lock();
        let mut manifest = ledger.manifest.clone();
        let set = manifest.set_expiry(scope, expiry, now);
        set.map_err(|error| LsmError::invalid("expiry", error.to_string()))?;
        // One that a power cut can still take away is not known yet.
        if manifest.expiry() == ledger.manifest.expiry() && ledger.is_durable {
            return Ok(());
        }
        if planted::is(Bug::ExpiryNotPublished) {
            inner.expiring.set(&manifest);
            ledger.manifest = manifest;
            return Ok(());
        }
        inner.publish(&mut ledger, manifest)
    }
}

impl<D: Dir> Inner<D> {
    /// The store as it was at `time`, which `snapshot` reads: what was expired then is hidden. `last_seq`
    /// is the last sequence number that there is.
    pub(crate) fn judged_at(
        &self,
        snapshot: Snapshot<D>,
        time: u64,
        last_seq: u64,
    ) -> Result<Snapshot<D>> {
        if !self.expiring.has_any() {
            return Ok(snapshot);
        }
        // Nobody knows what will be.
        let last = snapshot.version.time_of(last_seq)?;
        let time = time.min(self.environment.now().max(last));
        Ok(snapshot.judged(self.expiring.judge_at(time)))
    }
}
