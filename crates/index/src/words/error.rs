//! [`WordsError`]: why words cannot be indexed, or a section of them not be read.

use super::analyser::Language;

/// What went wrong with a section of words, or with what was asked of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordsError {
    /// The bytes end too early.
    #[error("section of words has {length} bytes and needs {needed}; restore the file it is in")]
    TooShort {
        /// Bytes that are there.
        length: u64,
        /// Bytes that are needed.
        needed: u64,
    },
    /// Not a section of words.
    #[error("not a section of words: the first bytes are others")]
    BadMagic,
    /// Written by a newer Sutra.
    #[error("section of words has version {version}, known is {known}; use a newer Sutra")]
    UnknownVersion {
        /// What the section states.
        version: u32,
        /// What this build reads.
        known: u32,
    },
    /// The bytes contradict themselves.
    #[error("section of words is damaged at byte {offset}: {reason}; restore the file it is in")]
    Damaged {
        /// Where, from the start of the section.
        offset: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// No analyser has this name in this version.
    #[error("no analyser is called {name:?} in version {version}")]
    UnknownAnalyser {
        /// The name.
        name: String,
        /// The version; 0 where none was asked for.
        version: u32,
    },
    /// No stemmer is for this language.
    #[error("there is no stemmer for {text:?}; there is one for {}", languages())]
    UnknownLanguage {
        /// What was asked for.
        text: String,
    },
    /// Sections that were made by different analysers, or one with positions and one without.
    #[error("sections of words differ in {what} and cannot be used together; index them again")]
    Mixed {
        /// In what they differ.
        what: &'static str,
    },
    /// Rows have to rise.
    #[error("row {row} does not follow row {previous}: rows must rise")]
    RowsOutOfOrder {
        /// The row given.
        row: u32,
        /// The one given before it.
        previous: u32,
    },
    /// A row beyond the number of rows.
    #[error("row {row} is beyond the {rows} rows of the section")]
    RowOutOfRange {
        /// The row given.
        row: u32,
        /// How many rows there are.
        rows: u32,
    },
    /// A limit of the format is reached.
    #[error("too many {what} for one section of words; split it")]
    TooLarge {
        /// Of what there is too much.
        what: &'static str,
    },
    /// A phrase was asked of sections that have no positions.
    #[error("a phrase needs positions, and the section was built without; index it with them")]
    NoPositions,
}

/// The languages that can be asked for.
fn languages() -> String {
    let language = |language: &Language| format!("{} ({language})", language.code());
    Language::ALL.iter().map(language).collect::<Vec<_>>().join(", ")
}

impl WordsError {
    /// Whether it says that bytes are not what was written.
    pub const fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::TooShort { .. }
                | Self::BadMagic
                | Self::UnknownVersion { .. }
                | Self::Damaged { .. }
        )
    }

    /// Damage at a place of the section.
    pub(crate) const fn damaged(offset: usize, reason: &'static str) -> Self {
        Self::Damaged { offset: offset as u64, reason }
    }
}
