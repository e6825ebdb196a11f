//! The parts of a word that is put together: `snake_case`, `camelCase`, `HTTPServer`, `dotted.name`.

/// The parts of a word, in their order. A word that is not put together is its only part.
pub(super) fn parts(word: &str) -> impl Iterator<Item = &str> {
    word.split(|c: char| !c.is_alphanumeric() && !super::fold::is_mark(c))
        .filter(|run| !run.is_empty())
        .flat_map(CamelParts::new)
}

/// Splits where a small letter or digit is followed by a capital, and before the last capital of a
/// row of them that is followed by a small letter.
struct CamelParts<'a> {
    rest: &'a str,
}

impl<'a> CamelParts<'a> {
    fn new(rest: &'a str) -> Self {
        Self { rest }
    }
}

impl<'a> Iterator for CamelParts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest;
        if rest.is_empty() {
            return None;
        }
        let mut before_last = None;
        let mut last: Option<(usize, char)> = None;
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            if let Some((last_at, l)) = last {
                if c.is_uppercase() && (l.is_lowercase() || l.is_numeric()) {
                    end = at;
                    break;
                }
                if c.is_lowercase()
                    && l.is_uppercase()
                    && before_last.is_some_and(char::is_uppercase)
                {
                    end = last_at;
                    break;
                }
            }
            (before_last, last) = (last.map(|(_, c)| c), Some((at, c)));
        }
        let (part, rest) = rest.split_at(end);
        self.rest = rest;
        Some(part)
    }
}

/// The length of the longest start of `text` of at most `bytes` bytes that ends at a character.
pub(super) fn cut(text: &str, bytes: usize) -> usize {
    text.floor_char_boundary(bytes)
}
