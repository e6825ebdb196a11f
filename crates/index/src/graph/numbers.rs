//! [`Numbers`]: keys of any kind, numbered in the order in which they were met.
//!
//! Open addressing: a slot holds 32 bits of the hash and the number, so that most of what is not
//! there is told from what is without a look at any key, and growing looks at none. Whoever has many
//! keys to ask for reads their slots first, all at once ([`Numbers::warm`]), and then asks.

use std::hash::{BuildHasher, Hash};
use std::hint::black_box;

use foldhash::fast::RandomState;

/// The upper half of a slot is a part of the hash, the lower half the number and one.
type Slot = u64;

/// The numbers of keys that stand elsewhere.
pub(super) struct Numbers {
    hasher: RandomState,
    /// At least twice as many as are taken, and a power of two; zero is free.
    slots: Vec<Slot>,
    count: usize,
}

/// What a key hashes to.
#[derive(Clone, Copy)]
pub(super) struct Hashed(u32);

impl Numbers {
    pub(super) fn new() -> Self {
        Self { hasher: RandomState::default(), slots: vec![0; ROOM], count: 0 }
    }

    #[inline]
    pub(super) fn hash<V: Hash>(&self, key: &V) -> Hashed {
        Hashed((self.hasher.hash_one(key) >> 32) as u32)
    }

    /// Reads the slot where the search for a key begins.
    #[inline]
    pub(super) fn warm(&self, hashed: Hashed) {
        black_box(self.slots[self.place(hashed.0)]);
    }

    /// The number of a key, which `is_it` knows from others.
    #[inline]
    pub(super) fn find(&self, hashed: Hashed, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut place = self.place(hashed.0);
        loop {
            let slot = self.slots[place];
            if slot == 0 {
                return None;
            }
            let number = slot as u32 - 1;
            if (slot >> 32) as u32 == hashed.0 && is_it(number) {
                return Some(number);
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }

    /// Gives the next number to a key that has none; nothing if there are no more.
    #[inline]
    pub(super) fn add(&mut self, hashed: Hashed) -> Option<u32> {
        let number = u32::try_from(self.count).ok().filter(|number| *number != u32::MAX)?;
        self.count += 1;
        if self.count * 2 > self.slots.len() {
            self.grow();
        }
        self.put(u64::from(hashed.0) << 32 | (u64::from(number) + 1));
        Some(number)
    }

    fn put(&mut self, slot: Slot) {
        let mut place = self.place((slot >> 32) as u32);
        while self.slots[place] != 0 {
            place = (place + 1) & (self.slots.len() - 1);
        }
        self.slots[place] = slot;
    }

    #[cold]
    fn grow(&mut self) {
        let more = vec![0; self.slots.len() * 4];
        for slot in std::mem::replace(&mut self.slots, more) {
            if slot != 0 {
                self.put(slot);
            }
        }
    }

    /// Where the search for a hash begins. Beyond 2 to the power of 32 slots runs become longer.
    #[inline]
    fn place(&self, hash: u32) -> usize {
        hash as usize & (self.slots.len() - 1)
    }
}

/// How many slots there are at first.
const ROOM: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_keeps_the_number_it_got_and_no_other_key_has_one() {
        let (mut numbers, mut keys) = (Numbers::new(), Vec::new());
        for key in (0..40_000_u64).map(|key| key * 3) {
            let hashed = numbers.hash(&key);
            assert_eq!(numbers.find(hashed, |number| keys[number as usize] == key), None);
            assert_eq!(numbers.add(hashed), u32::try_from(keys.len()).ok());
            keys.push(key);
        }
        for key in 0..120_000_u64 {
            let found = numbers.find(numbers.hash(&key), |number| keys[number as usize] == key);
            let right = (key % 3 == 0).then_some(key / 3);
            assert_eq!(found.map(u64::from), right, "{key}");
        }
    }

    #[test]
    fn keys_of_one_hash_are_told_apart() {
        let mut numbers = Numbers::new();
        for number in 0..100 {
            assert_eq!(numbers.add(Hashed(7)), Some(number));
        }
        for number in 0..100 {
            assert_eq!(numbers.find(Hashed(7), |at| at == number), Some(number));
        }
        assert_eq!(numbers.find(Hashed(7), |_| false), None);
    }
}
