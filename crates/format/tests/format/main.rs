//! The format: codecs, what is refused, and the written word.

mod codecs;
mod common;
mod corruption;
mod folding;
mod golden_bytes;
mod ids;
mod placement_quality;
mod record_checks;
mod spec_matches_code;
mod texts;
mod validity;
