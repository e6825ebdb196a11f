//! Texts to index, and queries made of their words.

use std::collections::BTreeSet;

use sutra_index::words::{Analyser, Purpose, Scratch};

pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Each line of the standard input that has a term, as one text. Those without one, such as a line
/// of dashes, count among the texts of the peer but not among ours, so that means and weights would
/// differ.
pub fn lines() -> Vec<String> {
    let text = std::io::read_to_string(std::io::stdin()).expect("lines of text");
    let mut scratch = Scratch::default();
    let mut has_term = |line: &&str| {
        let mut any = false;
        Analyser::default().each(line, Purpose::Index, &mut scratch, |_, _| any = true);
        any
    };
    text.lines().map(str::trim).filter(|line| has_term(line)).map(str::to_owned).collect()
}

/// Texts of 20 to 60 words out of 200,000, the frequency of each the inverse of its rank.
pub fn zipf(count: usize) -> Vec<String> {
    let chance = &mut Chance(1);
    let words = 200_000_f64;
    let word = |chance: &mut Chance| {
        let rank = (words.ln() * chance.unit()).exp() as u64;
        format!("w{rank}")
    };
    (0..count)
        .map(|_| {
            let length = 20 + chance.next() % 41;
            (0..length).map(|_| word(chance)).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// Two to four different words of one text each.
pub fn queries(texts: &[String], count: usize) -> Vec<String> {
    let chance = &mut Chance(2);
    let mut queries = Vec::new();
    while queries.len() < count {
        let text = &texts[chance.next() as usize % texts.len()];
        let mut words = Vec::new();
        let mut scratch = Scratch::default();
        Analyser::default().each(text, Purpose::Query, &mut scratch, |term, _| {
            if term.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
                words.push(term.to_owned());
            }
        });
        let wanted = 2 + chance.next() as usize % 3;
        let mut chosen = BTreeSet::new();
        for _ in 0..wanted {
            if !words.is_empty() {
                chosen.insert(words.swap_remove(chance.next() as usize % words.len()));
            }
        }
        if chosen.len() >= 2 {
            queries.push(chosen.into_iter().collect::<Vec<_>>().join(" "));
        }
    }
    queries
}
