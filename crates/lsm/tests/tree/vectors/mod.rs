//! Vectors of a store: whatever happened to it, the nearest are what comparing all of them gives.

mod history;
mod lists;
mod model;
mod spaces;
