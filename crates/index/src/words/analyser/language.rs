//! [`Language`]: the languages whose words can be brought to their stems.

use std::fmt;
use std::str::FromStr;

use rust_stemmers::Algorithm;

use super::super::error::WordsError;

/// Stemmers by the name of their analyser, in the order of [`Language`].
const STEMMERS: [(&str, Algorithm); 18] = [
    ("unicode-ar", Algorithm::Arabic),
    ("unicode-da", Algorithm::Danish),
    ("unicode-nl", Algorithm::Dutch),
    ("unicode-en", Algorithm::English),
    ("unicode-fi", Algorithm::Finnish),
    ("unicode-fr", Algorithm::French),
    ("unicode-de", Algorithm::German),
    ("unicode-el", Algorithm::Greek),
    ("unicode-hu", Algorithm::Hungarian),
    ("unicode-it", Algorithm::Italian),
    ("unicode-no", Algorithm::Norwegian),
    ("unicode-pt", Algorithm::Portuguese),
    ("unicode-ro", Algorithm::Romanian),
    ("unicode-ru", Algorithm::Russian),
    ("unicode-es", Algorithm::Spanish),
    ("unicode-sv", Algorithm::Swedish),
    ("unicode-ta", Algorithm::Tamil),
    ("unicode-tr", Algorithm::Turkish),
];

/// A language with a stemmer of the Snowball project: `merging` and `merged` are one word in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are the names of languages")]
pub enum Language {
    Arabic,
    Danish,
    Dutch,
    English,
    Finnish,
    French,
    German,
    Greek,
    Hungarian,
    Italian,
    Norwegian,
    Portuguese,
    Romanian,
    Russian,
    Spanish,
    Swedish,
    Tamil,
    Turkish,
}

impl Language {
    /// Every language that has a stemmer.
    pub const ALL: [Self; STEMMERS.len()] = [
        Self::Arabic,
        Self::Danish,
        Self::Dutch,
        Self::English,
        Self::Finnish,
        Self::French,
        Self::German,
        Self::Greek,
        Self::Hungarian,
        Self::Italian,
        Self::Norwegian,
        Self::Portuguese,
        Self::Romanian,
        Self::Russian,
        Self::Spanish,
        Self::Swedish,
        Self::Tamil,
        Self::Turkish,
    ];

    /// Its code by ISO 639-1, as `en`.
    pub fn code(self) -> &'static str {
        let name = self.analyser_name();
        name.rsplit('-').next().unwrap_or(name)
    }

    pub(super) fn analyser_name(self) -> &'static str {
        STEMMERS[self as usize].0
    }

    pub(super) fn algorithm(self) -> Algorithm {
        STEMMERS[self as usize].1
    }
}

/// Its name in English.
impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// From its code or its name in English, in whichever case.
impl FromStr for Language {
    type Err = WordsError;

    fn from_str(text: &str) -> Result<Self, WordsError> {
        let is_meant = |language: &&Self| {
            text.eq_ignore_ascii_case(language.code())
                || text.eq_ignore_ascii_case(&language.to_string())
        };
        let language = Self::ALL.iter().find(is_meant).copied();
        language.ok_or_else(|| WordsError::UnknownLanguage { text: text.to_owned() })
    }
}
