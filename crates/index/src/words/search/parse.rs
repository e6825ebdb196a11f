//! From what people type to a [`Query`].
//!
//! `word`, `+must`, `-must_not`, `"a phrase"`, `start*`; a sign stands before a phrase or a start as
//! well. Whatever is typed means something: a quote that is not closed goes to the end, a sign alone
//! and a star alone are left out.

use super::super::analyser::{Analyser, Purpose, Scratch};
use super::{Clause, Query};

impl Query {
    /// What a line means: words that a hit may have, must have (`+`) or must not have (`-`), phrases
    /// (in double quotes), and starts of words (`*` behind them).
    pub fn parse(analyser: &Analyser, line: &str) -> Self {
        let mut query = Self::default();
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            let (sign, after) = match rest.strip_prefix(['+', '-']) {
                Some(after) => (rest.chars().next(), after),
                None => (None, rest),
            };
            let (clauses, after) = clauses(analyser, after);
            match sign {
                Some('+') => query.must.extend(clauses),
                Some(_) => query.must_not.extend(clauses),
                None => query.should.extend(clauses),
            }
            rest = after.trim_start();
        }
        query
    }
}

/// The next part of a line, and what is behind it.
fn clauses<'t>(analyser: &Analyser, text: &'t str) -> (Vec<Clause>, &'t str) {
    if let Some(text) = text.strip_prefix('"') {
        let (phrase, rest) = text.split_once('"').unwrap_or((text, ""));
        let terms = terms(analyser, phrase);
        let clause = match terms.as_slice() {
            [] => None,
            [(alone, _)] => Some(Clause::Term(alone.clone())),
            _ => Some(Clause::Phrase(terms)),
        };
        return (clause.into_iter().collect(), rest);
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let mut terms = terms(analyser, word);
    let start = word.ends_with('*').then(|| terms.pop()).flatten();
    let mut clauses: Vec<Clause> = terms.into_iter().map(|(term, _)| Clause::Term(term)).collect();
    clauses.extend(start.map(|(start, _)| Clause::Prefix(start)));
    (clauses, rest)
}

fn terms(analyser: &Analyser, text: &str) -> Vec<(String, u32)> {
    let mut terms = Vec::new();
    analyser.each(text, Purpose::Query, &mut Scratch::default(), |term, position| {
        terms.push((term.to_owned(), position));
    });
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Query {
        Query::parse(&Analyser::default(), line)
    }

    fn term(term: &str) -> Clause {
        Clause::Term(term.to_owned())
    }

    #[test]
    fn a_line_has_words_signs_phrases_and_starts() {
        let query = parsed(r#"Big +dog -"wild cat" bar* +"Barks""#);
        let phrase = Clause::Phrase(vec![("wild".to_owned(), 0), ("cat".to_owned(), 1)]);
        assert_eq!(query.should, [term("big"), Clause::Prefix("bar".to_owned())]);
        assert_eq!(query.must, [term("dog"), term("barks")]);
        assert_eq!(query.must_not, [phrase]);
    }

    #[test]
    fn whatever_is_typed_means_something() {
        for line in ["", " ", "+", "-", "*", "\"", "+\"\"", "- + *"] {
            assert_eq!(parsed(line), Query::default(), "{line:?}");
        }
        assert_eq!(parsed("\"open end").should.len(), 1);
        assert_eq!(parsed("a\"b\"c").should, [term("a"), term("b"), term("c")]);
        assert_eq!(parsed("++a").must, [term("a")]);
    }
}
