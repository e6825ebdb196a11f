//! Every limit of the format, and why it stands where it stands.

/// Checksums are kept per page of this many bytes, and blocks start on its multiples: the page
/// of the operating system, and short enough for CRC-32 to notice any three flipped bits.
pub const PAGE_BYTES: u64 = 4096;

/// Vectors start on multiples of this, a cache line, so that a slice of the map suits SIMD.
pub const VECTOR_ALIGNMENT: u64 = 64;

/// The longest content of one concept or fact. One record must fit into one commit.
pub const CONTENT_BYTES_MAX: usize = 16 << 20;

/// The longest attributes of one concept or fact.
pub const ATTRIBUTES_BYTES_MAX: usize = 1 << 20;

/// The longest key. Keys are names, not documents.
pub const KEY_BYTES_MAX: usize = 1024;

/// The most dimensions that one vector may have.
pub const VECTOR_DIMENSION_MAX: usize = 65_536;

/// The longest name of an association kind.
pub const KIND_NAME_BYTES_MAX: usize = 255;

/// The longest name of a vector space, and of the model that made its vectors: a section of vectors
/// has one byte for the length of each.
pub const SPACE_NAME_BYTES_MAX: usize = 255;

/// The most bytes that one commit may take in the journal, its frame header left out. A memtable
/// and the group buffer each hold at most this much beyond their budget.
pub const COMMIT_BYTES_MAX: usize = 32 << 20;

/// The most records of one kind in one segment: row numbers are u32, the last value is spare.
pub const ROWS_MAX: u64 = u32::MAX as u64 - 1;

/// The most sections that one segment may have. Readers refuse more before they allocate.
pub const SECTIONS_MAX: usize = 256;
