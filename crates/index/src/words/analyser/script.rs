//! Scripts that put no spaces between words.

/// Whether a character belongs to one: Han, Kana, Bopomofo, Hangul, Yi, Thai, Lao, Tibetan,
/// Myanmar, Khmer. Marks and signs of those blocks count with their letters.
pub(super) fn is_unspaced(c: char) -> bool {
    // The common case first: nothing below Thai is one.
    c >= '\u{e01}'
        && matches!(c,
            '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' | '\u{e80}'..='\u{ecf}'
            | '\u{edc}'..='\u{edf}' | '\u{f40}'..='\u{f84}' | '\u{f88}'..='\u{fbc}'
            | '\u{1000}'..='\u{103f}' | '\u{1050}'..='\u{108f}' | '\u{1100}'..='\u{11ff}'
            | '\u{1780}'..='\u{17d3}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{309f}'
            | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{3105}'..='\u{312f}'
            | '\u{3131}'..='\u{318e}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{a000}'..='\u{a48c}'
            | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
            | '\u{1b000}'..='\u{1b16f}' | '\u{20000}'..='\u{323af}')
}
