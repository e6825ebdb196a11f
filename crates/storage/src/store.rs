//! [`Store`]: a knowledge graph in a directory.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use sutra_format::{AssociationKind, ConceptId};
use sutra_fs::OsDir;
use sutra_index::words::Analyser;
use sutra_lsm::{
    BackupOptions, BackupReport, CommitInfo, CompactionConfig, Durability, Environment,
    EraseReport, Expiry, ExpiryScope, Health, HealthReport, LSMTree, LsmError, LsmStats, Retention,
    SalvageOptions, SalvageReport, SegmentInfo, StoreIdentity, VerifyReport,
};
use sutra_manifest::{Manifest, VectorSpace};

use crate::batch::{self, Batch};
use crate::error::{Error, Result};
use crate::history::Change;
use crate::prepare::prepare;
use crate::snapshot::Snapshot;
use crate::stored::Stored;

/// A knowledge graph in a directory: one writer, or one of any number of readers.
///
/// All methods take `&self`: threads share a store by reference, or in an `Arc`. Dropping it
/// closes it; [`Store::close`] does so too, and says how it went.
pub struct Store(LSMTree);

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Whether a store is made where there is none. True by default.
    pub create: bool,
    /// Whether segments are merged in the background. True by default; without it,
    /// [`Store::compact`] does it when it is called.
    pub background_compaction: bool,
    /// When levels merge, and how large segments become.
    pub compaction: CompactionConfig,
    /// What makes words of the texts, for good, of a store that is made or has no commit yet; one that
    /// goes by another is refused with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput). None,
    /// the default: that of the store; words as they are, if it is made.
    pub analyser: Option<Analyser>,
    /// Whether files are mapped. True by default; without it they are read into memory when they
    /// are opened, for a directory that other programs may write to.
    pub maps: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        let compaction = CompactionConfig::default();
        let (create, background_compaction, maps) = (true, true, true);
        Self { create, background_compaction, compaction, analyser: None, maps }
    }
}

impl StoreOptions {
    /// Has texts be found by the words that this makes of them, from the first commit on. To change it
    /// later, export the store and import it into a new one.
    ///
    /// ```
    /// use sutra_storage::{Analyser, Batch, Language, NewConcept, StoreOptions};
    /// # let place = tempfile::tempdir()?;
    /// # let dir = place.path().join("graph");
    ///
    /// let english = Analyser::stemming(Language::English);
    /// let store = StoreOptions::default().analyser(english).open(&dir)?;
    /// let mut batch = Batch::new();
    /// batch.put(NewConcept::with_key("dog").content("It was barking."))?;
    /// store.commit(&batch)?;
    /// assert_eq!(store.snapshot().search_text("barks").collect()?.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn analyser(self, analyser: Analyser) -> Self {
        Self { analyser: Some(analyser), ..self }
    }

    /// Opens the store in `dir` for reading and writing.
    pub fn open(self, dir: impl AsRef<Path>) -> Result<Store> {
        let dir = dir.as_ref();
        if !self.create && !dir.join(Manifest::NAME).exists() {
            LSMTree::open_read_only(dir)?; // Says what is missing.
        }
        let dir = self.access(OsDir::create(dir).map_err(LsmError::from)?);
        let (config, environment) = (self.compaction, Environment::default());
        let lsm = LSMTree::open_with_analyser_in(dir, config, environment, self.analyser)?;
        if self.background_compaction {
            lsm.start_background_compaction()?;
        }
        Ok(Store(lsm))
    }

    /// Opens the store in `dir` as [`Store::open_read_only`] does.
    pub fn open_read_only(self, dir: impl AsRef<Path>) -> Result<Store> {
        let dir = self.access(OsDir::open(dir).map_err(LsmError::from)?);
        Ok(Store(LSMTree::open_read_only_in(dir)?))
    }

    /// [`Store::restore`], with the backup read as these options say.
    pub fn restore(
        self,
        from: impl AsRef<Path>,
        to: impl AsRef<Path>,
        identity: StoreIdentity,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BackupReport> {
        let from = self.access(OsDir::open(from).map_err(LsmError::from)?);
        let to = OsDir::create(to).map_err(LsmError::from)?;
        Ok(sutra_lsm::restore(from, &to, identity, &Environment::default(), progress)?)
    }

    /// [`Store::salvage`], with the damaged store read as these options say.
    pub fn salvage(
        self,
        from: impl AsRef<Path>,
        to: impl AsRef<Path>,
        options: SalvageOptions,
        progress: &mut dyn FnMut(u64),
    ) -> Result<SalvageReport> {
        let from = Arc::new(self.access(OsDir::open(from).map_err(LsmError::from)?));
        let to = OsDir::create(to).map_err(LsmError::from)?;
        Ok(sutra_lsm::salvage(&from, to, options, &Environment::default(), progress)?)
    }

    fn access(&self, dir: OsDir) -> OsDir {
        if self.maps { dir } else { dir.without_maps() }
    }
}

