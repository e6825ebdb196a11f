//! Words: BM25 over postings, exact under any history of updates and merges.
