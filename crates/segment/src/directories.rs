//! The directories of the association block, built from the block once it is written.
//!
//! Sources stand in the order of the block, so one scan writes their lines and starts. Targets
//! have to be sorted: passes over the block each collect the lowest keys that no pass before had,
//! so that memory is bounded by [`PASS_ITEMS`] keys of 24 bytes, whatever the degrees are, and
//! 8 bytes for each distinct target.

use sutra_format::hash::placement;
use sutra_format::{AssociationRecord, ConceptId, SectionKind, TagLine};
use sutra_fs::{File, FsError};
use zerocopy::{FromBytes, IntoBytes};

use crate::assembly::Assembly;
use crate::error::Result;
use crate::lines::LineBuilder;

/// Keys that a pass holds at most.
pub(crate) const PASS_ITEMS: usize = 2 << 20;

/// Records that are read at once: 256 KiB.
const CHUNK_RECORDS: u64 = 4096;

/// An association block that has been written.
pub(crate) struct Associations<'a, F> {
    pub(crate) file: &'a F,
    pub(crate) hash_seed: u64,
    pub(crate) offset: u64,
    pub(crate) count: u64,
}

/// Where an association stands among the incoming ones: placement of the target, first half of
/// the target, kind and row.
///
/// Two ids of one placement that share their first half are one id (`sutra_format::hash`), so the
/// first half, as a big-endian number, orders targets of one placement as the ids do. Among
/// associations of one target and kind the row number orders by (placement of source, source),
/// as the block does.
type IncomingKey = (u64, u64, u64);

pub(crate) fn incoming_key(hash: u64, record: &AssociationRecord, row: u32) -> IncomingKey {
    (hash, first_half(&record.target), u64::from(record.kind_code.get()) << 32 | u64::from(row))
}

fn first_half(id: &ConceptId) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *id.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Writes lines and starts of the `sources` distinct sources.
pub(crate) fn write_sources<F: File>(
    assembly: &mut Assembly<'_, F>,
    block: &Associations<'_, F>,
    sources: u64,
) -> Result<()> {
    let starts_bytes = if sources == 0 { 0 } else { (sources + 1) * 4 };
    let mut starts = assembly.cursor();
    let mut hashes = Vec::with_capacity(sources as usize);
    let mut last = None;
    block.scan(|row, record| {
        if last != Some(record.source) {
            last = Some(record.source);
            hashes.push(placement(block.hash_seed, &record.source));
            starts.write(&row.to_le_bytes())?;
        }
        Ok(())
    })?;
    if sources > 0 {
        starts.write(&(block.count as u32).to_le_bytes())?;
    }
    assert_eq!(starts.length(), starts_bytes, "as many sources as were pushed");
    assembly.add(SectionKind::SourceStarts, &starts.finish()?);
    write_lines(assembly, SectionKind::SourceLines, &hashes)
}

/// Writes incoming rows, and lines and starts of the distinct targets.
pub(crate) fn write_targets<F: File>(
    assembly: &mut Assembly<'_, F>,
    block: &Associations<'_, F>,
    pass_items: usize,
) -> Result<()> {
    let mut rows = assembly.cursor();
    let mut hashes = Vec::new();
    let mut starts = Vec::new();
    let mut last = None;
    let mut written = 0_u32;
    let mut after = None;
    while u64::from(written) < block.count {
        let keys = block.lowest_keys(after, pass_items)?;
        after = keys.last().copied();
        for (hash, half, kind_and_row) in keys {
            if last != Some((hash, half)) {
                last = Some((hash, half));
                hashes.push(hash);
                starts.push(written);
            }
            rows.write(&(kind_and_row as u32).to_le_bytes())?;
            written += 1;
        }
    }
    if written > 0 {
        starts.push(written);
    }
    assembly.add(SectionKind::IncomingRows, &rows.finish()?);
    assembly.write(SectionKind::TargetStarts, starts.as_bytes())?;
    write_lines(assembly, SectionKind::TargetLines, &hashes)
}

fn write_lines<F: File>(
    assembly: &mut Assembly<'_, F>,
    kind: SectionKind,
    hashes: &[u64],
) -> Result<()> {
    let mut cursor = assembly.cursor();
    let mut lines = LineBuilder::new(hashes.len() as u64);
    let mut emit = |line: &TagLine| cursor.write(line.as_bytes());
    for &hash in hashes {
        lines.push(hash, &mut emit)?;
    }
    lines.finish(&mut emit)?;
    assembly.add(kind, &cursor.finish()?);
    Ok(())
}

