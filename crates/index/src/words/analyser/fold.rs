//! Folding: lower case, without diacritics, so that `Ångström` and `angstrom` are one term.

use unicode_normalization::UnicodeNormalization;

use super::TERM_BYTES_MAX;

/// Folds a word into `out`; at most [`TERM_BYTES_MAX`] bytes.
pub(super) fn fold(word: &str, out: &mut String) {
    out.clear();
    let lower = word.chars().flat_map(char::to_lowercase);
    for c in lower.nfd().filter(|c| !is_mark(*c)) {
        let buffer = &mut [0; 4];
        let folded = letters(c).unwrap_or_else(|| c.encode_utf8(buffer));
        if out.len() + folded.len() > TERM_BYTES_MAX {
            return;
        }
        out.push_str(folded);
    }
}

/// A mark that tells no two words apart: those that belong to no script, the points of Hebrew, and
/// the vowel marks of Arabic. Vowel signs of Indic scripts are letters here.
pub(super) fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}'
        | '\u{5c4}'..='\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{200b}'..='\u{200f}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{ad}')
}

/// Letters that Unicode does not take apart, and that people without them on their keyboard write
/// in another way.
fn letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'ŧ' => "t",
        'þ' => "th",
        'ς' => "σ",
        '\u{2019}' | '\u{2018}' => "'",
        _ => return None,
    })
}
