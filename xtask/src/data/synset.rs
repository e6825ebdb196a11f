//! One line of a WordNet data file: a set of synonyms, its pointers and its gloss.
//!
//! ```text
//! offset lexfile type words [word lexid]... pointers [symbol offset pos st]... ... | gloss
//! ```
//! Offsets are eight decimal digits, the number of words is hexadecimal, that of pointers is
//! decimal. `st` is two hexadecimal bytes, the words of source and target that the pointer joins,
//! counted from one; 0000 joins the two sets as wholes. The manual page wninput(5WN) has it all.

use std::fmt;
use std::str::SplitWhitespace;

/// The four parts of speech that have a file each, in the order of their letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PartOfSpeech {
    Adjective,
    Noun,
    Adverb,
    Verb,
}

/// A data file.
pub(crate) struct Part {
    pub(crate) file: &'static str,
    pub(crate) of: PartOfSpeech,
}

/// The data files, in the order in which sums of them are recorded.
pub(crate) const PARTS: [Part; 4] = [
    Part { file: "data.noun", of: PartOfSpeech::Noun },
    Part { file: "data.verb", of: PartOfSpeech::Verb },
    Part { file: "data.adj", of: PartOfSpeech::Adjective },
    Part { file: "data.adv", of: PartOfSpeech::Adverb },
];

/// The key of a set, written `wn-02086723-n`. Keys sort as their texts do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    offset: u32,
    part: PartOfSpeech,
}

/// A pointer to another set.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    /// The name of the association, such as `hypernym`.
    pub(crate) kind: &'static str,
    pub(crate) target: Key,
    /// The two words that are joined, counted from one; `None` joins the sets.
    pub(crate) words: Option<(usize, usize)>,
}

/// A set of synonyms.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Synset {
    pub(crate) key: Key,
    /// `n`, `v`, `a`, `r`, or `s` for an adjective that belongs to another one.
    pub(crate) class: String,
    pub(crate) lexicographer_file: &'static str,
    pub(crate) words: Vec<String>,
    pub(crate) pointers: Vec<Pointer>,
    pub(crate) gloss: String,
}

/// Why a line is no set, without its place.
pub(crate) type ParseResult<T> = Result<T, String>;

impl PartOfSpeech {
    const fn letter(self) -> char {
        match self {
            Self::Adjective => 'a',
            Self::Noun => 'n',
            Self::Adverb => 'r',
            Self::Verb => 'v',
        }
    }

    fn from_text(text: &str) -> ParseResult<Self> {
        match text {
            "a" | "s" => Ok(Self::Adjective), // Satellites stand in the file of the adjectives.
            "n" => Ok(Self::Noun),
            "r" => Ok(Self::Adverb),
            "v" => Ok(Self::Verb),
            _ => Err(format!("no part of speech is called {text:?}")),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wn-{:08}-{}", self.offset, self.part.letter())
    }
}

impl Key {
    fn parse(offset: &str, part: PartOfSpeech) -> ParseResult<Self> {
        let well_formed = offset.len() == 8 && offset.bytes().all(|byte| byte.is_ascii_digit());
        match offset.parse() {
            Ok(offset) if well_formed => Ok(Self { offset, part }),
            _ => Err(format!("{offset:?} is no offset of eight digits")),
        }
    }
}

/// Reads one line of the data file of `part`; a line of the notice is `None`.
pub(crate) fn parse(line: &str, part: PartOfSpeech) -> ParseResult<Option<Synset>> {
    if line.is_empty() || line.starts_with("  ") {
        return Ok(None);
    }
    let (head, gloss) = line.split_once(" | ").unwrap_or((line, ""));
    let mut fields = Fields(head.split_whitespace());
    let key = Key::parse(fields.next("offset")?, part)?;
    let number: usize = number(fields.next("lexicographer file")?, 10)?;
    let lexicographer_file = LEXICOGRAPHER_FILES
        .get(number)
        .copied()
        .ok_or_else(|| format!("there is no lexicographer file {number}"))?;
    let class = fields.next("type")?.to_owned();
    let words = words(&mut fields)?;
    let pointers = pointers(&mut fields)?;
    let gloss = gloss.trim().to_owned();
    Ok(Some(Synset { key, class, lexicographer_file, words, pointers, gloss }))
}

/// The notice that a data file opens with, without its line numbers.
pub(crate) fn notice(text: &str) -> String {
    let mut notice = String::new();
    for line in text.lines().take_while(|line| line.starts_with("  ")) {
        let line = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
        notice.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
        notice.push('\n');
    }
    notice
}

/// The fields before the gloss.
struct Fields<'a>(SplitWhitespace<'a>);

