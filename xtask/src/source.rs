//! Rust source without its comments and literals, and the functions in it.
//!
//! Not a parser: it knows just enough of the language that a brace in a string is no brace and a
//! word in a comment is no code. Bytes keep their places, so lines can be counted.

use std::iter;
use std::ops::Range;

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// Counted from one.
    pub(crate) first_line: usize,
    pub(crate) lines: usize,
}

/// The text with comments and the inner of literals turned into spaces. Line ends stay.
pub(crate) fn code(text: &str) -> String {
    let mut out = text.as_bytes().to_vec();
    let mut at = 0;
    while at < text.len() {
        let end = blank_end(text, at);
        if end == at {
            at += 1;
            continue;
        }
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(out).expect("whole comments and literals became ASCII")
}

/// Where the comment or literal ends that begins at `at`; `at` itself if none begins there.
fn blank_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'/' if bytes[at..].starts_with(b"//") => find(text, at, "\n"),
        b'/' if bytes[at..].starts_with(b"/*") => block_comment_end(bytes, at),
        b'"' => string_end(bytes, at),
        b'r' | b'b' | b'c' if at == 0 || !is_word(bytes[at - 1]) => raw_string_end(text, at),
        b'\'' => character_end(text, at),
        _ => at,
    }
}

fn find(text: &str, from: usize, what: &str) -> usize {
    text.as_bytes()
        .get(from..)
        .unwrap_or_default()
        .windows(what.len())
        .position(|window| window == what.as_bytes())
        .map_or(text.len(), |place| from + place)
}

fn block_comment_end(bytes: &[u8], from: usize) -> usize {
    let (mut depth, mut at) = (1, from + 2);
    while at < bytes.len() && depth > 0 {
        let step = match &bytes[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
    }
    at
}

fn string_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len() // It never ends.
}

/// `r"..."`, `br#"..."#` and so on; a plain `b"..."` is left to [`string_end`].
fn raw_string_end(text: &str, at: usize) -> usize {
    let rest = text[at..].trim_start_matches(['b', 'c']);
    let Some(rest) = rest.strip_prefix('r') else { return at };
    let inner = rest.trim_start_matches('#');
    let hashes = rest.len() - inner.len();
    if !inner.starts_with('"') {
        return at;
    }
    let close: String = iter::once('"').chain(iter::repeat_n('#', hashes)).collect();
    let begin = text.len() - inner.len() + 1;
    (find(text, begin, &close) + close.len()).min(text.len())
}

/// A character literal, if it is none of a lifetime.
fn character_end(text: &str, at: usize) -> usize {
    let rest = &text[at + 1..];
    let Some(first) = rest.chars().next() else { return at };
    if first == '\\' {
        return (find(text, at + 3, "'") + 1).min(text.len());
    }
    let after = at + 1 + first.len_utf8();
    if text.as_bytes().get(after) == Some(&b'\'') { after + 1 } else { at }
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// The words of the code, that is names, keywords and numbers, with their places.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    iter::from_fn(move || {
        let bytes = code.as_bytes();
        let begin = (at..bytes.len()).find(|&place| is_word(bytes[place]))?;
        let end = (begin..bytes.len()).find(|&place| !is_word(bytes[place]));
        at = end.unwrap_or(bytes.len());
        Some((begin, &code[begin..at]))
    })
}

/// The line of a place, counted from one.
pub(crate) fn line_of(code: &str, place: usize) -> usize {
    code.as_bytes()[..place].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The functions that have a body, in order; nested ones too.
pub(crate) fn functions(code: &str) -> Vec<Function<'_>> {
    let mut functions = Vec::new();
    let mut words = words(code).peekable();
    while let Some((place, word)) = words.next() {
        let Some((name_place, name)) = words.peek().copied() else { break };
        let between = &code[place + word.len()..name_place];
        if word != "fn" || !between.trim().is_empty() {
            continue; // A function pointer, `fn(u32)`, has no name.
        }
        if let Some(body) = body(code, name_place + name.len()) {
            let lines = line_of(code, body.end) - line_of(code, place) + 1;
            functions.push(Function { name, first_line: line_of(code, place), lines });
        }
    }
    functions
}

/// The braces of the body that follows a function's name, and what is between.
fn body(code: &str, from: usize) -> Option<Range<usize>> {
    let bytes = code.as_bytes();
    let (mut brackets, mut braces, mut begin) = (0_usize, 0_usize, None);
    for (place, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets = brackets.saturating_sub(1),
            b';' if brackets == 0 && begin.is_none() => return None,
            b'{' => {
                begin.get_or_insert(place);
                braces += 1;
            }
            b'}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return begin.map(|begin| begin..place);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_code(text: &str, expected: &str) {
        let code = code(text);
        assert_eq!(code.len(), text.len(), "places are kept");
        let squeezed: Vec<_> = code.split_whitespace().collect();
        assert_eq!(squeezed.join(" "), expected);
    }

    #[test]
    fn comments_are_no_code() {
        check_code("a // b \"\n c /* d /* e */ f\n */ g /// h", "a c g");
    }

    #[test]
    fn literals_are_no_code() {
        check_code(r#"a "b \" // c" d"#, "a d");
        check_code("a r#\"b \" c\"# d r\"e\" f br##\"g\"# h\"## i", "a d f i");
        check_code("a b\"c\" d", "a b d");
        check_code("a '\"' b '{' c '\\'' d '\u{e9}' e", "a b c d e");
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        check_code(
            "fn f<'a>(x: &'a r#type) -> &'static str",
            "fn f<'a>(x: &'a r#type) -> &'static str",
        );
    }

    #[test]
    fn an_unfinished_literal_ends_with_the_file() {
        for text in ["\"a", "\"a\\", "r#\"a", "/* a", "'", "'\\", "b", "r"] {
            assert_eq!(code(text).len(), text.len(), "{text}");
        }
    }

    #[test]
    fn functions_are_found_with_their_lines() {
        let code = code(
            "trait T { fn none(&self); fn some() {} }\nfn f<T>(a: [u8; 2], g: fn(u8) -> u8)\n{\n  \
                         let c = '}';\n  fn inner() {}\n}\nconst fn one() -> u8 { 1 }\n",
        );
        let found: Vec<_> =
            functions(&code).iter().map(|f| (f.name.to_owned(), f.first_line, f.lines)).collect();
        assert_eq!(
            found,
            [
                ("some".to_owned(), 1, 1),
                ("f".to_owned(), 2, 5),
                ("inner".to_owned(), 5, 1),
                ("one".to_owned(), 7, 1)
            ]
        );
    }
}
