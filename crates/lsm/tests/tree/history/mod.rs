//! What was: at any time since history is kept, a store says what it said then.

mod hostile;
pub(crate) mod random;
mod rules;
