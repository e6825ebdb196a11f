//! [`shorten`]: what a tape needs to find something, and no more.

/// Takes away from a tape what it does not need: pieces, larger ones first, until none can go;
/// then the values of what is left.
pub(super) fn shorten(tape: &[u8], finds: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut tape = tape.to_vec();
    let mut piece = tape.len() / 2;
    while piece > 0 {
        let mut at = 0;
        while at < tape.len() {
            let mut shorter = tape.clone();
            shorter.drain(at..shorter.len().min(at + piece));
            if finds(&shorter) {
                tape = shorter;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    for at in 0..tape.len() {
        let mut simpler = tape.clone();
        simpler[at] = 0;
        if finds(&simpler) {
            tape = simpler;
        }
    }
    tape
}

#[test]
fn what_is_not_needed_goes() {
    let finds = |tape: &[u8]| {
        let found = |wanted| tape.iter().position(|byte| *byte == wanted);
        found(7).is_some_and(|seven| found(9).is_some_and(|nine| seven < nine))
    };
    let tape: Vec<u8> = (0..=255).collect();
    assert_eq!(shorten(&tape, finds), [7, 9]);
}