impl<F: File> Associations<'_, F> {
    /// Reads the block from the first row to the last.
    fn scan(
        &self,
        mut visit: impl FnMut(u32, &AssociationRecord) -> std::result::Result<(), FsError>,
    ) -> Result<()> {
        let mut chunk = vec![0; CHUNK_RECORDS as usize * AssociationRecord::BYTES];
        let mut row = 0;
        while row < self.count {
            let rows = CHUNK_RECORDS.min(self.count - row);
            let bytes = &mut chunk[..rows as usize * AssociationRecord::BYTES];
            self.file.read_at(self.offset + row * AssociationRecord::BYTES as u64, bytes)?;
            let records = <[AssociationRecord]>::ref_from_bytes(bytes)
                .expect("a whole number of records of alignment 1");
            for (row, record) in (row as u32..).zip(records) {
                visit(row, record)?;
            }
            row += rows;
        }
        Ok(())
    }

    /// The lowest keys above `after`, sorted: all that are left, or `limit / 2` and more.
    fn lowest_keys(&self, after: Option<IncomingKey>, limit: usize) -> Result<Vec<IncomingKey>> {
        let mut keys = Vec::with_capacity(limit.min(self.count as usize));
        let mut highest = None;
        self.scan(|row, record| {
            let hash = placement(self.hash_seed, &record.target);
            let key = incoming_key(hash, record, row);
            if after.is_some_and(|after| key <= after) || highest.is_some_and(|max| key > max) {
                return Ok(());
            }
            keys.push(key);
            if keys.len() == limit {
                let middle = limit / 2;
                keys.select_nth_unstable(middle);
                keys.truncate(middle + 1);
                highest = keys.last().copied();
            }
            Ok(())
        })?;
        keys.sort_unstable();
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use sutra_format::{AssociationKind, SegmentHeader};
    use sutra_fs::{Dir, Name};
    use sutra_testkit::{SimDir, SplitMix};
    use zerocopy::FromZeros;

    use super::*;
    use crate::assembly::Blocks;
    use crate::cursor::{Cursor, Identity, Part};

    const SEED: u64 = 99;

    /// The file that has the directory of targets of `records`, written in passes of so many.
    fn file_of(records: &[AssociationRecord], pass_items: usize) -> Vec<u8> {
        let dir = SimDir::new();
        let file = dir.create(&Name::new("x").unwrap()).unwrap();
        let identity = Identity { hash_seed: SEED, segment_id: 1 };
        let mut offset = 4096;
        let mut block = |bytes: &[u8]| -> Part {
            let mut cursor = Cursor::new(&file, identity, offset);
            cursor.write(bytes).unwrap();
            let part = cursor.finish().unwrap();
            offset = part.next_page();
            part
        };
        let count = records.len() as u64;
        let blocks = Blocks {
            concepts: (block(&[]), 0),
            associations: (block(records.as_bytes()), count),
            vectors: (block(&[]), 0),
            content: (block(&[]), 0),
        };
        let header = SegmentHeader::new_zeroed();
        let mut assembly = Assembly::new(&file, identity, header, &blocks);
        let block = Associations { file: &file, hash_seed: SEED, offset: 4096, count };
        write_targets(&mut assembly, &block, pass_items).unwrap();
        assembly.finish().unwrap();
        file.map().unwrap().as_ref().to_vec()
    }

    #[test]
    fn targets_are_the_same_however_many_passes_it_takes() {
        let mut rng = SplitMix::new(3);
        let id = |number: u64| ConceptId::from_bytes((u128::from(number) << 32).to_le_bytes());
        // More than a chunk of records; half of them end at one hub.
        let records: Vec<_> = (0..9000)
            .map(|n| {
                let target = if rng.chance(1, 2) { 7 } else { rng.below(500) };
                let kind = AssociationKind::from_code(rng.below(3) as u16);
                AssociationRecord::new(id(n), id(target), kind, 1.0)
            })
            .collect();
        let whole = file_of(&records, records.len() + 1);
        for pass_items in [500, 8999, 9000] {
            assert!(file_of(&records, pass_items) == whole, "{pass_items} items in a pass");
        }
        assert!(file_of(&records[..60], 2) == file_of(&records[..60], 61));
    }
}
