//! The directories of the association block: of its sources, and of its targets.
//!
//! Both are gathered while the associations are written. Sources come in order. Targets have to be
//! sorted: `passes` gathers their keys, as many as memory allows; what is left is gathered in
//! further passes over the block. Memory is bounded by [`PASS_KEYS`](crate::passes::PASS_KEYS) and
//! by 12 bytes for each distinct source or target, whatever the degrees are.

use sutra_format::hash::placement;
use sutra_format::{AssociationRecord, SectionKind};
use sutra_fs::File;
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, IntoBytes};

use crate::assembly::Assembly;
use crate::error::Result;
use crate::lines::LineBuilder;
use crate::passes::{IncomingKey, Pass};

/// Records that are read at once: 256 KiB.
const CHUNK_RECORDS: u64 = 4096;

/// An association block that has been written.
pub(crate) struct Associations<'a, F> {
    pub(crate) file: &'a F,
    pub(crate) hash_seed: u64,
    pub(crate) offset: u64,
    pub(crate) count: u64,
}

/// The distinct ends of associations in placement order, as they are met.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    hashes: Vec<u64>,
    starts: Vec<U32>,
}

impl Ends {
    /// Adds an end whose rows start here.
    #[inline]
    pub(crate) fn push(&mut self, hash: u64, start: u32) {
        self.hashes.push(hash);
        self.starts.push(U32::new(start));
    }

    /// Writes lines and starts of a directory over `rows` rows.
    pub(crate) fn write<F: File>(
        mut self,
        assembly: &mut Assembly<'_, F>,
        lines: SectionKind,
        starts: SectionKind,
        rows: u64,
    ) -> Result<()> {
        if rows > 0 {
            self.starts.push(U32::new(rows as u32));
        }
        assembly.write(starts, self.starts.as_bytes())?;
        let mut cursor = assembly.cursor();
        let mut builder = LineBuilder::new(self.hashes.len() as u64);
        for hash in self.hashes {
            builder.push(hash, |line| cursor.write(line.as_bytes()))?;
        }
        builder.finish(|line| cursor.write(line.as_bytes()))?;
        assembly.add(lines, &cursor.finish()?);
        Ok(())
    }
}

/// Writes incoming rows, and the directory of targets. `pass` has been given the key of every
/// association.
pub(crate) fn write_targets<F: File>(
    assembly: &mut Assembly<'_, F>,
    block: &Associations<'_, F>,
    pass: Pass,
) -> Result<()> {
    let mut rows = assembly.cursor();
    let mut targets = Ends::default();
    let mut last = None;
    let mut written = 0_u32;
    let mut next = Some(pass);
    while let Some(pass) = next {
        next = pass.next();
        pass.drain(|key: IncomingKey| {
            if last != Some(key.target()) {
                last = Some(key.target());
                targets.push(key.hash, written);
            }
            written += 1;
            rows.write(&key.row().to_le_bytes())
        })?;
        if let Some(pass) = &mut next {
            block.gather(pass)?;
        }
    }
    assembly.add(SectionKind::IncomingRows, &rows.finish()?);
    let (lines, starts) = (SectionKind::TargetLines, SectionKind::TargetStarts);
    targets.write(assembly, lines, starts, block.count)
}

impl<F: File> Associations<'_, F> {
    /// Gives a pass the key of every association.
    fn gather(&self, pass: &mut Pass) -> Result<()> {
        let mut chunk = vec![0; CHUNK_RECORDS as usize * AssociationRecord::BYTES];
        let mut row = 0;
        while row < self.count {
            let rows = CHUNK_RECORDS.min(self.count - row);
            let bytes = &mut chunk[..rows as usize * AssociationRecord::BYTES];
            self.file.read_at(self.offset + row * AssociationRecord::BYTES as u64, bytes)?;
            let records = <[AssociationRecord]>::ref_from_bytes(bytes)
                .expect("a whole number of records of alignment 1");
            for (row, record) in (row as u32..).zip(records) {
                let hash = placement(self.hash_seed, &record.target);
                pass.push(IncomingKey::new(hash, record, row));
            }
            row += rows;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sutra_format::{AssociationKind, ConceptId, SegmentHeader};
    use sutra_fs::{Dir, Name};
    use sutra_testkit::{SimDir, SplitMix};
    use zerocopy::FromZeros;

    use super::*;
    use crate::assembly::Blocks;
    use crate::cursor::{Cursor, Identity, Part};

    const SEED: u64 = 99;

    /// The file that has the directory of targets of `records`, written in passes of so many.
    fn file_of(records: &[AssociationRecord], pass_keys: usize) -> Vec<u8> {
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
        let mut pass = Pass::first(count, pass_keys);
        block.gather(&mut pass).unwrap();
        write_targets(&mut assembly, &block, pass).unwrap();
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
        let mut keys: Vec<_> = (0..)
            .zip(&records)
            .map(|(row, record)| IncomingKey::new(placement(SEED, &record.target), record, row))
            .collect();
        keys.sort();
        let rows: Vec<u8> = keys.iter().flat_map(|key| key.row().to_le_bytes()).collect();
        let is_there = (0..whole.len()).step_by(8).any(|at| whole[at..].starts_with(&rows));
        assert!(is_there, "the rows in the order of their targets");
        for pass_keys in [500, 8999, 9000] {
            assert!(file_of(&records, pass_keys) == whole, "{pass_keys} keys in a pass");
        }
        assert!(file_of(&records[..60], 2) == file_of(&records[..60], 61));
    }
}
