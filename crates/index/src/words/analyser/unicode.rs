//! Words of any text, by the rules of Unicode.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

use super::fold::is_mark;
use super::script::is_unspaced;
use super::{Purpose, Terms, parts};

/// Gives every word of a text.
pub(super) fn each_word<F: FnMut(&str, u32)>(text: &str, terms: &mut Terms<'_, F>) {
    if text.is_empty() {
        return;
    }
    if is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        return each_run(text, terms);
    }
    // Taken out of the scratch memory while it is read, and put back for the next text.
    let mut normal = std::mem::take(&mut terms.scratch.normal);
    normal.clear();
    normal.extend(text.nfkc());
    each_run(&normal, terms);
    terms.scratch.normal = normal;
}

/// Parts the text where scripts with spaces and without meet.
fn each_run<F: FnMut(&str, u32)>(text: &str, terms: &mut Terms<'_, F>) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if terms.is_full() {
            return;
        }
        let unspaced = is_unspaced(first);
        let end = rest.find(|c| is_unspaced(c) != unspaced).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if unspaced {
            pairs(run, terms);
        } else {
            spaced(run, terms);
        }
        rest = after;
    }
}

fn spaced<F: FnMut(&str, u32)>(run: &str, terms: &mut Terms<'_, F>) {
    for word in run.split_word_bounds() {
        if terms.is_full() {
            return;
        }
        // Marks alone are no word: of a space with one on it, only the space would be left.
        if word.contains(|c: char| c.is_alphanumeric() && !is_mark(c)) {
            one_word(word, terms);
        }
    }
}

/// The word itself, and then its parts where it has more than one, each at its position.
fn one_word<F: FnMut(&str, u32)>(word: &str, terms: &mut Terms<'_, F>) {
    terms.folded_here(word);
    for part in parts::parts(word) {
        if part.len() == word.len() || terms.folded_here(part) {
            terms.advance();
        }
    }
}

/// Every character and every pair of neighbours; to ask for, the pairs alone.
fn pairs<F: FnMut(&str, u32)>(run: &str, terms: &mut Terms<'_, F>) {
    let mut ends = run.char_indices().map(|(at, c)| at + c.len_utf8());
    let (mut start, mut end) = (0, ends.next().unwrap_or(run.len()));
    let alone = end == run.len();
    loop {
        let next = ends.next();
        if terms.purpose == Purpose::Index || alone {
            terms.raw_here(&run[start..end]);
        }
        if let Some(next) = next {
            terms.raw_here(&run[start..next]);
        } else if terms.purpose == Purpose::Query && !alone {
            // The last character was asked for in the pair before.
            terms.advance();
            return;
        }
        terms.advance();
        let Some(next) = next else { return };
        if terms.is_full() {
            return;
        }
        (start, end) = (end, next);
    }
}
