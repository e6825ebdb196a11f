//! [`Lines`]: the lines of a file that may be of any size, in bounded memory.
//!
//! Invariants:
//! * No more than one line is in memory, and never more than the limit of it.
//! * A line beyond the limit is skipped to its end and reported; the next one is read as usual.

use std::io::{self, BufRead, Read};

/// Reads lines of at most `limit` bytes.
pub(crate) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    limit: usize,
    number: u64,
}

/// What stands on a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// The bytes without the line feed.
    Whole(&'a [u8]),
    /// More bytes than the limit allows.
    TooLong,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R, limit: usize) -> Self {
        Self { reader, line: Vec::new(), limit, number: 0 }
    }

    /// The number of the line that was read last; the first is 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The next line, or none at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let with_feed = self.limit as u64 + 1;
        if self.reader.by_ref().take(with_feed).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() > self.limit {
            self.reader.skip_until(b'\n')?;
            return Ok(Some(Line::TooLong));
        }
        Ok(Some(Line::Whole(&self.line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, limit: usize, expected: &[Line<'_>]) {
        let mut lines = Lines::new(text.as_bytes(), limit);
        for line in expected {
            assert_eq!(lines.next().unwrap().as_ref(), Some(line));
        }
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(lines.number(), expected.len() as u64);
    }

    #[test]
    fn lines_come_without_their_feed_and_the_last_may_lack_one() {
        check("a\n\nbc", 10, &[Line::Whole(b"a"), Line::Whole(b""), Line::Whole(b"bc")]);
        check("", 10, &[]);
    }

    #[test]
    fn a_line_at_the_limit_is_whole_and_one_beyond_is_skipped_to_its_end() {
        check("abc\nabcd\nab\n", 3, &[Line::Whole(b"abc"), Line::TooLong, Line::Whole(b"ab")]);
        check("abcdefgh", 3, &[Line::TooLong]);
        check("abc", 3, &[Line::Whole(b"abc")]);
    }
}
