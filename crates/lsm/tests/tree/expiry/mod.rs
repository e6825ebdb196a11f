//! What is forgotten by itself: hidden at once, deleted when files merge.

mod random;
mod rules;
