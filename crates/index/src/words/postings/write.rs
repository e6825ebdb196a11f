//! Writing the postings of one term.

use zerocopy::IntoBytes;

use super::super::error::WordsError;
use super::super::impact;
use super::super::layout::{BlockEntry, ListHead};
use super::super::pack::{self, BLOCK, Block, Packer};

/// Appends the postings of a term: rows that rise, and a frequency of at least 1 for each.
pub(crate) fn put_list(
    rows: &[u32],
    frequencies: &[u32],
    lengths: &[u32],
    out: &mut Vec<u8>,
) -> Result<(), WordsError> {
    let (row_blocks, last_rows) = rows.as_chunks::<BLOCK>();
    let (frequency_blocks, last_frequencies) = frequencies.as_chunks::<BLOCK>();
    let pairs = || rows.iter().zip(frequencies).map(|(row, f)| (*f, length_of(lengths, *row)));
    if !row_blocks.is_empty() {
        out.extend_from_slice(ListHead { corners: impact::corners(pairs()) }.as_bytes());
    }
    let entries_at = out.len();
    let blocks_at = entries_at + row_blocks.len() * size_of::<BlockEntry>();
    out.resize(blocks_at, 0);
    let packer = Packer::new();
    let mut before = None;
    for (block, (rows, frequencies)) in row_blocks.iter().zip(frequency_blocks).enumerate() {
        let start = u32::try_from(out.len() - blocks_at)
            .map_err(|_| WordsError::TooLarge { what: "rows of one term" })?;
        let row_bits = packer.put_rows(before, rows, out);
        let less: Block = frequencies.map(|frequency| frequency.wrapping_sub(1));
        let frequency_bits = packer.put(&less, out);
        let corners = impact::corners(pairs().skip(block * BLOCK).take(BLOCK));
        let last_row = rows[BLOCK - 1];
        let entry = BlockEntry {
            last_row: last_row.into(),
            start: start.into(),
            row_bits,
            frequency_bits,
            corners,
        };
        let at = entries_at + block * size_of::<BlockEntry>();
        out[at..at + size_of::<BlockEntry>()].copy_from_slice(entry.as_bytes());
        before = Some(last_row);
    }
    put_rest(before, last_rows, last_frequencies, out);
    Ok(())
}

fn length_of(lengths: &[u32], row: u32) -> u32 {
    lengths.get(row as usize).copied().unwrap_or(0)
}

fn put_rest(before: Option<u32>, rows: &[u32], frequencies: &[u32], out: &mut Vec<u8>) {
    if rows.is_empty() {
        return;
    }
    let mut differences = [0; BLOCK];
    let mut less = [0; BLOCK];
    let mut next = before.map_or(0, |row| row.wrapping_add(1));
    for (at, (row, frequency)) in rows.iter().zip(frequencies).enumerate() {
        differences[at] = row.wrapping_sub(next);
        less[at] = frequency.wrapping_sub(1);
        next = row.wrapping_add(1);
    }
    let (differences, less) = (&differences[..rows.len()], &less[..rows.len()]);
    let widths = [pack::width(differences), pack::width(less)];
    out.extend_from_slice(&widths);
    pack::put_few(differences, widths[0], out);
    pack::put_few(less, widths[1], out);
}
