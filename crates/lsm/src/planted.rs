//! Defects on purpose: what the crash explorer, the faults and the flips must find.
//!
//! Each names a rule of the engine that is broken while it is planted. Without the feature
//! `planted`, which only the tests of this crate turn on, no defect can be planted and the compiler
//! leaves no trace of them, and neither does it where debug assertions are off: no release has them.
//!
//! A defect is planted in one thread, so that tests run beside each other: with
//! [`Background::Manual`](crate::Background::Manual) the engine works in the thread of its caller.

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A commit that asks for it is not synced.
    EarlyAcknowledgement,
    /// A commit is applied and shown before it is synced.
    VisibleBeforeSynced,
    /// A writer whose journal failed goes on.
    PoisonForgotten,
    /// No mark says that the last group is durable.
    MarkForgotten,
    /// Frames say that more is durable than is.
    SyncedTooFar,
    /// A full journal is left without the seal that leads to the next one.
    JournalNotSealed,
    /// Commits go into the next journal before the seal is durable.
    SealNotSynced,
    /// The manifest does not learn of the first journal.
    JournalNotNamed,
    /// The manifest skips a journal that is not flushed yet.
    FloorAdvancedEarly,
    /// A journal is removed before the manifest names the segment that replaces it.
    JournalRemovedEarly,
    /// The store is closed and what is in memory is not flushed.
    ClosedWithoutFlush,
    /// A flush leaves the last sequence number where it was.
    LastSequenceForgotten,
    /// A flush drops deletions though older segments have what they delete.
    TombstonesDroppedInFlush,
    /// A merge drops deletions though older segments have what they delete.
    TombstonesDroppedInMerge,
    /// A merge removes files whose payload is still referred to.
    DonorRemovedEarly,
    /// A merge removes its inputs before the manifest names its output.
    InputsRemovedEarly,
    /// A flush does not take back the words of the texts that it hides.
    WordsNotTakenBack,
    /// A merge leaves the words out.
    WordsForgotten,
    /// An erasure leaves texts and vectors where a merge would leave them.
    ErasedStays,
    /// A row changes between the merge and the file.
    RowChangedInMerge,
    /// A text changes between the merge and the file.
    TextChangedInMerge,
    /// An association changes between the merge and the file.
    AssociationChangedInMerge,
    /// A merge leaves its inputs in the manifest.
    InputsStayListed,
    /// A change is folded into its concept twice.
    DeltaFoldedTwice,
    /// A flush leaves the history out.
    HistoryNotFlushed,
    /// Recovery leaves out the history of what it replays.
    HistoryNotRecovered,
    /// Recovery forgets when commits were made.
    TimesForgotten,
    /// The manifest says that history is kept before what is became the start of it.
    HistoryBegunEarly,
    /// A merge of history drops the newest version of what has several.
    NewestVersionDropped,
    /// A merge of history drops what is too old, and history begins where it did before.
    HorizonForgotten,
    /// How long history is kept is not written down.
    RetentionNotPublished,
    /// By which rules what is forgotten is not written down.
    ExpiryNotPublished,
    /// What is expired is deleted by a commit that is not synced.
    ForgottenUnsynced,
    /// What was touched since is deleted as if it had not been.
    TouchesUnseen,
    /// New kinds of associations are not written down.
    KindsNotPublished,
    /// New vector spaces are not written down.
    SpacesNotPublished,
    /// Replay leaves out a frame that is damaged and goes on behind it.
    HoleSkipped,
    /// Replay believes every body.
    BodySumUnchecked,
    /// Replay ends where a frame is damaged, though a later one says that it was durable.
    LossUnnoticed,
    /// Replay ends with the first journal.
    NextJournalForgotten,
    /// Recovery removes journals before the manifest names what replaces them.
    OrphansRemovedEarly,
    /// Recovery removes files before the manifest that a killed writer renamed is durable.
    OrphansRemovedUnsynced,
    /// Recovery leaves behind what nothing names.
    OrphansKept,
    /// The first commit after a recovery takes sequence numbers that are taken.
    SequenceReused,
    /// Commits that the manifest does not lead to are not looked for.
    StraysUnchecked,
}

#[cfg(feature = "planted")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Plants a defect in this thread, or takes it away.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    /// Whether the defect is planted.
    pub(crate) fn is(bug: Bug) -> bool {
        cfg!(debug_assertions) && PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted")]
pub(crate) use switch::is;
#[cfg(feature = "planted")]
pub use switch::plant;

/// Whether the defect is planted.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub(crate) const fn is(_: Bug) -> bool {
    false
}
