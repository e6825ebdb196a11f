//! [`Name`]: a plain file name, which cannot lead out of its directory.

use std::fmt;
use std::str::FromStr;

/// The name of a file in a directory: 1 to 64 of the letters `a` to `z`, digits, `.`, `_` and
/// `-`, the first not being a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// A text that is no plain file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadName(pub String);

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no plain file name (1 to 64 of a-z, 0-9, '.', '_', '-', no dot first)",
            self.0
        )
    }
}

impl std::error::Error for BadName {}

impl Name {
    /// The longest name, in bytes.
    pub const BYTES_MAX: usize = 64;

    /// Checks `text` and takes it.
    pub fn new(text: impl Into<String>) -> Result<Self, BadName> {
        let text = text.into();
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        let fits = (1..=Self::BYTES_MAX).contains(&text.len());
        if fits && !text.starts_with('.') && text.bytes().all(plain) {
            Ok(Self(text))
        } else {
            Err(BadName(text))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        Self::new(text)
    }
}

impl AsRef<std::path::Path> for Name {
    fn as_ref(&self) -> &std::path::Path {
        self.0.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_taken_and_nothing_that_leads_elsewhere() {
        let longest = "n".repeat(Name::BYTES_MAX);
        for text in ["a", "seg_00000001.dat", "manifest.prev.json", "0", "_", "a-b..", &longest] {
            assert_eq!(Name::new(text).map(|name| name.to_string()).as_deref(), Ok(text));
        }
        let longer = "n".repeat(Name::BYTES_MAX + 1);
        for text in ["", ".", "..", ".a", "a/b", "/a", "A", "a b", "a\0", "a\n", "\u{e4}", &longer]
        {
            assert_eq!(text.parse::<Name>(), Err(BadName(text.into())));
        }
    }
}
