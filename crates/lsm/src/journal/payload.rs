//! [`Payload`]: the bytes behind the records of a commit.

/// Text entries and vectors of one commit: bytes that start on a multiple of 4 in memory, so that
/// a vector at an offset that is one too can be read as a slice.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    /// The bytes, then zeros up to the next multiple of 4.
    words: Vec<u32>,
    length: usize,
}

impl Payload {
    /// A copy of `bytes`.
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut payload = Self::default();
        payload.push(bytes);
        payload
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.length]
    }

    /// Bytes of memory that it keeps.
    pub fn memory(&self) -> usize {
        self.words.capacity() * size_of::<u32>()
    }

    /// Appends a text entry, a u32 length and as many bytes, and gives its offset.
    ///
    /// # Panics
    /// If the text is longer than 4 GiB - 1; no text may be that long.
    pub fn push_entry(&mut self, text: &[u8]) -> u64 {
        let offset = self.length as u64;
        let length = u32::try_from(text.len()).expect("texts are at most 16 MiB long");
        self.push(&length.to_le_bytes());
        self.push(text);
        offset
    }

    /// Appends a vector at the next multiple of 4, and gives its offset.
    pub fn push_vector(&mut self, values: &[f32]) -> u64 {
        self.words.extend(values.iter().map(|value| u32::from_le_bytes(value.to_le_bytes())));
        let end = self.words.len() * size_of::<u32>();
        self.length = end;
        (end - size_of_val(values)) as u64
    }

    fn push(&mut self, bytes: &[u8]) {
        let start = self.length;
        self.length += bytes.len();
        self.words.resize(self.length.div_ceil(size_of::<u32>()), 0);
        bytemuck::cast_slice_mut(&mut self.words)[start..self.length].copy_from_slice(bytes);
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Payload {}
