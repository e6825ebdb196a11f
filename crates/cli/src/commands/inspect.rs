//! `sutra inspect`: the header and the sections of one segment file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{BlockExtent, SectionEntry, SectionKind, Segment, SegmentHeader, StoreOptions};

use crate::failure::{Failure, Outcome};
use crate::show;
use crate::terminal::Terminal;

/// Show the header and the sections of a single segment file
///
/// The file may belong to a store or not.
#[derive(Args)]
pub(crate) struct Inspect {
    /// The segment file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Inspect {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        if options.maps {
            let segment = Segment::open_read(&self.file).map_err(sutra_storage::Error::from)?;
            return self.tell(&segment, terminal);
        }
        let bytes = fs::read(&self.file).map_err(Failure::file(&self.file))?;
        let segment = Segment::open(bytes, &self.file).map_err(sutra_storage::Error::from)?;
        self.tell(&segment, terminal)
    }

    fn tell<D: AsRef<[u8]>>(&self, segment: &Segment<D>, terminal: &mut Terminal) -> Outcome {
        let table = self.section_table(segment.header()).map_err(Failure::file(&self.file))?;
        let sections = segment
            .header()
            .sections(&table)
            .map_err(|error| Failure::Untellable(format!("{}: {error}", self.file.display())))?;
        let parts = Parts::of(segment.header(), sections);
        if self.json {
            parts.as_json(terminal, segment.is_sorted())?;
        } else {
            parts.as_text(terminal, segment.is_sorted())?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Its length was checked when the file was opened: a few kilobytes at most.
    fn section_table(&self, header: &SegmentHeader) -> io::Result<Vec<u8>> {
        let length = usize::try_from(header.section_table_length.get()).unwrap_or(0);
        let mut table = vec![0; length];
        File::open(&self.file)?.read_exact_at(&mut table, header.section_table_offset.get())?;
        Ok(table)
    }
}

/// A file, taken apart.
struct Parts<'f> {
    header: &'f SegmentHeader,
    parts: Vec<Part>,
}

/// A block or a section.
struct Part {
    name: String,
    offset: u64,
    bytes: u64,
    /// Of blocks: how many records, vectors or texts.
    count: Option<u64>,
    crc: u32,
}

impl<'f> Parts<'f> {
    fn of(header: &'f SegmentHeader, sections: &[SectionEntry]) -> Self {
        let block = |name: &str, extent: &BlockExtent, crc| Part {
            name: name.into(),
            offset: extent.offset.get(),
            bytes: extent.length.get(),
            count: Some(extent.count.get()),
            crc,
        };
        let mut parts = vec![
            block("concepts", &header.concepts, header.concepts_crc.get()),
            block("associations", &header.associations, header.associations_crc.get()),
            block("vectors", &header.vectors, header.vectors_crc.get()),
            block("content", &header.content, header.content_crc.get()),
        ];
        parts.extend(sections.iter().map(|section| Part {
            name: section_name(section.kind.get()),
            offset: section.offset.get(),
            bytes: section.length.get(),
            count: None,
            crc: section.crc.get(),
        }));
        parts.push(Part {
            name: "section table".into(),
            offset: header.section_table_offset.get(),
            bytes: header.section_table_length.get(),
            count: Some(sections.len() as u64),
            crc: header.section_table_crc.get(),
        });
        Self { header, parts }
    }

    fn as_json(&self, terminal: &mut Terminal, is_sorted: bool) -> io::Result<()> {
        let header = self.header;
        let part = |part: &Part| {
            serde_json::json!({
                "name": part.name, "offset": part.offset, "bytes": part.bytes,
                "count": part.count, "crc": format!("{:08x}", part.crc),
            })
        };
        let line = serde_json::json!({
            "version": header.version.get(),
            "segment_id": header.segment_id.get(),
            "store_id": hex(&header.store_id),
            "sorted": is_sorted,
            "created_at": header.created_at.get(),
            "compacted_at": header.compacted_at.get(),
            "min_seq": header.min_seq.get(),
            "max_seq": header.max_seq.get(),
            "hash_seed": format!("{:016x}", header.hash_seed.get()),
            "concept_tombstones": header.concept_tombstones.get(),
            "association_tombstones": header.association_tombstones.get(),
            "parts": self.parts.iter().map(part).collect::<Vec<_>>(),
        });
        writeln!(terminal, "{line}")
    }

    fn as_text(&self, terminal: &mut Terminal, is_sorted: bool) -> io::Result<()> {
        let header = self.header;
        let at = |ms: u64| match i64::try_from(ms) {
            Ok(0) | Err(_) => "never".to_owned(),
            Ok(ms) => show::time(ms),
        };
        let order = if is_sorted { "sorted, with directories" } else { "as appended" };
        let rows = [
            ("segment", header.segment_id.get().to_string()),
            ("store", hex(&header.store_id)),
            ("version", header.version.get().to_string()),
            ("records", order.to_owned()),
            ("created", at(header.created_at.get())),
            ("compacted", at(header.compacted_at.get())),
            ("changes", format!("{} to {}", header.min_seq.get(), header.max_seq.get())),
            ("hash seed", format!("{:016x}", header.hash_seed.get())),
            ("tombstones", tombstones(header)),
        ];
        for (what, value) in rows {
            writeln!(terminal, "{}  {value}", terminal.strong(format_args!("{what:10}")))?;
        }
        let title =
            format!("\n{:18}  {:>14}  {:>14}  {:>12}  crc", "part", "offset", "bytes", "count");
        writeln!(terminal, "{}", terminal.faint(title))?;
        for Part { name, offset, bytes, count, crc } in &self.parts {
            let name = terminal.accent(format_args!("{name:18}"));
            let count = count.map(show::count).unwrap_or_default();
            let (offset, bytes) = (show::count(*offset), show::count(*bytes));
            writeln!(terminal, "{name}  {offset:>14}  {bytes:>14}  {count:>12}  {crc:08x}")?;
        }
        Ok(())
    }
}

fn tombstones(header: &SegmentHeader) -> String {
    let (concepts, associations) =
        (header.concept_tombstones.get(), header.association_tombstones.get());
    format!("{} concepts, {} associations", show::count(concepts), show::count(associations))
}

fn section_name(code: u32) -> String {
    let name = match SectionKind::from_code(code) {
        Some(SectionKind::PageSums) => "page sums",
        Some(SectionKind::ConceptLines) => "concept lines",
        Some(SectionKind::SourceLines) => "source lines",
        Some(SectionKind::SourceStarts) => "source starts",
        Some(SectionKind::TargetLines) => "target lines",
        Some(SectionKind::TargetStarts) => "target starts",
        Some(SectionKind::IncomingRows) => "incoming rows",
        Some(SectionKind::VertexTombstones) => "vertex tombstones",
        Some(SectionKind::VectorRuns) => "vector runs",
        Some(SectionKind::PayloadHomes) => "payload homes",
        Some(SectionKind::Words) => "words",
        Some(SectionKind::VectorIndex) => "vector index",
        Some(SectionKind::ConceptVersions) => "concept versions",
        Some(SectionKind::ConceptVersionStarts) => "concept version starts",
        Some(SectionKind::AssociationVersions) => "association versions",
        Some(SectionKind::AssociationVersionStarts) => "association version starts",
        Some(SectionKind::Timeline) => "timeline",
        Some(SectionKind::ConceptVersionSeqs) => "concept version numbers",
        Some(SectionKind::AssociationVersionSeqs) => "association version numbers",
        None => return format!("kind {code}, unknown"),
    };
    name.into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
