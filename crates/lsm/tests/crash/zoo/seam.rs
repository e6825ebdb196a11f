//! Defects in how the engine uses its directory: calls that are forgotten, believed, or made in
//! the wrong order.

use std::sync::Arc;

use sutra_fs::Operation::{Rename, Sync as SyncFile, SyncDir, Write};
use sutra_fs::{Name, Operation};
use sutra_testkit::Twist::{Believed, Beside, Halved, Late, Retried, Skipped};
use sutra_testkit::{Call, Fault, Op, Twist};

use super::By::{Faults, PowerCuts};
use super::{Defect, zoo};
use crate::small::{history, large_commits};
use crate::workloads::{everything, short};

fn is(kind: &str, name: Option<&Name>) -> bool {
    name.is_some_and(|name| name.as_str().starts_with(kind))
}

/// Whether the file is written to under its staged name and has not got its own yet.
fn is_staged(call: &Call<'_>) -> bool {
    let Some(name) = call.name else { return false };
    let last = call.log.iter().rev().find_map(|logged| match &logged.op {
        Op::Link { name: of, .. } if of == name => Some(true),
        Op::Rename { from, .. } if from == name => Some(false),
        _ => None,
    });
    last == Some(true)
}

/// Every call of this kind that `which` chooses is twisted.
fn twist(
    operation: Operation,
    which: impl Fn(&Call<'_>) -> bool + Send + Sync + 'static,
    twist: Twist,
) -> Defect {
    Defect::Seam(Arc::new(move |call| match call.operation == operation && which(call) {
        true => twist,
        false => Twist::Straight,
    }))
}

fn renamed(kind: &'static str) -> impl Fn(&Call<'_>) -> bool + Send + Sync + 'static {
    move |call| matches!(call.before(), Some(Op::Rename { to, .. }) if is(kind, Some(to)))
}

fn staged(kind: &'static str) -> impl Fn(&Call<'_>) -> bool + Send + Sync + 'static {
    move |call| is(kind, call.name) && is_staged(call)
}

fn named(kind: &'static str) -> impl Fn(&Call<'_>) -> bool + Send + Sync + 'static {
    move |call| is(kind, call.name)
}

/// A segment behind another one, and no manifest between: the history of what was just flushed.
fn second(call: &Call<'_>) -> bool {
    let last = call.log.iter().rev().find_map(|logged| match &logged.op {
        Op::Rename { to, .. } => Some(is("seg_", Some(to))),
        _ => None,
    });
    staged("seg_")(call) && last == Some(true)
}

/// Right after the sync of a file.
fn synced(call: &Call<'_>) -> bool {
    matches!(call.before(), Some(Op::Sync { .. }))
}

fn zeros(call: &Call<'_>) -> bool {
    call.bytes.iter().all(|byte| *byte == 0)
}

fn journal(call: &Call<'_>) -> bool {
    is("journal", call.name) && !is_staged(call)
}

zoo! {
    a_segment_is_not_synced:
        twist(SyncFile, staged("seg_"), Skipped), found by PowerCuts(short), as "refuses to open";
    a_history_segment_is_not_synced:
        twist(SyncFile, second, Skipped), found by PowerCuts(history), as "refuses to open";
    a_manifest_is_not_synced:
        twist(SyncFile, staged("manifest.json"), Skipped), found by PowerCuts(short), as "manifest.json";
    a_previous_manifest_is_not_synced:
        twist(SyncFile, staged("manifest.prev"), Skipped), found by PowerCuts(short), as "manifest.prev.json";
    a_new_journal_is_not_synced:
        twist(SyncFile, staged("journal"), Skipped), found by PowerCuts(short), as "refuses to open";
    a_manifest_is_synced_after_it_is_renamed:
        twist(SyncFile, staged("manifest.json"), Late(2)), found by PowerCuts(short), as "manifest.json";
    the_directory_is_not_synced_before_a_rename:
        twist(SyncDir, synced, Skipped), found by PowerCuts(short), as "refuses to open";
    the_directory_is_not_synced_after_a_manifest_is_renamed:
        twist(SyncDir, renamed("manifest.json"), Skipped), found by PowerCuts(short), as "does not lead to";
    the_directory_is_synced_after_files_are_removed:
        twist(SyncDir, renamed("manifest.json"), Late(1)), found by PowerCuts(everything), as "refuses to open";
    files_are_removed_before_the_manifest_is_renamed:
        twist(Rename, named("manifest.json"), Late(2)), found by PowerCuts(everything), as "files that the manifest does not name";
    the_directory_is_not_synced_after_a_journal_is_renamed:
        twist(SyncDir, renamed("journal"), Skipped), found by PowerCuts(short), as "refuses to open";
    the_journal_is_never_synced:
        twist(SyncFile, journal, Skipped), found by PowerCuts(short), as "in what was synced up to";
    every_third_sync_of_the_journal_is_lost:
        twist(SyncFile, |call| journal(call) && call.log.len() % 3 == 0, Skipped),
        found by PowerCuts(short), as "refuses to open";
    a_commit_is_written_after_its_sync:
        twist(Write, journal, Late(1)), found by PowerCuts(short), as "none of";
    half_a_commit_is_written:
        twist(Write, journal, Halved), found by PowerCuts(short), as "none of";
    a_commit_is_written_beside_its_place:
        twist(Write, journal, Beside(8)), found by PowerCuts(short), as "none of";
    half_a_segment_is_written:
        twist(Write, named("seg_"), Halved), found by PowerCuts(short), as "bytes long; the manifest says";
    zeros_ahead_are_written_over_commits:
        twist(Write, |call| journal(call) && zeros(call), Late(1)),
        found by PowerCuts(large_commits), as "refuses to open";
    a_failed_sync_is_believed:
        twist(SyncFile, |_| true, Believed), found by Faults(Fault::Eio), as "";
    a_failed_sync_is_tried_again:
        twist(SyncFile, |_| true, Retried), found by Faults(Fault::Eio), as "";
    a_failed_sync_of_the_directory_is_believed:
        twist(SyncDir, |_| true, Believed), found by Faults(Fault::Eio), as "";
    a_failed_rename_is_believed:
        twist(Rename, |_| true, Believed), found by Faults(Fault::Eio), as "";
    a_failed_write_of_a_commit_is_believed:
        twist(Write, journal, Believed), found by Faults(Fault::Enospc), as "";
    a_failed_write_of_a_segment_is_believed:
        twist(Write, named("seg_"), Believed), found by Faults(Fault::Enospc), as "";
}
