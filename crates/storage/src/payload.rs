//! [`Payload`]: text, attributes and vector, which concepts and associations have in common.

use sutra_lsm::ConceptPut;

/// What of a concept or an association has no fixed size. No attributes are the empty text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Payload<'a> {
    pub(crate) content: Option<&'a str>,
    pub(crate) attributes: &'a str,
    pub(crate) vector: Option<&'a [f32]>,
}

impl<'a> Payload<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.content.is_none() && self.attributes.is_empty() && self.vector.is_none()
    }

    /// `fixed`, with this payload under `key`.
    pub(crate) fn complete(&self, fixed: ConceptPut<'a>, key: &'a [u8]) -> ConceptPut<'a> {
        ConceptPut {
            content: self.content,
            attributes: self.attributes.as_bytes(),
            vector: self.vector,
            key,
            ..fixed
        }
    }
}
