//! Sections that are damaged or not there.
