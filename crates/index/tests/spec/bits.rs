//! Section 2 of FORMAT.md, and the numbers of section 1.

/// Bytes that are read from front to back.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    /// A number of this many bytes.
    pub(crate) fn number(&mut self, bytes: usize) -> u64 {
        self.take(bytes).iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    pub(crate) fn u8(&mut self) -> usize {
        self.number(1) as usize
    }

    pub(crate) fn u32(&mut self) -> u32 {
        self.number(4) as u32
    }

    pub(crate) fn u64(&mut self) -> u64 {
        self.number(8)
    }

    pub(crate) fn i64(&mut self) -> i64 {
        self.number(8) as i64
    }

    pub(crate) fn f32(&mut self) -> f32 {
        f32::from_bits(self.u32())
    }

    pub(crate) fn varint(&mut self) -> u64 {
        let mut number = 0;
        for place in 0..10 {
            let byte = self.number(1);
            number |= (byte & 127) << (7 * place);
            if byte < 128 {
                return number;
            }
        }
        panic!("a varint of more than 10 bytes");
    }

    pub(crate) fn signed_varint(&mut self) -> i64 {
        let number = self.varint();
        if number.is_multiple_of(2) { (number / 2) as i64 } else { -((number / 2) as i64) - 1 }
    }

    /// `count` numbers as a run.
    pub(crate) fn run(&mut self, count: usize, bits: usize) -> Vec<u32> {
        let bytes = self.take((count * bits).div_ceil(8));
        assert!(bits <= 32);
        let all = 8 * bytes.len();
        assert!((count * bits..all).all(|at| bit(bytes, at) == 0), "bits that are left over");
        unpack(bytes, count, bits)
    }

    /// A block of 128 numbers.
    pub(crate) fn block(&mut self, bits: usize) -> Vec<u32> {
        let bytes = self.take(16 * bits);
        let lanes: Vec<Vec<u32>> = (0..4)
            .map(|lane| {
                let words = (0..bits).flat_map(|word| &bytes[4 * (4 * word + lane)..][..4]);
                unpack(&words.copied().collect::<Vec<u8>>(), 32, bits)
            })
            .collect();
        (0..128).map(|number| lanes[number % 4][number / 4]).collect()
    }
}

fn bit(bytes: &[u8], at: usize) -> u32 {
    u32::from(bytes[at / 8] >> (at % 8) & 1)
}

fn unpack(bytes: &[u8], count: usize, bits: usize) -> Vec<u32> {
    let number = |n| (0..bits).fold(0, |number, b| number | bit(bytes, n * bits + b) << b);
    (0..count).map(number).collect()
}

/// What `rising` made differences of.
pub(crate) fn risen(before: Option<u32>, differences: &[u32]) -> Vec<u32> {
    let mut next = before.map_or(0, |before| before + 1);
    let mut values = Vec::new();
    for difference in differences {
        values.push(next + difference);
        next += difference + 1;
    }
    values
}
