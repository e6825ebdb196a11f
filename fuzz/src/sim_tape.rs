//! Any bytes as a life of a store: operations, faults, power cuts. The rules are those of the
//! simulator, which says in words which of them did not hold.

use super::life::driver::run_tape;

/// The bytes are the tape.
pub fn sim_tape(input: &[u8]) {
    if let Err(violation) = run_tape(input) {
        panic!("{violation}");
    }
}
