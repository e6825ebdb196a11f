//! Damage as a tape tells it: of the numbers in a text, of a whole directory.

use sutra_fs::Name;
use sutra_testkit::Image;

use super::damage::{CHANGES_MAX, EDGES, damage};
use super::repair::change;
use super::tape::Tape;

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
