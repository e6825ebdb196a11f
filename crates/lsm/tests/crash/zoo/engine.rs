//! Rules of the engine that are broken.

use sutra_lsm::planted::Bug;
use sutra_testkit::Fault;

use super::By::{Faults, Flips, Kills, OlderManifest, PowerCuts};
use super::Defect::Engine;
use super::zoo;
use crate::small::{donors, erasures, expiry, history, history_later, rotations, spaces};
use crate::workloads::{deletes, everything, short};

zoo! {
    a_commit_is_acknowledged_before_it_is_synced:
        Engine(Bug::EarlyAcknowledgement), found by PowerCuts(short), as "none of";
    a_commit_is_visible_before_it_is_synced:
        Engine(Bug::VisibleBeforeSynced), found by Faults(Fault::Eio), as "left == right";
    a_writer_goes_on_after_its_journal_failed:
        Engine(Bug::PoisonForgotten), found by Faults(Fault::Eio), as "is not synced after";
    no_mark_says_that_the_last_group_is_durable:
        Engine(Bug::MarkForgotten), found by Flips, as "wrong, and nobody is told";
    frames_say_that_more_is_durable_than_is:
        Engine(Bug::SyncedTooFar), found by PowerCuts(short), as "refuses to open";
    a_full_journal_is_not_sealed:
        Engine(Bug::JournalNotSealed), found by PowerCuts(rotations), as "refuses to open";
    commits_follow_a_seal_that_is_not_durable:
        Engine(Bug::SealNotSynced), found by PowerCuts(rotations), as "refuses to open";
    the_manifest_does_not_name_the_first_journal:
        Engine(Bug::JournalNotNamed), found by PowerCuts(short), as "does not lead to";
    the_manifest_skips_a_journal_that_is_not_flushed:
        Engine(Bug::FloorAdvancedEarly), found by PowerCuts(rotations), as "a part of a batch";
    a_journal_is_removed_before_its_segment_is_named:
        Engine(Bug::JournalRemovedEarly), found by PowerCuts(short), as "refuses to open";
    a_store_is_closed_without_a_flush:
        Engine(Bug::ClosedWithoutFlush), found by PowerCuts(short), as "never asked for";
    a_flush_forgets_the_last_sequence_number:
        Engine(Bug::LastSequenceForgotten), found by PowerCuts(short), as "is above last_seq";
    a_flush_drops_deletions:
        Engine(Bug::TombstonesDroppedInFlush), found by PowerCuts(deletes), as "never asked for";
    a_merge_drops_deletions:
        Engine(Bug::TombstonesDroppedInMerge), found by PowerCuts(deletes), as "left == right";
    a_merge_removes_a_file_whose_payload_is_in_use:
        Engine(Bug::DonorRemovedEarly), found by PowerCuts(donors), as "which is not there";
    a_merge_removes_its_inputs_before_its_output_is_named:
        Engine(Bug::InputsRemovedEarly), found by PowerCuts(everything), as "refuses to open";
    a_merge_leaves_its_inputs_in_the_manifest:
        Engine(Bug::InputsStayListed), found by PowerCuts(everything), as "ends at sequence number";
    a_change_is_folded_twice:
        Engine(Bug::DeltaFoldedTwice), found by PowerCuts(short), as "never asked for";
    a_flush_does_not_take_words_back:
        Engine(Bug::WordsNotTakenBack), found by PowerCuts(everything), as "words are not those";
    a_merge_leaves_words_out:
        Engine(Bug::WordsForgotten), found by PowerCuts(everything), as "NotIndexed";
    new_kinds_are_not_written_down:
        Engine(Bug::KindsNotPublished), found by PowerCuts(short), as "of the kinds";
    new_vector_spaces_are_not_written_down:
        Engine(Bug::SpacesNotPublished), found by PowerCuts(spaces), as "of the kinds";
    a_flush_leaves_history_out:
        Engine(Bug::HistoryNotFlushed), found by PowerCuts(history), as "as of";
    recovery_leaves_history_out:
        Engine(Bug::HistoryNotRecovered), found by PowerCuts(history), as "as of";
    recovery_forgets_when_commits_were_made:
        Engine(Bug::TimesForgotten), found by PowerCuts(history), as "which was later";
    history_is_kept_before_what_is_is_the_start_of_it:
        Engine(Bug::HistoryBegunEarly), found by PowerCuts(history_later), as "as of";
    a_merge_of_history_drops_the_newest_version:
        Engine(Bug::NewestVersionDropped), found by PowerCuts(history), as "as of";
    history_begins_before_what_a_merge_dropped:
        Engine(Bug::HorizonForgotten), found by PowerCuts(history_later), as "as of";
    how_long_history_is_kept_is_not_written_down:
        Engine(Bug::RetentionNotPublished), found by PowerCuts(erasures), as "keeps";
    rules_of_what_is_forgotten_are_not_written_down:
        Engine(Bug::ExpiryNotPublished), found by PowerCuts(expiry), as "forgets Concepts by None";
    what_is_forgotten_is_not_synced:
        Engine(Bug::ForgottenUnsynced), found by PowerCuts(expiry), as "none of";
    what_was_touched_again_is_forgotten:
        Engine(Bug::TouchesUnseen), found by PowerCuts(expiry), as "all that is expired, and nothing else";
    replay_goes_on_behind_a_hole:
        Engine(Bug::HoleSkipped), found by PowerCuts(rotations), as "a part of a batch";
    replay_believes_a_body_that_is_damaged:
        Engine(Bug::BodySumUnchecked), found by PowerCuts(rotations), as "refuses to open";
    replay_takes_damage_for_the_end:
        Engine(Bug::LossUnnoticed), found by Flips, as "wrong, and nobody is told";
    replay_ends_with_the_first_journal:
        Engine(Bug::NextJournalForgotten), found by PowerCuts(rotations), as "refuses to open";
    recovery_removes_journals_before_their_segments_are_named:
        Engine(Bug::OrphansRemovedEarly), found by PowerCuts(short), as "refuses to open";
    recovery_leaves_behind_what_nothing_names:
        Engine(Bug::OrphansKept), found by PowerCuts(short), as "files that the manifest does not name";
    recovery_removes_files_before_a_killed_writers_manifest_is_durable:
        Engine(Bug::OrphansRemovedUnsynced), found by Kills, as "refuses to open";
    sequence_numbers_are_used_again_after_a_recovery:
        Engine(Bug::SequenceReused), found by PowerCuts(short), as "left == right";
    commits_that_the_manifest_does_not_lead_to_are_not_looked_for:
        Engine(Bug::StraysUnchecked), found by OlderManifest, as "wrong, and nobody is told";
}
