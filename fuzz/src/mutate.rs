//! Damage as a tape tells it: of bytes, of the numbers in a text, of a whole directory.

use sutra_fs::Name;
use sutra_testkit::Image;

use super::tape::Tape;

/// Numbers at which something ends.
const EDGES: [u64; 20] = [
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
const CHANGES_MAX: usize = 48;

/// Changes bytes until the tape ends.
pub(super) fn damage_bytes(bytes: &mut Vec<u8>, tape: &mut Tape<'_>) {
    for _ in 0..CHANGES_MAX {
        if tape.is_at_end() {
            break;
        }
        damage(bytes, tape);
    }
}

/// Changes something about some file of a directory, until the tape ends.
pub(super) fn damage_files(image: &mut Image, tape: &mut Tape<'_>) {
    for _ in 0..CHANGES_MAX {
        let names: Vec<Name> = image.names().cloned().collect();
        if tape.is_at_end() || names.is_empty() {
            break;
        }
        let name = tape.pick(&names);
        match tape.byte() % 16 {
            0 => image.remove(name),
            1 => image.swap(name, tape.pick(&names)),
            2 => copy(image, name, tape.pick(&names)),
            3 => copy(image, name, &any_name(tape)),
            4 => image.put(&any_name(tape), tape.bytes(32)),
            5 => image.truncate(name, 0),
            6..=8 => change(image, name, |bytes| edit_text(bytes, tape)),
            _ => change(image, name, |bytes| damage(bytes, tape)),
        }
    }
}

fn copy(image: &mut Image, from: &Name, to: &Name) {
    let bytes = image.read(from).unwrap_or_default();
    image.put(to, &bytes);
}

pub(super) fn change(image: &mut Image, name: &Name, by: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = image.read(name).unwrap_or_default();
    by(&mut bytes);
    image.put(name, &bytes);
}

/// A name that means something to a store, or nearly.
fn any_name(tape: &mut Tape<'_>) -> Name {
    let number = tape.byte();
    let name = match tape.byte() % 10 {
        0 => "manifest.json".into(),
        1 => "manifest.prev.json".into(),
        2 => "manifest.json.tmp".into(),
        3 => "lock".into(),
        4 => format!("seg_{:08}.dat", u32::MAX),
        5 | 6 => format!("journal_{number:08}.log"),
        7 => format!("seg_{number:08}.dat.tmp"),
        8 => format!("other_{number}"),
        _ => format!("seg_{number:08}.dat"),
    };
    Name::new(name).expect("made of letters that names have")
}

/// Changes bytes in one of the ways in which they get damaged, or in which somebody would.
fn damage(bytes: &mut Vec<u8>, tape: &mut Tape<'_>) {
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

/// Replaces a number or a word of a text by another one, as in a manifest.
fn edit_text(bytes: &mut Vec<u8>, tape: &mut Tape<'_>) {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric();
    let starts: Vec<usize> = (0..bytes.len())
        .filter(|&at| is_part(&bytes[at]) && (at == 0 || !is_part(&bytes[at - 1])))
        .collect();
    let Some(&start) = starts.get(tape.below(starts.len())) else { return };
    let length = bytes[start..].iter().take_while(|byte| is_part(byte)).count();
    let old = String::from_utf8_lossy(&bytes[start..start + length]).into_owned();
    let delta = i64::from(i8::from_le_bytes([tape.byte()]));
    let new = match tape.byte() % 8 {
        0 => "null".into(),
        1 => "true".into(),
        2 => "false".into(),
        3 | 4 => tape.pick(&EDGES).to_string(),
        5 => String::from_utf8_lossy(tape.bytes(16)).into_owned(),
        _ => old.parse::<u64>().map_or(old, |old| old.wrapping_add_signed(delta).to_string()),
    };
    drop(bytes.splice(start..start + length, new.into_bytes()));
}
