//! Building a section from vectors.

use super::centroids::{Centroids, check_space};
use super::code::{BIAS, CodeQueries, Coded, Coder};
use super::dispatch;
use super::error::VectorError;
use super::exact::check_vector;
use super::packed::TOGETHER;
use super::rows::Vectors;
use super::train::LISTS_MIN;
use super::write::{self, Fresh, Subject};

/// Builds the section of a segment that has `row_limit` rows, `rows` of them with a vector.
///
/// Without centroids, or with too few vectors for lists, it has rows alone.
///
/// # Errors
/// If the rows do not rise or are beyond the limit, if a row has no vector, or if a vector cannot
/// be in the space.
pub fn build(
    coder: &Coder,
    centroids: Option<&Centroids>,
    row_limit: u32,
    rows: &[u32],
    vectors: &impl Vectors,
) -> Result<Vec<u8>, VectorError> {
    check_rows(rows, row_limit)?;
    let subject = Subject { space: coder.space(), epoch: 0, row_limit };
    let Some(centroids) = centroids.filter(|_| rows.len() >= LISTS_MIN) else {
        for row in rows {
            check_vector(coder.space(), Some(*row), vector_of(vectors, *row)?, coder.level())?;
        }
        return write::rows(subject, rows);
    };
    check_space("the centroids", coder.space(), centroids.space())?;
    let fresh = code_all(coder, centroids, rows, vectors)?;
    let (items, ends) = by_cell(&fresh.cells, centroids.cells());
    write::lists(Subject { epoch: centroids.epoch(), ..subject }, &fresh, &items, &ends)
}

/// Codes vectors and finds their cells.
pub(super) fn code_all(
    coder: &Coder,
    centroids: &Centroids,
    rows: &[u32],
    vectors: &impl Vectors,
) -> Result<Fresh, VectorError> {
    let (padded, signs) = (coder.padded(), coder.space().has_signs());
    let mut fresh = Fresh { padded, rows: rows.to_vec(), ..Fresh::default() };
    fresh.codes.reserve(rows.len() * padded);
    let mut coded: [Coded; TOGETHER] = Default::default();
    let mut queries = CodeQueries::new(padded);
    let mut bits = vec![0; padded / 8];
    for rows in rows.chunks(TOGETHER) {
        for (place, (row, coded)) in rows.iter().zip(&mut coded).enumerate() {
            coder.code(Some(*row), vector_of(vectors, *row)?, coded)?;
            queries.set(place, &coded.codes, coded.scale);
        }
        let cells = centroids.cells_of(coder.level(), &queries);
        for (cell, coded) in cells.into_iter().zip(&coded).take(rows.len()) {
            fresh.cells.push(cell);
            fresh.codes.extend(coded.codes.iter().map(|code| code.cast_unsigned() ^ BIAS));
            fresh.numbers.push((coded.scale, coded.bias));
            if signs {
                let (turned, centroid) = (&coded.turned, centroids.turned(cell));
                let signs =
                    dispatch::signs_of(coder.level(), turned, centroid, coded.bias, &mut bits);
                fresh.bits.extend_from_slice(&bits);
                fresh.sign_numbers.push((signs.factor, signs.term));
            }
        }
    }
    Ok(fresh)
}

fn vector_of(vectors: &impl Vectors, row: u32) -> Result<&[f32], VectorError> {
    vectors.vector(row).ok_or(VectorError::MissingVector { row })
}

pub(super) fn check_rows(rows: &[u32], row_limit: u32) -> Result<(), VectorError> {
    let mut next = 0;
    for row in rows {
        let reason = match *row {
            row if row >= row_limit => "beyond the last row of the segment",
            row if row < next => "rows must rise",
            row => {
                next = row + 1;
                continue;
            }
        };
        return Err(VectorError::BadRow { row: *row, reason });
    }
    Ok(())
}

/// The items by cell and then by number, and where each cell ends.
fn by_cell(cells: &[u32], count: u32) -> (Vec<u32>, Vec<usize>) {
    let mut ends = vec![0; count as usize];
    for cell in cells {
        ends[*cell as usize] += 1;
    }
    let mut end = 0;
    for place in &mut ends {
        let count = *place;
        *place = end;
        end += count;
    }
    let mut items = vec![0; cells.len()];
    for (item, cell) in (0..).zip(cells) {
        let place = &mut ends[*cell as usize];
        items[*place] = item;
        *place += 1;
    }
    (items, ends)
}
