//! The rules that tie the fields of a manifest to each other.
//!
//! They are checked before a manifest is written and after it is read.

use std::collections::HashSet;

use sutra_format::limits::ROWS_MAX;
use sutra_fs::Name;

use crate::analyser::AnalyserName;
use crate::error::Problem;
use crate::expiry::{ExpiryError, ExpiryPolicy, ExpiryScope};
use crate::history::History;
use crate::manifest::Manifest;
use crate::metadata::SegmentMetadata;

/// More than any store reaches; sequence numbers behind it do not overflow.
const LAST_SEQ_MAX: u64 = u64::MAX >> 1;

impl Manifest {
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if self.next_segment_id == u32::MAX {
            return Err(Problem::IdsExhausted);
        }
        if let Some(floor) = self.journal_floor.filter(|floor| *floor >= self.next_segment_id) {
            let reason = format!("{floor} was never allocated");
            return Err(Problem::invalid("journal_floor", reason));
        }
        if self.last_seq > LAST_SEQ_MAX {
            let reason = format!("{} is above {LAST_SEQ_MAX}", self.last_seq);
            return Err(Problem::invalid("last_seq", reason));
        }
        if !self.analyser.is_good() {
            let most = AnalyserName::BYTES_MAX;
            let reason = format!("it has 1 to {most} of the letters a to z, digits and `-`");
            return Err(Problem::invalid("analyser.name", reason));
        }
        let mut ids = HashSet::new();
        let mut paths = HashSet::new();
        for (place, segment) in self.segments.iter().enumerate() {
            let invalid =
                |(field, reason)| Problem::invalid(format!("segments[{place}].{field}"), reason);
            self.check_segment(segment).map_err(invalid)?;
            if !ids.insert(segment.segment_id) {
                let reason = format!("{} is there twice", segment.segment_id);
                return Err(invalid(("segment_id", reason)));
            }
            if !paths.insert(&segment.path) {
                let reason = format!("{} is there twice", segment.path.display());
                return Err(invalid(("path", reason)));
            }
        }
        self.check_history()?;
        self.check_expiry()?;
        self.check_ranges(SegmentMetadata::is_live)?;
        self.check_ranges(|segment| segment.history)
    }

    fn check_history(&self) -> Result<(), Problem> {
        if let Some(history) = self.history.filter(|history| history.since_seq > self.last_seq) {
            let reason = format!("{} is above last_seq {}", history.since_seq, self.last_seq);
            return Err(Problem::invalid("history.since_seq", reason));
        }
        let is_odd = |history: &History| {
            history.versions == Some(0) || history.versions.is_some() && history.window.is_some()
        };
        if self.history.as_ref().is_some_and(is_odd) {
            let reason = "it is 0, or there is a window as well".to_owned();
            return Err(Problem::invalid("history.versions", reason));
        }
        let is_odd = |segment: &SegmentMetadata| {
            segment.history && (segment.payload_only || self.history.is_none())
        };
        match self.segments.iter().position(is_odd) {
            Some(place) => {
                let reason = "history of a store that keeps none, or a mere home of payload";
                Err(Problem::invalid(format!("segments[{place}].history"), reason.to_owned()))
            }
            None => Ok(()),
        }
    }

    fn check_expiry(&self) -> Result<(), Problem> {
        let mut last = None;
        for (place, policy) in self.expiry.iter().enumerate() {
            let since = Some(policy.since);
            if last >= since {
                let reason = format!("{} is not above the one before", policy.since);
                return Err(Problem::invalid(format!("expiry[{place}].since"), reason));
            }
            last = since;
            for (at, (scope, expiry)) in policy.rules.iter().enumerate() {
                let invalid = |reason| {
                    let field = format!("expiry[{place}].rules[{at}]");
                    Err(Problem::invalid(field, reason))
                };
                match scope {
                    ExpiryScope::Kind(kind) if self.kind_name(*kind).is_none() => {
                        return invalid(ExpiryError::Unnamed { kind: *kind }.to_string());
                    }
                    ExpiryScope::Concepts | ExpiryScope::Associations if expiry.is_never() => {
                        return invalid("it says nothing".to_owned());
                    }
                    _ => {}
                }
                if let Err(error) = expiry.check() {
                    return invalid(error.to_string());
                }
            }
        }
        if self.expiry.len() > ExpiryPolicy::MAX {
            return Err(Problem::invalid("expiry", ExpiryError::TooOften.to_string()));
        }
        Ok(())
    }

    fn check_segment(&self, segment: &SegmentMetadata) -> Result<(), (&'static str, String)> {
        let rule = |holds: bool, field, reason: &dyn Fn() -> String| {
            if holds { Ok(()) } else { Err((field, reason())) }
        };
        let SegmentMetadata { segment_id, level, min_seq, max_seq, .. } = *segment;
        rule(segment_id < self.next_segment_id, "segment_id", &|| {
            format!("{segment_id} was never allocated, the next is {}", self.next_segment_id)
        })?;
        let name = segment.name().map_err(|error| ("path", error.to_string()))?;
        rule(!is_taken(&name), "path", &|| format!("{name} is a file of another kind"))?;
        let most = SegmentMetadata::LEVEL_MAX;
        rule(level <= most, "level", &|| format!("{level} is above {most}, the highest"))?;
        for (field, count) in [
            ("concept_count", segment.concept_count),
            ("association_count", segment.association_count),
        ] {
            rule(count <= ROWS_MAX, field, &|| format!("{count} is above {ROWS_MAX}"))?;
        }
        rule(min_seq <= max_seq, "min_seq", &|| format!("{min_seq} is above max_seq {max_seq}"))?;
        rule(max_seq <= self.last_seq, "max_seq", &|| {
            format!("{max_seq} is above last_seq {}", self.last_seq)
        })
    }

    /// Reading stops at the first hit, so each segment must be newer than all that are read after.
    fn check_ranges(&self, is_read: impl Fn(&SegmentMetadata) -> bool) -> Result<(), Problem> {
        let mut older_than: Option<&SegmentMetadata> = None;
        for segment in self.segments.iter().filter(|s| is_read(s) && s.max_seq > 0) {
            if let Some(newer) = older_than.filter(|newer| segment.max_seq >= newer.min_seq) {
                let reason = format!(
                    "segment {} of level {} ends at sequence number {}, but segment {} of level {}, \
                     which is read before it, starts at {}",
                    segment.segment_id,
                    segment.level,
                    segment.max_seq,
                    newer.segment_id,
                    newer.level,
                    newer.min_seq,
                );
                return Err(Problem::invalid("segments", reason));
            }
            older_than = Some(segment);
        }
        Ok(())
    }
}

/// Whether the name belongs to some other file of a store, which must not be taken for a segment.
fn is_taken(name: &Name) -> bool {
    let name = name.as_str();
    name == "lock"
        || name.starts_with("manifest.")
        || name.starts_with("journal_")
        || name.ends_with(sutra_fs::STAGED_SUFFIX)
}
