//! `sutra segments`: the levels of a store and the files on them, as a picture made of text.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{AssociationRecord, ConceptRecord, SegmentInfo, StoreOptions};

use crate::failure::Outcome;
use crate::show;
use crate::terminal::Terminal;

/// Show the levels of a store and the files on them
///
/// The newest file of a level comes first. The longest bar is the largest file.
#[derive(Args)]
pub(crate) struct Segments {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Print a line of JSON for each file
    #[arg(long)]
    pub(crate) json: bool,
}

impl Segments {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let store = options.clone().open_read_only(&self.dir)?;
        let segments = store.segments()?;
        if self.json {
            segments.iter().try_for_each(|segment| as_json(terminal, segment))?;
        } else {
            picture(terminal, &segments, store.stats().owned_bytes)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn as_json(terminal: &mut Terminal, segment: &SegmentInfo) -> io::Result<()> {
    let line = serde_json::json!({
        "file": segment.file,
        "segment_id": segment.segment_id,
        "level": segment.level,
        "payload_only": segment.payload_only,
        "history": segment.history,
        "bytes": segment.file_bytes,
        "concepts": segment.concepts,
        "associations": segment.associations,
        "tombstones": segment.tombstones,
        "vector_bytes": segment.vector_bytes,
        "content_bytes": segment.content_bytes,
        "min_seq": segment.min_seq,
        "max_seq": segment.max_seq,
        "created_at": segment.created_at,
    });
    writeln!(terminal, "{line}")
}

fn picture(terminal: &mut Terminal, segments: &[SegmentInfo], owned: u64) -> io::Result<()> {
    let (history, rest): (Vec<_>, Vec<&SegmentInfo>) =
        segments.iter().partition(|segment| segment.history);
    let (payload_only, shown): (Vec<_>, Vec<&SegmentInfo>) =
        rest.into_iter().partition(|segment| segment.payload_only);
    let largest = segments.iter().map(|segment| segment.file_bytes).max().unwrap_or(0);
    let in_memory = show::bytes(owned);
    writeln!(terminal, "{}  {in_memory}", terminal.strong("journal and memory"))?;
    for level in shown.chunk_by(|a, b| a.level == b.level) {
        let title = format!("level {}", level.first().map_or(0, |segment| segment.level));
        floor(terminal, &title, level, largest)?;
    }
    if !payload_only.is_empty() {
        floor(terminal, "only text and vectors are still used", &payload_only, largest)?;
    }
    if !history.is_empty() {
        floor(terminal, "what was", &history, largest)?;
    }
    if !segments.is_empty() {
        let legend = PARTS.map(|(cell, what)| format!("{cell} {what}")).join("   ");
        writeln!(terminal, "{}", terminal.faint(legend))?;
    }
    Ok(())
}

fn floor(
    terminal: &mut Terminal,
    title: &str,
    segments: &[&SegmentInfo],
    largest: u64,
) -> io::Result<()> {
    let bytes = segments.iter().map(|segment| segment.file_bytes).sum();
    let title = terminal.strong(title);
    writeln!(terminal, "{title}  {} in {}", show::bytes(bytes), files(segments.len()))?;
    for segment in segments {
        let bar = terminal.accent(format_args!("{:width$}", bar(segment, largest), width = WIDTH));
        let (size, file) = (show::bytes(segment.file_bytes), &segment.file);
        let rows = [
            (segment.concepts, "concepts"),
            (segment.associations, "associations"),
            (segment.tombstones, "deleted"),
        ];
        let rows = rows.into_iter().filter(|(count, _)| *count > 0);
        let rows: Vec<_> = rows.map(|(n, what)| format!("{} {what}", show::count(n))).collect();
        writeln!(terminal, "  {file}  {bar}  {size:>10}  {}", rows.join(", "))?;
    }
    Ok(())
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".into() } else { format!("{count} files") }
}

/// The length of the longest bar.
const WIDTH: usize = 32;
/// What a bar is made of, in the order of the file.
const PARTS: [(char, &str); 4] =
    [('█', "records"), ('▓', "vectors"), ('▒', "text"), ('░', "directories")];

/// A bar as long as the file is large, divided as the file is. A part that is there has a cell at
/// least.
fn bar(segment: &SegmentInfo, largest: u64) -> String {
    let records = segment.concepts * ConceptRecord::BYTES as u64
        + segment.associations * AssociationRecord::BYTES as u64;
    let named = records + segment.vector_bytes + segment.content_bytes;
    let rest = segment.file_bytes.saturating_sub(named);
    let parts = [records, segment.vector_bytes, segment.content_bytes, rest];
    let length = cells(segment.file_bytes, largest, WIDTH);
    let mut bar = String::new();
    for ((cell, _), bytes) in PARTS.into_iter().zip(parts) {
        bar.extend(std::iter::repeat_n(cell, cells(bytes, segment.file_bytes, length)));
    }
    bar.chars().take(WIDTH).collect()
}

/// How many of `length` cells stand for `part` of `whole`.
fn cells(part: u64, whole: u64, length: usize) -> usize {
    let share = u128::from(part) * length as u128 / u128::from(whole.max(1));
    usize::try_from(share).unwrap_or(length).max(usize::from(part > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(bytes: u64, concepts: u64, vectors: u64, content: u64) -> SegmentInfo {
        SegmentInfo {
            segment_id: 1,
            level: 0,
            payload_only: false,
            history: false,
            file_bytes: bytes,
            concepts,
            associations: 0,
            tombstones: 0,
            vector_bytes: vectors,
            content_bytes: content,
            min_seq: 1,
            max_seq: 2,
            created_at: 0,
            file: "seg_00000001.dat".into(),
        }
    }

    #[test]
    fn a_bar_is_as_long_as_the_file_and_divided_like_it() {
        let even = segment(128 * 8, 2, 256, 256);
        assert_eq!(bar(&even, 1024), "████████▓▓▓▓▓▓▓▓▒▒▒▒▒▒▒▒░░░░░░░░");
        assert_eq!(bar(&even, 2048), "████▓▓▓▓▒▒▒▒░░░░");
    }

    #[test]
    fn what_is_there_is_seen_and_what_is_not_is_not() {
        assert_eq!(
            bar(&segment(1 << 40, 1, 0, 0), 1 << 40).chars().filter(|c| *c == '█').count(),
            1
        );
        assert_eq!(bar(&segment(0, 0, 0, 0), 0), "");
        assert!(
            bar(&segment(u64::MAX, 1, u64::MAX / 2, u64::MAX / 4), u64::MAX).chars().count()
                <= WIDTH
        );
    }
}
