//! The analyser, made again from the text of FORMAT.md alone, against what the crate makes of a text.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use proptest::prelude::*;
use rust_stemmers::{Algorithm, Stemmer};
use sutra_index::words::{Analyser, Language, Purpose, Scratch};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

const SPEC: &str = include_str!("../../FORMAT.md");

const TERM_BYTES_MAX: usize = 128;
const TERMS_OF_TEXT_MAX: usize = 4_194_304;

/// Languages with a text in which no other stemmer finds the same stems.
const LANGUAGES: [(&str, Algorithm, Language, &str); 18] = [
    ("ar", Algorithm::Arabic, Language::Arabic, "الكتاب والكتب"),
    ("da", Algorithm::Danish, Language::Danish, "løsladelserne hundens"),
    ("nl", Algorithm::Dutch, Language::Dutch, "lichamelijkheden boeken"),
    ("en", Algorithm::English, Language::English, "generously merging"),
    ("fi", Algorithm::Finnish, Language::Finnish, "taloissansa kirjoineen"),
    ("fr", Algorithm::French, Language::French, "continuellement majestueuses"),
    ("de", Algorithm::German, Language::German, "aufeinanderfolgenden kategorischen"),
    ("el", Algorithm::Greek, Language::Greek, "καλυτερα σπιτια"),
    ("hu", Algorithm::Hungarian, Language::Hungarian, "hazakban konyveimet"),
    ("it", Algorithm::Italian, Language::Italian, "abbandonarono pronunciamento"),
    ("no", Algorithm::Norwegian, Language::Norwegian, "mulighetslov havnedistriktene"),
    ("pt", Algorithm::Portuguese, Language::Portuguese, "quilometricas publicações"),
    ("ro", Algorithm::Romanian, Language::Romanian, "copiilor frumoaselor"),
    ("ru", Algorithm::Russian, Language::Russian, "важнейшими книгами"),
    ("es", Algorithm::Spanish, Language::Spanish, "chicharrones comiendo haciendolos"),
    ("sv", Algorithm::Swedish, Language::Swedish, "jaktkarlarne fullständigheten"),
    ("ta", Algorithm::Tamil, Language::Tamil, "புத்தகங்களை மரங்கள்"),
    ("tr", Algorithm::Turkish, Language::Turkish, "kitaplarimizdan evlerde"),
];

/// The three tables of characters of section 10.
struct Characters {
    marks: Vec<RangeInclusive<char>>,
    letters: BTreeMap<char, &'static str>,
    unspaced: Vec<RangeInclusive<char>>,
}

impl Characters {
    fn documented() -> Self {
        let row = SPEC.lines().skip_while(|line| !line.starts_with("| marks |")).nth(2).unwrap();
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let code = |text: &str| char::from_u32(u32::from_str_radix(text, 16).unwrap()).unwrap();
        let ranges = |cell: &str| {
            let range = |text: &str| {
                let (first, last) = text.split_once('-').unwrap_or((text, text));
                code(first)..=code(last)
            };
            cell.split_whitespace().map(range).collect()
        };
        let letter = |pair: &'static str| {
            let (from, to) = pair.trim().split_once(' ').unwrap();
            let mut one = from.chars();
            let from = one.next().filter(|_| one.next().is_none()).unwrap_or_else(|| code(from));
            (from, to)
        };
        let letters = cells[1].split(',').map(letter).collect();
        Self { marks: ranges(cells[0]), letters, unspaced: ranges(cells[2]) }
    }

    fn is_mark(&self, c: char) -> bool {
        self.marks.iter().any(|range| range.contains(&c))
    }

    fn is_unspaced(&self, c: char) -> bool {
        self.unspaced.iter().any(|range| range.contains(&c))
    }

    /// The term of a word.
    fn term(&self, word: &str) -> String {
        let lower: String = word.chars().flat_map(char::to_lowercase).collect();
        let mut term = String::new();
        for c in lower.nfd().filter(|c| !self.is_mark(*c)) {
            let more = self.letters.get(&c).map_or_else(|| c.to_string(), |to| (*to).to_owned());
            if term.len() + more.len() > TERM_BYTES_MAX {
                break;
            }
            term.push_str(&more);
        }
        term
    }

    fn parts(&self, word: &str) -> Vec<String> {
        let goes = |c: char| !c.is_alphanumeric() && !self.is_mark(c);
        let mut parts = Vec::new();
        for run in word.split(goes).filter(|run| !run.is_empty()) {
            let run: Vec<char> = run.chars().collect();
            let mut start = 0;
            for at in 1..run.len() {
                let (last, this) = (run[at - 1], run[at]);
                let next = run.get(at + 1).is_some_and(|next| next.is_lowercase());
                if this.is_uppercase()
                    && (last.is_lowercase() || last.is_numeric() || last.is_uppercase() && next)
                {
                    parts.push(run[start..at].iter().collect());
                    start = at;
                }
            }
            parts.push(run[start..].iter().collect());
        }
        parts
    }

    /// The terms of a text with their positions.
    fn terms(&self, text: &str, is_query: bool) -> Vec<(String, u32)> {
        let text: Vec<char> = text.nfkc().collect();
        let (mut terms, mut position) = (Vec::new(), 0);
        for run in text.chunk_by(|a, b| self.is_unspaced(*a) == self.is_unspaced(*b)) {
            if self.is_unspaced(run[0]) {
                for at in 0..run.len() {
                    if !is_query || run.len() == 1 {
                        terms.push((run[at].to_string(), position));
                    }
                    if at + 1 < run.len() {
                        terms.push((String::from_iter(&run[at..at + 2]), position));
                    }
                    position += 1;
                }
                continue;
            }
            for word in String::from_iter(run).split_word_bounds() {
                if !word.chars().any(|c| c.is_alphanumeric() && !self.is_mark(c)) {
                    continue;
                }
                terms.push((self.term(word), position));
                for part in self.parts(word) {
                    let term = self.term(&part);
                    let counts = !term.is_empty();
                    terms.extend((counts && part != word).then_some((term, position)));
                    position += u32::from(counts);
                }
            }
        }
        terms.truncate(TERMS_OF_TEXT_MAX);
        terms
    }
}

