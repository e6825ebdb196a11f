//! What the memory index keeps of a term, and of each event, as numbers in an arena.

use super::super::error::WordsError;
use super::arena::Arena;

/// Places in the record of a term; its bytes follow, four to a number.
pub(super) const HASH: u32 = 0;
pub(super) const BYTES: u32 = 1;
/// The highest frequency in any row, and the complement of the least length of any row.
pub(super) const FREQUENCY_MAX: u32 = 2;
pub(super) const NOT_LENGTH_MIN: u32 = 3;
/// The chains of the rows that have the term, and of the rows elsewhere or here that lost it.
pub(super) const ROWS: u32 = 4;
pub(super) const LOST: u32 = 8;
/// Only the writer's: the last text that had the term, and where it stands in that text.
pub(super) const STAMP: u32 = 12;
pub(super) const SLOT: u32 = 13;
pub(super) const TEXT: u32 = 14;

/// Places in a chain: the first chunk, the last one, how full that is, and how long it is.
pub(super) const FIRST: u32 = 0;
const LAST: u32 = 1;
const FILLED: u32 = 2;
const CAPACITY: u32 = 3;

/// Places in a chunk: the next one, how many entries it has room for, entries.
pub(super) const NEXT: u32 = 0;
pub(super) const ROOM: u32 = 1;
pub(super) const ENTRIES: u32 = 2;

/// Numbers of an entry: the event plus one, the frequency, where the positions begin.
pub(super) const ENTRY: u32 = 3;

/// Entries of the first chunk of a chain and of the longest.
const ROOM_MIN: u32 = 2;
const ROOM_MAX: u32 = 128;

/// Places in the record of an event.
pub(super) const LENGTH: u32 = 0;
/// The event that hid the row, plus one; 0 while none has.
pub(super) const HIDDEN_BY: u32 = 1;
/// What all events so far add to the rows and to the terms, in two's complement.
pub(super) const ROWS_SUM: u32 = 2;
pub(super) const TERMS_SUM: u32 = 3;
/// Numbers of an event.
pub(super) const EVENT: u32 = 5;

/// Appends an entry to a chain.
pub(super) fn append(
    arena: &Arena,
    used: &mut u32,
    chain: u32,
    entry: [u32; ENTRY as usize],
) -> Result<(), WordsError> {
    let (filled, capacity) = (arena.get(chain + FILLED), arena.get(chain + CAPACITY));
    let mut last = arena.get(chain + LAST);
    let mut filled = filled;
    if filled == capacity {
        let room = (capacity * 2).clamp(ROOM_MIN, ROOM_MAX);
        let chunk = arena.room(used, (ENTRIES + room * ENTRY) as usize)?;
        arena.set(chunk + ROOM, room);
        arena.set(if capacity == 0 { chain + FIRST } else { last + NEXT }, chunk);
        arena.set(chain + LAST, chunk);
        arena.set(chain + CAPACITY, room);
        (last, filled) = (chunk, 0);
    }
    let at = last + ENTRIES + filled * ENTRY;
    arena.set(at + 1, entry[1]);
    arena.set(at + 2, entry[2]);
    arena.set(at, entry[0]);
    arena.set(chain + FILLED, filled + 1);
    Ok(())
}

/// Writes bytes, four to a number.
pub(super) fn put_bytes(arena: &Arena, at: u32, bytes: &[u8]) {
    for (place, four) in bytes.chunks(4).enumerate() {
        let mut word = [0; 4];
        word[..four.len()].copy_from_slice(four);
        arena.set(at + place as u32, u32::from_le_bytes(word));
    }
}

/// Reads bytes that were written so.
pub(super) fn take_bytes(arena: &Arena, at: u32, count: usize, out: &mut Vec<u8>) {
    out.clear();
    for place in 0..count.div_ceil(4) {
        out.extend_from_slice(&arena.get(at + place as u32).to_le_bytes());
    }
    out.truncate(count);
}

/// Whether the bytes written there are these.
pub(super) fn same_bytes(arena: &Arena, at: u32, bytes: &[u8]) -> bool {
    bytes.chunks(4).enumerate().all(|(place, four)| {
        let mut word = [0; 4];
        word[..four.len()].copy_from_slice(four);
        arena.get(at + place as u32) == u32::from_le_bytes(word)
    })
}
