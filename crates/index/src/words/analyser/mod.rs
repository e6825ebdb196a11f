//! Texts to terms: which words a text has, and at which positions.
//!
//! Words are those of Unicode (UAX 29), lower case and without diacritics. A word that is put
//! together (`snake_case`, `camelCase`, `dotted.name`, `it's`) gives itself and then its parts.
//! Scripts that put no spaces between words (Han, Kana, Hangul, Thai, ...) give every character and
//! every pair of neighbours; a query for such a text asks for the pairs alone.
//!
//! Invariants:
//! * No text is refused and none panics; time and output grow with the length of the text.
//! * Name and version say all: the same ones give the same terms for ever.
//! * The same text gives the same terms in whichever normal form it comes.

mod ascii;
mod fold;
mod language;
mod parts;
mod script;
mod unicode;

use rust_stemmers::Stemmer;

use super::error::WordsError;

pub use language::Language;

/// Bytes of a term; longer ones are cut at a character.
pub const TERM_BYTES_MAX: usize = 128;

/// Terms of one text; what follows is not indexed.
pub const TERMS_OF_TEXT_MAX: u32 = 1 << 22;

/// What the analysers do; a change of any rule is a new version.
pub const ANALYSER_VERSION: u32 = 1;

/// The analyser without a stemmer.
pub const PLAIN: &str = "unicode";

/// A way to make terms of texts, known by its name and version.
///
/// ```
/// use sutra_index::words::{Analyser, Language};
///
/// assert_eq!(Analyser::default().name(), "unicode");
/// assert_eq!(Analyser::stemming(Language::English).name(), "unicode-en");
/// assert_eq!("en".parse::<Language>()?, Language::English);
/// # Ok::<(), sutra_index::words::WordsError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Analyser {
    /// Whose words are brought to their stems. None: they are taken as they are.
    language: Option<Language>,
}

/// Whether a text is stored or asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A text of a row.
    Index,
    /// A text that somebody searches for.
    Query,
}

impl std::fmt::Debug for Analyser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Analyser").field(&self.name()).finish()
    }
}

impl Analyser {
    /// Brings words to their stems, by the rules of one language. Words of other languages and scripts
    /// are found all the same, if perhaps with more that looks like them.
    pub fn stemming(language: Language) -> Self {
        Self { language: Some(language) }
    }

    /// The analyser of this name: `unicode`, or `unicode-en` and the like with a stemmer.
    pub fn named(name: &str) -> Result<Self, WordsError> {
        if name == PLAIN {
            return Ok(Self::default());
        }
        let language = Language::ALL.into_iter().find(|known| known.analyser_name() == name);
        language
            .map(Self::stemming)
            .ok_or_else(|| WordsError::UnknownAnalyser { name: name.to_owned(), version: 0 })
    }

    /// Its name, at most 16 bytes.
    pub fn name(&self) -> &'static str {
        self.language.map_or(PLAIN, Language::analyser_name)
    }

    /// Its version.
    pub fn version(&self) -> u32 {
        ANALYSER_VERSION
    }

    /// Whose words it brings to their stems, if it does.
    pub fn language(&self) -> Option<Language> {
        self.language
    }

    /// Gives each term of the text with its position; positions do not fall.
    pub fn each<F: FnMut(&str, u32)>(
        &self,
        text: &str,
        purpose: Purpose,
        scratch: &mut Scratch,
        sink: F,
    ) {
        let stemmer = self.language.map(|language| Stemmer::create(language.algorithm()));
        let stemmer = stemmer.as_ref();
        let mut terms = Terms { stemmer, purpose, position: 0, count: 0, scratch, sink };
        if text.is_ascii() {
            return ascii::each_word(text, &mut terms);
        }
        let mut rest = text.as_bytes();
        let mut start = 0;
        // White space ends every word, so each piece between two can go its own way.
        while !rest.is_empty() && !terms.is_full() {
            let end = rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            let ascii = if end == rest.len() { end } else { last_space(&rest[..end]) };
            ascii::each_word(&text[start..start + ascii], &mut terms);
            (start, rest) = (start + ascii, &rest[ascii..]);
            let piece = rest.iter().skip(1).position(u8::is_ascii_whitespace);
            let piece = piece.map_or(rest.len(), |at| at + 1);
            unicode::each_word(&text[start..start + piece], &mut terms);
            (start, rest) = (start + piece, &rest[piece..]);
        }
    }
}

/// Where the last piece without white space begins.
fn last_space(bytes: &[u8]) -> usize {
    bytes.iter().rposition(u8::is_ascii_whitespace).unwrap_or(0)
}

/// Memory that is used again from text to text.
#[derive(Debug, Default)]
pub struct Scratch {
    term: String,
    normal: String,
}

/// Takes the words that were found, and gives their terms to the sink.
struct Terms<'a, F> {
    stemmer: Option<&'a Stemmer>,
    purpose: Purpose,
    position: u32,
    count: u32,
    scratch: &'a mut Scratch,
    sink: F,
}

impl<F: FnMut(&str, u32)> Terms<'_, F> {
    fn is_full(&self) -> bool {
        self.count >= TERMS_OF_TEXT_MAX
    }

    /// One simple word of ASCII characters, and the next position.
    fn ascii(&mut self, word: &str) {
        self.ascii_here(word);
        self.advance();
    }

    /// A word of ASCII characters, at the position of what follows.
    fn ascii_here(&mut self, word: &str) {
        let term = &mut self.scratch.term;
        term.clear();
        term.push_str(&word[..word.len().min(TERM_BYTES_MAX)]);
        term.make_ascii_lowercase();
        self.emit();
    }

    /// Any word, folded, at the position of what follows. Whether anything was left of it.
    fn folded_here(&mut self, word: &str) -> bool {
        fold::fold(word, &mut self.scratch.term);
        let any = !self.scratch.term.is_empty();
        if any {
            self.emit();
        }
        any
    }

    /// Characters as they are, at the position of what follows.
    fn raw_here(&mut self, characters: &str) {
        self.scratch.term.clear();
        self.scratch.term.push_str(characters);
        self.emit();
    }

    fn advance(&mut self) {
        self.position = self.position.saturating_add(1);
    }

    fn emit(&mut self) {
        if self.is_full() {
            return;
        }
        self.count += 1;
        let term = &self.scratch.term;
        match self.stemmer {
            Some(stemmer) => {
                let stem = stemmer.stem(term);
                let whole = if stem.is_empty() { term } else { &*stem };
                (self.sink)(&whole[..parts::cut(whole, TERM_BYTES_MAX)], self.position);
            }
            None => (self.sink)(term, self.position),
        }
    }
}
