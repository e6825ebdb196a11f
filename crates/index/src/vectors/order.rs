//! Which number a cell gets: neighbours get neighbouring ones, so that the lists of the cells near a
//! query lie together in each section, and a scan that goes by rising number reads on where it was.
//!
//! The cells are halved again and again: by whether they are nearer to one of two that lie far apart,
//! or to the other. That takes little of the time of training, and the same centroids are ordered alike
//! on every processor.

use super::dispatch::{self, Level};

/// The centroids, each of `padded` values, in an order where neighbours are near.
pub(super) fn neighbours_together(level: Level, turned: &[f32], padded: usize) -> Vec<f32> {
    let order = Order { level, turned, padded };
    let count = u32::try_from(turned.len() / padded).unwrap_or(u32::MAX);
    let mut cells: Vec<u32> = (0..count).collect();
    let mut waiting = vec![cells.as_mut_slice()];
    while let Some(cells) = waiting.pop() {
        if cells.len() > 1 {
            order.sort(cells);
            let (low, high) = cells.split_at_mut(cells.len() / 2);
            waiting.extend([low, high]);
        }
    }
    cells.iter().flat_map(|cell| order.centroid(*cell)).copied().collect()
}

struct Order<'a> {
    level: Level,
    turned: &'a [f32],
    padded: usize,
}

impl Order<'_> {
    fn centroid(&self, cell: u32) -> &[f32] {
        &self.turned[cell as usize * self.padded..][..self.padded]
    }

    fn distance(&self, a: u32, b: u32) -> f32 {
        dispatch::squared_distance(self.level, self.centroid(a), self.centroid(b))
    }

    /// Sorts cells from one end of them to the other; the first of them stays at the side where it is.
    fn sort(&self, cells: &mut [u32]) {
        let last = self.furthest(cells[0], cells);
        let first = self.furthest(last, cells);
        let side = |cell: u32| self.distance(first, cell) - self.distance(last, cell);
        let mut sided: Vec<(f32, u32)> = cells.iter().map(|cell| (side(*cell), *cell)).collect();
        sided.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (place, (_, cell)) in cells.iter_mut().zip(sided) {
            *place = cell;
        }
    }

    fn furthest(&self, from: u32, cells: &[u32]) -> u32 {
        let distances = cells.iter().map(|cell| (self.distance(from, *cell), *cell));
        distances.max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map_or(from, |it| it.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PADDED: usize = 16;

    /// Points on a line, in this order.
    fn line(places: &[usize]) -> Vec<f32> {
        let point = |place: &usize| [*place as f32; PADDED];
        places.iter().flat_map(point).collect()
    }

    #[test]
    fn what_lies_on_a_line_is_ordered_along_it() {
        let shuffled: Vec<usize> = (0..100).map(|place| place * 37 % 100).collect();
        let along: Vec<usize> = (0..100).collect();
        let back: Vec<usize> = (0..100).rev().collect();
        for level in Level::available() {
            let ordered = neighbours_together(level, &line(&shuffled), PADDED);
            assert!(ordered == line(&along) || ordered == line(&back), "{}", level.name());
        }
    }

    #[test]
    fn equal_ones_and_few_ones_stay() {
        for places in [&[][..], &[3], &[3, 3, 3, 3, 3]] {
            let ordered = neighbours_together(Level::PORTABLE, &line(places), PADDED);
            assert_eq!(ordered, line(places));
        }
    }
}