impl Store {
    /// Opens the store in `dir` for reading and writing; makes it, and the directory, if there is
    /// none. Fails with [`ErrorKind::Locked`](crate::ErrorKind::Locked) if another writer has it open. What a crash left
    /// behind is recovered: every commit that was acknowledged is there, and no half of one.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        StoreOptions::default().open(dir)
    }

    /// Opens the store in `dir` for reading: locks, repairs and writes nothing, and sees what was
    /// committed until now, also by a writer that is still at work.
    pub fn open_read_only(dir: impl AsRef<Path>) -> Result<Self> {
        StoreOptions::default().open_read_only(dir)
    }

    /// Commits a batch durably: once this returns, it survives a power cut. On an error nothing
    /// of it is visible.
    ///
    /// Threads that commit at the same time share one write to the disk.
    pub fn commit(&self, batch: &Batch) -> Result<CommitInfo> {
        self.commit_with(batch, Durability::Sync)
    }

    /// Commits a batch with the given durability.
    pub fn commit_with(&self, batch: &Batch, durability: Durability) -> Result<CommitInfo> {
        self.check_kinds(batch)?;
        let snapshot = self.0.snapshot();
        let prepared = prepare(batch, Stored::Plain(&snapshot), &snapshot)?;
        Ok(self.0.commit(prepared, durability)?)
    }

    /// The store as it is now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.0.snapshot())
    }

    /// The store as it was at `time`, in milliseconds since the epoch: with every commit that was made
    /// then or before, and none after. Fails with [`ErrorKind::NotKept`](crate::ErrorKind::NotKept) if
    /// it [does not say](Store::set_retention) what was then.
    ///
    /// Concepts, associations in both directions, facts and walks over all of them are read as they
    /// were, at about the cost of the present. Words and vectors are indexed as of now; the first search
    /// of a snapshot finds out what changed since, which costs a look at each of those changes.
    ///
    /// ```
    /// use sutra_storage::{Batch, NewConcept, Retention, Store};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// let store = Store::open(dir.path())?;
    /// store.set_retention(Retention::Forever)?;
    /// let mut batch = Batch::new();
    /// batch.put(NewConcept::with_key("capital").content("Bonn"))?;
    /// let then = store.commit(&batch)?.time;
    /// # std::thread::sleep(std::time::Duration::from_millis(5));
    /// let mut batch = Batch::new();
    /// batch.put(NewConcept::with_key("capital").content("Berlin"))?;
    /// store.commit(&batch)?;
    ///
    /// let past = store.snapshot_at(then)?;
    /// assert_eq!(past.concept_of_key("capital")?.unwrap().content()?, Some("Bonn"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn snapshot_at(&self, time: u64) -> Result<Snapshot> {
        Ok(Snapshot::new(self.0.snapshot_at(time)?))
    }

    /// How far back the store says what was.
    pub fn retention(&self) -> Retention {
        self.0.retention()
    }

    /// Says how far back the store is to say what was, durably, and for every later opening. Asked for
    /// before the first commit, all of them can be read; later, history begins with the call, which
    /// then reads all rows once. [`Retention::Latest`], the default, drops it. What a window or a number
    /// of versions has no room for goes when files merge.
    ///
    /// From then on every version of a concept costs 128 bytes more, of an association 64, and texts
    /// and vectors that were replaced stay. Reads of what is do not look at any of it.
    pub fn set_retention(&self, retention: Retention) -> Result<()> {
        Ok(self.0.set_retention(retention)?)
    }

    /// The rules by which records are forgotten, one for each scope at most.
    pub fn expiry(&self) -> Vec<(ExpiryScope, Expiry)> {
        self.0.expiry()
    }

    /// Says when the records of `scope` are forgotten, durably and for every later opening; with none
    /// that they are not, which is the default. A kind of associations follows its own rule alone.
    ///
    /// What is expired is hidden at once from every way of reading, by the clock when a snapshot is
    /// made, and with a concept all associations that touch it. It is deleted, durably, after the next
    /// merge of files that meets it, by [`Store::compact`], and by [`Store::forget_expired`]. Until then
    /// its words count in the statistics of scores, a put or a touch brings it back, and so does
    /// taking the rule away or a clock that goes back. Snapshots of the past hide what was expired
    /// then, by the rules that were in force then.
    ///
    /// ```
    /// use sutra_storage::{Batch, Expiry, ExpiryScope, NewConcept, Store};
    /// # let dir = tempfile::tempdir()?;
    ///
    /// let store = Store::open(dir.path())?;
    /// store.set_expiry(ExpiryScope::Concepts, Some(Expiry::new().time_to_live(2)))?;
    /// let mut batch = Batch::new();
    /// batch.put(NewConcept::with_key("rumour"))?;
    /// store.commit(&batch)?;
    /// # std::thread::sleep(std::time::Duration::from_millis(5));
    /// assert!(store.snapshot().concept_of_key("rumour")?.is_none());
    /// assert_eq!(store.forget_expired()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_expiry(&self, scope: ExpiryScope, expiry: Option<Expiry>) -> Result<()> {
        Ok(self.0.set_expiry(scope, expiry)?)
    }

    /// Deletes all that is [expired](Store::set_expiry) now, durably; says how many concepts, and
    /// associations by rules of their own, that were. Costs a walk over all rows if there is a rule.
    pub fn forget_expired(&self) -> Result<u64> {
        Ok(self.0.forget_expired()?)
    }

    /// The last sequence number that was committed at `time` or before, to ask for
    /// [`changes`](Store::changes) since then. Fails as [`Store::snapshot_at`].
    pub fn seq_at(&self, time: u64) -> Result<u64> {
        Ok(self.0.seq_at(time)?)
    }

    /// What `snapshot` sees that was committed behind the sequence number `since`: the first `limit`
    /// changes in the order of their commits. Go on with the number of the last one.
    ///
    /// Reads all rows of the history that goes beyond `since` in each call, so take large steps;
    /// memory is for `limit` changes. Fails with [`ErrorKind::NotKept`](crate::ErrorKind::NotKept) if
    /// history does not go back so far.
    pub fn changes<'s>(
        &self,
        snapshot: &'s Snapshot,
        since: u64,
        limit: usize,
    ) -> Result<Vec<Change<'s>>> {
        let changes = self.0.changes(snapshot.engine(), since, limit)?;
        Ok(changes.into_iter().map(Change::of).collect())
    }

    /// The kind of associations with this name; one that is new is registered, durably.
    pub fn register_kind(&self, name: &str) -> Result<AssociationKind> {
        let kinds = self.0.register_kinds(&[name])?;
        kinds.first().copied().ok_or_else(|| Error::invalid(format!("kind {name:?}: no answer")))
    }

    /// The kind that was registered, or is built in, under this name.
    pub fn kind_named(&self, name: &str) -> Option<AssociationKind> {
        self.0.kind_named(name)
    }

    /// The name of a kind.
    pub fn kind_name(&self, kind: AssociationKind) -> Option<String> {
        self.0.kind_name(kind)
    }

    /// Names a vector space, durably: a set of vectors of one dimension, made by one model, that are
    /// compared with each other by one metric and with no others. The same again changes nothing.
    ///
    /// A name has 1 to 255 bytes and no control characters, a dimension is 1 to 65,536, and there can be
    /// 65,534 spaces. What a name stands for never changes: another definition fails with
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), and names both. Costs two syncs of a
    /// small file if the space is new, and nothing if it is known.
    ///
    /// ```
    /// use sutra_storage::{Batch, Metric, NewConcept, Store, VectorSpace};
    /// # let place = tempfile::tempdir()?;
    /// # let dir = place.path().join("graph");
    ///
    /// let store = Store::open(&dir)?;
    /// let space = VectorSpace::new("titles", 2).model("e5-small").metric(Metric::Euclidean);
    /// store.register_vector_space(&space)?;
    ///
    /// let mut batch = Batch::new();
    /// batch.put(NewConcept::with_key("dog").vector(&[3.0, 4.0]).space("titles"))?;
    /// batch.put(NewConcept::with_key("cat").vector(&[0.0, 4.0]).space("titles"))?;
    /// batch.put(NewConcept::with_key("cow").vector(&[0.0, 4.0]))?; // In the default space.
    /// store.commit(&batch)?;
    ///
    /// let snapshot = store.snapshot();
    /// let hits = snapshot.search_vector(&[0.0, 0.0]).space("titles").collect()?;
    /// let scores: Vec<f32> = hits.iter().map(|hit| hit.score).collect();
    /// assert_eq!(scores, [-16.0, -25.0]); // Squared distances, negated: the nearest comes first.
    /// assert_eq!(snapshot.vector_spaces(), [space]);
    ///
    /// batch.clear();
    /// batch.put(NewConcept::with_key("dog").vector(&[3.0, 4.0, 0.0]).space("titles"))?;
    /// assert!(store.commit(&batch).is_err()); // Of another dimension; nothing was written.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register_vector_space(&self, space: &VectorSpace) -> Result<()> {
        self.0.register_spaces(std::slice::from_ref(space))?;
        Ok(())
    }

    /// Writes what is in memory into a segment.
    pub fn flush(&self) -> Result<()> {
        Ok(self.0.flush()?)
    }

    /// Merges all segments into one, and gives back the room of what is deleted, replaced or expired.
    /// Costs about the size of the store in reading and in writing.
    pub fn compact(&self) -> Result<()> {
        Ok(self.0.compact_all()?)
    }

    /// Erases concepts: deletes them and all associations that touch them, with the texts and vectors
    /// of both and every earlier version, rewrites all files without them, and then reads every byte of
    /// the files to prove it. A concept that is deleted already can be erased all the same; the id of
    /// the text of an association is refused.
    ///
    /// Costs about three times the size of the store in reading, and its size in writing and in room
    /// until the old files are gone. A snapshot that is held keeps old files: the report names them;
    /// drop it and call again. After an error call it again as well. What is not promised, of disks,
    /// backups and other processes: see [`LsmTree::erase`](sutra_lsm::LsmTree::erase).
    pub fn erase(&self, ids: &[ConceptId]) -> Result<EraseReport> {
        let snapshot = self.0.snapshot();
        for id in ids {
            if snapshot.concept_even_expired(id)?.is_some_and(|concept| concept.record().is_fact())
            {
                return Err(Error::belongs_to_fact(*id));
            }
        }
        drop(snapshot); // It would keep the old files.
        Ok(self.0.erase(ids)?)
    }

    /// What the store holds, and what it cost since it was opened.
    pub fn stats(&self) -> LsmStats {
        self.0.stats()
    }

    /// All segment files, by level, newest first.
    pub fn segments(&self) -> Result<Vec<SegmentInfo>> {
        Ok(self.0.segments()?)
    }

    /// Whether reads and writes work, and if not, why.
    pub fn health(&self) -> Health {
        self.0.health()
    }

    /// Reads every byte of every file and checks all sums, all orders and all references. What is
    /// damaged is in the report; this fails only if it cannot look. `progress` is told how many
    /// more bytes were read.
    pub fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<VerifyReport> {
        Ok(self.0.verify(progress)?)
    }

    /// The same in full: all that is wrong, and what the store is behind with.
    pub fn health_report(&self) -> HealthReport {
        self.0.health_report()
    }

    /// Reads the next pages, about `bytes` of them, and checks them; says whether that was the end
    /// of a pass over all files. What is damaged is told by [`Store::health`].
    pub fn scrub_step(&self, bytes: u64) -> bool {
        self.0.scrub_step(bytes)
    }

    /// Does that in the background, at this rate, at most 40 MiB per second, until the store is
    /// closed or [`Store::stop_background_scrub`] is called.
    pub fn start_background_scrub(&self, bytes_per_second: u64) -> Result<()> {
        Ok(self.0.start_background_scrub(bytes_per_second)?)
    }

    /// Stops it: once this returns, no more is read.
    pub fn stop_background_scrub(&self) {
        self.0.stop_background_scrub();
    }

    /// Makes the directory `dest` a copy of the store as it is now, also while others commit. It is
    /// made if need be; one that has an earlier backup of this store gets only the files that are
    /// new. Until this returns, the earlier backup is the one that is there. `progress` is told
    /// how many more bytes are.
    ///
    /// A backup is a store that can be opened for reading. To write into a copy,
    /// [`restore`](Store::restore) it.
    pub fn backup(
        &self,
        dest: impl AsRef<Path>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BackupReport> {
        self.backup_with(dest, BackupOptions::default(), progress)
    }

    /// [`backup`](Self::backup) with options.
    pub fn backup_with(
        &self,
        dest: impl AsRef<Path>,
        options: BackupOptions,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BackupReport> {
        let dest = OsDir::create(dest).map_err(LsmError::from)?;
        Ok(self.0.backup_with(&dest, options, progress)?)
    }

    /// Copies the store in `from`, mostly a backup, into the directory `to`, which is made or is
    /// empty, and checks every page on the way.
    pub fn restore(
        from: impl AsRef<Path>,
        to: impl AsRef<Path>,
        identity: StoreIdentity,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BackupReport> {
        StoreOptions::default().restore(from, to, identity, progress)
    }

    /// Writes everything of the damaged store in `from` that can be proven intact into the
    /// directory `to`, which is made or is empty, and reports what is missing there. Nothing in
    /// `from` changes; nobody may write there meanwhile.
    pub fn salvage(
        from: impl AsRef<Path>,
        to: impl AsRef<Path>,
        options: SalvageOptions,
        progress: &mut dyn FnMut(u64),
    ) -> Result<SalvageReport> {
        StoreOptions::default().salvage(from, to, options, progress)
    }

    /// The engine itself, for what this type does not offer.
    pub fn engine(&self) -> &LSMTree {
        &self.0
    }

    /// Writes what is in memory into a segment, so that the next opening is fast, and closes the
    /// store. Durable commits are safe even if this fails.
    pub fn close(self) -> Result<()> {
        Ok(self.0.close()?)
    }

    /// A kind without a name could never be shown again.
    pub(crate) fn check_kinds(&self, batch: &Batch) -> Result<()> {
        let mut last = AssociationKind::SEMANTIC;
        for change in batch.changes() {
            let batch::Change::Associate(link) = change else { continue };
            let kind = link.record.kind();
            if kind != last && self.0.kind_name(kind).is_none() {
                return Err(Error::invalid(format!(
                    "kind {} of an association has no name; register one with register_kind",
                    kind.code()
                )));
            }
            last = kind;
        }
        Ok(())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.0.snapshot();
        f.debug_struct("Store").field("seq", &snapshot.seq()).finish_non_exhaustive()
    }
}
