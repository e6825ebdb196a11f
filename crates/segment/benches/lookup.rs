//! Lookups and scans in one segment.
fn main() {}