fn stem(stemmer: &Stemmer, term: &str) -> String {
    let stem = stemmer.stem(term);
    let whole = if stem.is_empty() { term } else { &*stem };
    whole[..whole.floor_char_boundary(TERM_BYTES_MAX)].to_owned()
}

fn told(name: &str, text: &str, purpose: Purpose) -> Vec<(String, u32)> {
    let mut terms = Vec::new();
    let analyser = Analyser::named(name).unwrap();
    let sink = |term: &str, position| terms.push((term.to_owned(), position));
    analyser.each(text, purpose, &mut Scratch::default(), sink);
    terms
}

/// Pieces that rules are about, beside whatever else there is.
fn text() -> impl Strategy<Value = String> {
    let words = ["ZQa".to_owned(), "x".repeat(127), "é".repeat(63), "ß".repeat(62), "字".repeat(3)];
    let pieces = [
        "a",
        "b",
        "Z",
        "Q",
        "0",
        "7",
        "_",
        "__",
        "-",
        ".",
        "'",
        "\u{2019}",
        ",",
        ";",
        ":",
        " ",
        "\n",
        "é",
        "É",
        "e\u{301}",
        "\u{301}",
        "ß",
        "ﬁ",
        "İ",
        "ǅ",
        "ς",
        "Þ",
        "æ",
        "ı",
        "２",
        "²",
        "Ⅷ",
        "٣",
        "東",
        "京",
        "한",
        "\u{1112}\u{1161}\u{11ab}",
        "ไ",
        "ก",
        "ｶ\u{ff9e}",
        "\u{640}",
        "\u{5b7}",
        "ש",
        "ب",
        "\u{64e}",
        "\u{ad}",
        "\u{200d}",
        "क\u{93f}",
        "\u{a0}",
        "\u{a8}",
        "\u{1d}",
        "😀",
    ];
    let pieces = pieces.into_iter().map(String::from).chain(words).collect::<Vec<_>>();
    let piece =
        prop_oneof![9 => prop::sample::select(pieces), 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_terms_of_any_text_are_those_of_the_document(text in text(), number in 0..LANGUAGES.len()) {
        let characters = Characters::documented();
        let (code, algorithm, ..) = LANGUAGES[number];
        let stemmer = Stemmer::create(algorithm);
        for (purpose, is_query) in [(Purpose::Index, false), (Purpose::Query, true)] {
            let terms = characters.terms(&text, is_query);
            prop_assert_eq!(&told("unicode", &text, purpose), &terms, "{:?}", &text);
            let stems: Vec<_> =
                terms.into_iter().map(|(term, position)| (stem(&stemmer, &term), position)).collect();
            prop_assert_eq!(told(&format!("unicode-{code}"), &text, purpose), stems, "{:?}", &text);
        }
    }

    #[test]
    fn a_text_has_the_same_terms_in_every_normal_form(text in text()) {
        let forms: [String; 4] = [
            text.nfc().collect(), text.nfd().collect(), text.nfkc().collect(), text.nfkd().collect(),
        ];
        for form in forms {
            prop_assert_eq!(
                told("unicode", &form, Purpose::Index), told("unicode", &text, Purpose::Index),
                "{:?} {:?}", form, text
            );
        }
    }
}

#[test]
fn each_language_has_the_stemmer_of_its_name_and_of_no_other() {
    let characters = Characters::documented();
    for (code, algorithm, language, text) in LANGUAGES {
        let terms = characters.terms(text, false);
        let stems = |algorithm| -> Vec<String> {
            let stemmer = Stemmer::create(algorithm);
            terms.iter().map(|(term, _)| stem(&stemmer, term)).collect()
        };
        let told = |name: &str| -> Vec<String> {
            told(name, text, Purpose::Index).into_iter().map(|(term, _)| term).collect()
        };
        assert_eq!(told(&format!("unicode-{code}")), stems(algorithm), "{text}");
        assert_eq!(told(Analyser::stemming(language).name()), stems(algorithm), "{text}");
        for (other, another, ..) in LANGUAGES.into_iter().filter(|other| other.0 != code) {
            assert_ne!(stems(algorithm), stems(another), "{text} tells {code} not from {other}");
        }
    }
    assert_eq!(Language::ALL.len(), LANGUAGES.len());
}

#[test]
fn every_character_gives_what_the_document_says() {
    let characters = Characters::documented();
    for c in '\0'..=char::MAX {
        let text = format!("a{c} {c}");
        assert_eq!(told("unicode", &text, Purpose::Index), characters.terms(&text, false), "{c:?}");
    }
}

#[test]
fn a_text_gives_so_many_terms_and_no_more() {
    for word in ["a ", "é ", "字", "a_b "] {
        let text = word.repeat(TERMS_OF_TEXT_MAX + 1);
        let mut count = 0;
        let sink = |_: &str, _| count += 1;
        Analyser::default().each(&text, Purpose::Index, &mut Scratch::default(), sink);
        assert_eq!(count, TERMS_OF_TEXT_MAX, "{word}");
    }
}
