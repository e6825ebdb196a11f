//! Damage of bytes as a tape tells it.

use super::tape::Tape;

/// Numbers at which something ends.
pub(super) const EDGES: [u64; 20] = [
    0,
    1,
    2,
    7,
    8,
    63,
    64,
    255,
    4095,
    4096,
    4097,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    i64::MAX as u64,
    u64::MAX - 1,
    u64::MAX,
];

/// How many bytes one change may add.
const ADDED_MAX: usize = 8192;

/// How long a file may become.
const FILE_BYTES_MAX: usize = 1 << 20;

/// How often one tape may change something.
pub(super) const CHANGES_MAX: usize = 48;

/// Changes bytes until the tape ends.
pub(super) fn damage_bytes(bytes: &mut Vec<u8>, tape: &mut Tape<'_>) {
    for _ in 0..CHANGES_MAX {
        if tape.is_at_end() {
            break;
        }
        damage(bytes, tape);
    }
}

/// Changes bytes in one of the ways in which they get damaged, or in which somebody would.
pub(super) fn damage(bytes: &mut Vec<u8>, tape: &mut Tape<'_>) {
    let way = tape.byte() % 12;
    let at = place(bytes, tape);
    let left = bytes.len() - at;
    match way {
        0 | 1 if left > 0 => bytes[at] ^= 1 << (tape.byte() % 8),
        2 => overwrite(bytes, at, tape.bytes(16)),
        3 => overwrite(bytes, at, &tape.pick(&EDGES).to_le_bytes()[..width(tape)]),
        4 | 5 => add(bytes, at, tape),
        6 => bytes.truncate(at),
        7 => drop(bytes.drain(at..at + tape.below(left.min(ADDED_MAX)))),
        8 => {
            let value = *tape.pick(&[0, 0xff]);
            let count = tape.below(ADDED_MAX);
            drop(bytes.splice(at..at, std::iter::repeat_n(value, count)));
        }
        9 => bytes.resize(bytes.len() + tape.below(ADDED_MAX), 0),
        10 => {
            let other = place(bytes, tape);
            let end = (other + tape.below(512)).min(bytes.len());
            let copied = bytes[other..end].to_vec();
            overwrite(bytes, at, &copied);
        }
        _ => overwrite(bytes, at, &tape.long().to_le_bytes()[..width(tape)]),
    }
    bytes.truncate(FILE_BYTES_MAX);
}

/// An offset in `bytes`, at most their length. Every second one is that of a word that is not
/// zero: there are few of them, and everything is in them.
fn place(bytes: &[u8], tape: &mut Tape<'_>) -> usize {
    if tape.byte().is_multiple_of(2) {
        return tape.below(bytes.len() + 1);
    }
    let words = || (0_usize..).zip(bytes.chunks(8)).filter(|(_, word)| *word != [0; 8]);
    let (wanted, within) = (tape.below(words().count()), usize::from(tape.byte() % 2) * 4);
    let found = words().nth(wanted).map_or(0, |(index, _)| index * 8 + within);
    found.min(bytes.len())
}

fn width(tape: &mut Tape<'_>) -> usize {
    *tape.pick(&[4, 8, 2, 1])
}

fn overwrite(bytes: &mut [u8], at: usize, new: &[u8]) {
    let count = new.len().min(bytes.len() - at);
    bytes[at..at + count].copy_from_slice(&new[..count]);
}

/// Adds a small number to a number.
fn add(bytes: &mut [u8], at: usize, tape: &mut Tape<'_>) {
    let (width, delta) = (width(tape), i64::from(i8::from_le_bytes([tape.byte()])));
    let mut number = [0; 8];
    let count = width.min(bytes.len() - at);
    number[..count].copy_from_slice(&bytes[at..at + count]);
    let sum = u64::from_le_bytes(number).wrapping_add_signed(delta);
    overwrite(bytes, at, &sum.to_le_bytes()[..count]);
}
