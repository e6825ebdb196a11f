//! [`restore`]: a store out of a backup, or out of any store.

use sutra_fs::Dir;

use super::copy::Copier;
use super::{BackupReport, replace_segments, unfit};
use crate::config::Environment;
use crate::error::Result;
use crate::files::{FileRole, lock_name, role_of};
use crate::tree::LsmTree;

/// Who a restored store is.
///
/// The identity of a store is in its manifest and in each of its files, and tells backups of it
/// from those of others. Two stores of one identity that are both written to have different files
/// under the same names: what is backed up of both into one directory would be a mix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreIdentity {
    /// A new store: the original may go on. Its backups need a directory of their own.
    #[default]
    New,
    /// The same store: the original is gone and never comes back. It can be backed up into the
    /// directory of its earlier backups.
    Kept,
}

/// Copies the store in `from` into the empty directory `to`, and checks every page on the way.
/// `from` is opened for reading: nothing in it changes. The copy is valid once this returns; if it
/// fails, remove what is in `to` and begin again.
pub fn restore<D: Dir>(
    from: D,
    to: &D,
    identity: StoreIdentity,
    environment: &Environment,
    progress: &mut dyn FnMut(u64),
) -> Result<BackupReport> {
    check_empty(to)?;
    let _lock = to.lock(&lock_name())?;
    check_empty(to)?;
    let tree = LsmTree::open_read_only_in(from)?;
    let inner = &*tree.inner;
    let pin = inner.pin()?;
    let mut manifest = pin.manifest.clone();
    if identity == StoreIdentity::New {
        manifest.store_id = environment.identity().0;
    }
    let mut copier = Copier::new(to, manifest.store_id, None, progress)?;
    let metas = pin.copy(inner, &mut copier, &mut manifest)?;
    let report = BackupReport { seq: pin.seq, ..copier.report() };
    replace_segments(&mut manifest, metas);
    manifest.last_seq = pin.seq;
    manifest.journal_floor = None;
    manifest.publish(to)?;
    Ok(report)
}

pub(crate) fn check_empty<D: Dir>(dir: &D) -> Result<()> {
    match dir.list()?.iter().find(|name| role_of(name) != FileRole::Lock) {
        Some(name) => Err(unfit(dir, name, "the directory is not empty; choose another one")),
        None => Ok(()),
    }
}
