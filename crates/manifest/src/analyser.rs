//! [`AnalyserName`]: what makes words of the texts of a store.

/// An analyser by name and version: the same ones make the same words of a text for ever. Which ones
/// there are is known to whoever indexes texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnalyserName {
    /// 1 to 16 of the letters a to z, digits and `-`.
    pub name: String,
    /// Its version.
    pub version: u32,
}

/// Words as they are: of every store that names no other.
impl Default for AnalyserName {
    fn default() -> Self {
        Self { name: "unicode".to_owned(), version: 1 }
    }
}

impl AnalyserName {
    /// Bytes of a name.
    pub(crate) const BYTES_MAX: usize = 16;

    pub(crate) fn is_good(&self) -> bool {
        let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=Self::BYTES_MAX).contains(&self.name.len()) && self.name.bytes().all(is_good)
    }
}
