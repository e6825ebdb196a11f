//! [`layout!`](macro@crate::layout): the proof, at compile time, of where each field lies.

/// Proves the size of a structure, that it has no alignment, and the offset of every field. A
/// field that is left out does not compile.
macro_rules! layout {
    ($type:ident: $bytes:literal { $($field:ident: $offset:literal),* $(,)? }) => {
        const _: () = {
            assert!(size_of::<$type>() == $bytes && align_of::<$type>() == 1);
            $(assert!(core::mem::offset_of!($type, $field) == $offset);)*
            const fn _every_field(value: $type) {
                let $type { $($field: _),* } = value;
            }
        };
    };
}

pub(crate) use layout;