impl<'a> Fields<'a> {
    fn next(&mut self, what: &str) -> ParseResult<&'a str> {
        self.0.next().ok_or_else(|| format!("the line ends before its {what}"))
    }
}

fn number(text: &str, radix: u32) -> ParseResult<usize> {
    usize::from_str_radix(text, radix).map_err(|_| format!("{text:?} is no number"))
}

fn words(fields: &mut Fields<'_>) -> ParseResult<Vec<String>> {
    let count = number(fields.next("number of words")?, 16)?;
    let mut words = Vec::new();
    for _ in 0..count {
        let word = fields.next("words")?;
        fields.next("lexical number")?;
        words.push(without_marker(word).replace('_', " "));
    }
    Ok(words)
}

/// A word without the mark of where an adjective may stand: `(a)`, `(p)` or `(ip)`.
fn without_marker(word: &str) -> &str {
    let bare = ["(a)", "(p)", "(ip)"].iter().find_map(|marker| word.strip_suffix(marker));
    bare.unwrap_or(word)
}

fn pointers(fields: &mut Fields<'_>) -> ParseResult<Vec<Pointer>> {
    let count = number(fields.next("number of pointers")?, 10)?;
    let mut pointers = Vec::new();
    for _ in 0..count {
        let kind = kind(fields.next("pointer symbol")?)?;
        let offset = fields.next("pointer offset")?;
        let part = PartOfSpeech::from_text(fields.next("part of speech of a pointer")?)?;
        let ends = number(fields.next("words of a pointer")?, 16)?;
        let words = (ends != 0).then_some((ends >> 8, ends & 0xff));
        pointers.push(Pointer { kind, target: Key::parse(offset, part)?, words });
    }
    Ok(pointers)
}

fn kind(symbol: &str) -> ParseResult<&'static str> {
    let known = KINDS.iter().find(|(known, _)| *known == symbol);
    known.map(|(_, name)| *name).ok_or_else(|| format!("no pointer is written {symbol:?}"))
}

/// The symbols of pointers and what they mean.
const KINDS: [(&str, &str); 26] = [
    ("!", "antonym"),
    ("@", "hypernym"),
    ("@i", "instance_hypernym"),
    ("~", "hyponym"),
    ("~i", "instance_hyponym"),
    ("#m", "member_holonym"),
    ("#s", "substance_holonym"),
    ("#p", "part_holonym"),
    ("%m", "member_meronym"),
    ("%s", "substance_meronym"),
    ("%p", "part_meronym"),
    ("=", "attribute"),
    ("+", "derivationally_related"),
    (";c", "domain_topic"),
    ("-c", "member_of_topic"),
    (";r", "domain_region"),
    ("-r", "member_of_region"),
    (";u", "domain_usage"),
    ("-u", "member_of_usage"),
    ("*", "entailment"),
    (">", "cause"),
    ("^", "also_see"),
    ("$", "verb_group"),
    ("&", "similar_to"),
    ("<", "participle_of"),
    ("\\", "pertainym"),
];

/// The files that the lexicographers worked in, by number.
const LEXICOGRAPHER_FILES: [&str; 45] = [
    "adj.all",
    "adj.pert",
    "adv.all",
    "noun.Tops",
    "noun.act",
    "noun.animal",
    "noun.artifact",
    "noun.attribute",
    "noun.body",
    "noun.cognition",
    "noun.communication",
    "noun.event",
    "noun.feeling",
    "noun.food",
    "noun.group",
    "noun.location",
    "noun.motive",
    "noun.object",
    "noun.person",
    "noun.phenomenon",
    "noun.plant",
    "noun.possession",
    "noun.process",
    "noun.quantity",
    "noun.relation",
    "noun.shape",
    "noun.state",
    "noun.substance",
    "noun.time",
    "verb.body",
    "verb.change",
    "verb.cognition",
    "verb.communication",
    "verb.competition",
    "verb.consumption",
    "verb.contact",
    "verb.creation",
    "verb.emotion",
    "verb.motion",
    "verb.perception",
    "verb.possession",
    "verb.social",
    "verb.stative",
    "verb.weather",
    "adj.ppl",
];

