//! Words of a store: whatever happened to it, a search gives what an index made afresh would give,
//! to the last bit.

mod analyser;
mod history;
mod model;