#[cfg(test)]
mod tests {
    use super::*;

    const DOG: &str = "02086723 05 n 02 dog 0 domestic_dog 0 003 @ 02085998 n 0000 \
                       + 01234567 v 0102 & 00000007 s 0000 | a member of the genus; \"the dog | barked\"  ";

    fn noun(line: &str) -> ParseResult<Option<Synset>> {
        parse(line, PartOfSpeech::Noun)
    }

    #[test]
    fn a_line_gives_its_words_pointers_and_gloss() {
        let dog = noun(DOG).unwrap().unwrap();
        assert_eq!(dog.key.to_string(), "wn-02086723-n");
        assert_eq!((dog.class.as_str(), dog.lexicographer_file), ("n", "noun.animal"));
        assert_eq!(dog.words, ["dog", "domestic dog"]);
        assert_eq!(dog.gloss, "a member of the genus; \"the dog | barked\"");
        let pointers: Vec<_> = dog
            .pointers
            .iter()
            .map(|pointer| (pointer.kind, pointer.target.to_string(), pointer.words))
            .collect();
        assert_eq!(
            pointers,
            [
                ("hypernym", "wn-02085998-n".to_owned(), None),
                ("derivationally_related", "wn-01234567-v".to_owned(), Some((1, 2))),
                ("similar_to", "wn-00000007-a".to_owned(), None),
            ]
        );
    }

    #[test]
    fn the_number_of_words_is_hexadecimal() {
        let words: String = (0..10).map(|n| format!("w{n} 0 ")).collect();
        let line = format!("00000001 03 n 0a {words}000 | ten words");
        assert_eq!(noun(&line).unwrap().unwrap().words.len(), 10);
    }

    #[test]
    fn the_place_of_an_adjective_is_no_part_of_the_word() {
        let bare = ["galore(ip)", "alive(p)", "former(a)", "plain", "odd(x)"].map(without_marker);
        assert_eq!(bare, ["galore", "alive", "former", "plain", "odd(x)"]);
    }

    #[test]
    fn the_frames_of_a_verb_are_passed_over() {
        let line = "00000001 29 v 01 breathe 0 000 02 + 02 00 + 08 00 | draw air";
        let verb = parse(line, PartOfSpeech::Verb).unwrap().unwrap();
        assert_eq!((verb.words.len(), verb.pointers.len()), (1, 0));
    }

    #[test]
    fn the_notice_is_no_set_and_loses_its_line_numbers() {
        let text =
            "  1 This software  \n  2   \n  10 under license.  \n00000001 03 n 01 x 0 000 | y\n";
        assert_eq!(noun("  1 This software  ").unwrap(), None);
        assert_eq!(notice(text), "This software\n\nunder license.\n");
    }

    #[track_caller]
    fn check_refused(line: &str, reason: &str) {
        assert_eq!(noun(line).unwrap_err(), reason);
    }

    #[test]
    fn a_damaged_line_is_refused_with_a_reason() {
        check_refused("0000001 03 n 01 x 0 000 | y", "\"0000001\" is no offset of eight digits");
        check_refused("00000001 99 n 01 x 0 000 | y", "there is no lexicographer file 99");
        check_refused("00000001 03 n 0g x 0 000 | y", "\"0g\" is no number");
        check_refused("00000001 03 n 02 x 0", "the line ends before its words");
        check_refused(
            "00000001 03 n 01 x 0 001 ? 00000001 n 0000 | y",
            "no pointer is written \"?\"",
        );
        check_refused(
            "00000001 03 n 01 x 0 001 @ 00000001 q 0000 | y",
            "no part of speech is called \"q\"",
        );
    }

    #[test]
    fn keys_sort_as_their_texts_do() {
        let key = |offset, part| Key { offset, part };
        let mut keys = [
            key(12, PartOfSpeech::Verb),
            key(12, PartOfSpeech::Adverb),
            key(3, PartOfSpeech::Verb),
            key(12, PartOfSpeech::Adjective),
            key(12, PartOfSpeech::Noun),
        ];
        let mut texts: Vec<_> = keys.iter().map(Key::to_string).collect();
        keys.sort();
        texts.sort();
        assert_eq!(keys.iter().map(Key::to_string).collect::<Vec<_>>(), texts);
    }
}
