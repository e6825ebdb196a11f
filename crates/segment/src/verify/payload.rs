//! Vectors, texts, and the references to them.

use sutra_format::limits::VECTOR_DIMENSION_MAX;
use sutra_format::segment::vector_stride;
use sutra_format::text::LENGTH_PREFIX_BYTES;
use sutra_format::{ConceptRecord, PayloadHome, VectorRun};

use crate::error::Result;
use crate::history::shared_payload;
use crate::reader::Segment;
use crate::sections::{Place, invalid};

impl<D: AsRef<[u8]>> Segment<D> {
    /// Checks that the runs cover the vector block, that values are finite and padding is zero.
    pub(super) fn verify_vectors(&self) -> Result<()> {
        let block = Place::of(&self.header.vectors);
        let (mut behind, mut count) = (0, 0);
        for (index, run) in (0_u64..).zip(self.runs()?) {
            let at = self.sections.runs.offset + index * VectorRun::BYTES as u64;
            let wrong = |reason| self.corrupt(invalid(at, reason));
            let dimension = run.dimension.get();
            if run.offset.get() != behind || run.count.get() == 0 {
                return Err(wrong("vector runs do not follow one another"));
            }
            if dimension == 0 || dimension as usize > VECTOR_DIMENSION_MAX {
                return Err(wrong("dimension of a vector run is out of range"));
            }
            count += u64::from(run.count.get());
            let end = behind + u64::from(run.count.get()) * run.stride();
            if end > block.length {
                return Err(wrong("vector run reaches beyond the vector block"));
            }
            while behind < end {
                self.verify_vector(behind, dimension)?;
                behind += run.stride();
            }
        }
        if behind != block.length || count != self.header.vectors.count.get() {
            let reason = "vector runs do not cover the vector block";
            return Err(self.corrupt(invalid(block.offset, reason)));
        }
        Ok(())
    }

    fn verify_vector(&self, offset: u64, dimension: u32) -> Result<()> {
        let start = Place::of(&self.header.vectors).offset + offset;
        let stride = self.slice(Place { offset: start, length: vector_stride(dimension) })?;
        let (values, padding) = stride.split_at(dimension as usize * 4);
        let finite = |value: &[u8; 4]| f32::from_le_bytes(*value).is_finite();
        if !values.as_chunks().0.iter().all(finite) {
            return Err(self.corrupt(invalid(start, "vector with a value that is not finite")));
        }
        if padding.iter().any(|&byte| byte != 0) {
            return Err(self.corrupt(invalid(start, "padding of a vector is not zero")));
        }
        Ok(())
    }

    /// Checks that text entries fill the content block. Where records have no say in what an
    /// entry is, all of them are texts.
    pub(super) fn verify_texts(&self) -> Result<()> {
        let block = Place::of(&self.header.content);
        let (mut behind, mut count) = (0, 0);
        while behind < block.length {
            let cut = || self.corrupt(invalid(block.offset + behind, "text entry is cut short"));
            let prefix = self.text(behind, LENGTH_PREFIX_BYTES).map_err(|_| cut())?;
            let length = prefix.first_chunk().copied().map_or(0, u32::from_le_bytes);
            let entry = self.text(behind + LENGTH_PREFIX_BYTES, length.into());
            let entry = entry.map_err(|_| cut())?;
            if !self.is_sorted() && str::from_utf8(entry).is_err() {
                return Err(self.corrupt(invalid(block.offset + behind, "text is not UTF-8")));
            }
            behind += LENGTH_PREFIX_BYTES + u64::from(length);
            count += 1;
        }
        if count != self.header.content.count.get() {
            let reason = "the header states another number of texts";
            return Err(self.corrupt(invalid(block.offset, reason)));
        }
        Ok(())
    }

    /// Checks what concepts refer to: in this segment that it is there, in all that the payload
    /// homes say how much it is.
    pub(super) fn verify_references(&self) -> Result<()> {
        let homes = self.homes()?;
        let place = self.sections.homes;
        let follows = |pair: &[PayloadHome]| pair[0].segment_id.get() < pair[1].segment_id.get();
        let in_order = homes.windows(2).all(follows);
        if !in_order || homes.iter().any(|home| home.reserved.get() != 0) {
            let reason = "payload homes do not rise strictly, or reserved bytes are not zero";
            return Err(self.corrupt(invalid(place.offset, reason)));
        }
        let mut live: Vec<u64> = vec![0; homes.len()]; // As long as a part of the file is.
        let mut unread = self.header.content.length.get(); // Or time would not be bounded by it.
        let start = self.header.concepts.offset.get();
        for (row, record) in (0_u32..).zip(self.iter_concepts()?) {
            let at = start + u64::from(row) * ConceptRecord::BYTES as u64;
            // Versions that differ in what changes often share text and vector, and count once.
            let mut newer: Option<&ConceptRecord> = None;
            for record in std::iter::once(record).chain(self.concept_versions(row)?) {
                let [shares_text, shares_vector] =
                    newer.map_or([false; 2], |newer| shared_payload(newer, record));
                newer = Some(record);
                if record.content_segment.get() == self.id() && !shares_text {
                    let overlap = || self.corrupt(invalid(at, "texts of records overlap"));
                    unread = unread.checked_sub(record.text_bytes()).ok_or_else(overlap)?;
                }
                let text = if shares_text { None } else { Some(self.text_of(record, at)?) };
                let vector = if shares_vector { None } else { Some(self.vector_of(record, at)?) };
                for (segment, bytes) in [text, vector].into_iter().flatten() {
                    let home = homes.binary_search_by_key(&segment, |home| home.segment_id.get());
                    match home {
                        Ok(home) => live[home] = live[home].saturating_add(bytes),
                        Err(_) if bytes == 0 => {}
                        Err(_) => {
                            let reason = "refers to a segment that is no payload home";
                            return Err(self.corrupt(invalid(at, reason)));
                        }
                    }
                }
            }
        }
        if homes.iter().zip(&live).any(|(home, live)| home.live_bytes.get() != *live) {
            let reason = "payload homes state other sizes than the records";
            return Err(self.corrupt(invalid(place.offset, reason)));
        }
        Ok(())
    }

    /// Where the text of a record is, and how much. In this segment, it is checked.
    fn text_of(&self, record: &ConceptRecord, at: u64) -> Result<(u32, u64)> {
        let (segment, bytes) = (record.content_segment.get(), record.text_bytes());
        if bytes > 0 && segment == self.id() {
            let wrong = |reason| self.corrupt(invalid(at, reason));
            let offset = record.content_offset.get();
            let text = self.text(offset, bytes).map_err(|_| wrong("text lies out of its block"))?;
            let place = self.header.content.offset.get() + offset;
            let text = record.split_text(text).map_err(|e| self.corrupt(e.at(place)))?;
            if text.key_text().is_none() && text.fact_key().is_none() && !text.key.is_empty() {
                return Err(wrong("key is neither UTF-8 nor that of a fact"));
            }
        }
        Ok((segment, bytes))
    }

    /// Where the vector of a record is, and how much. In this segment, it is checked.
    fn vector_of(&self, record: &ConceptRecord, at: u64) -> Result<(u32, u64)> {
        let (segment, mut dimension) = (record.vector_segment.get(), record.vector_dimension.get());
        if !record.has_vector() {
            return Ok((segment, 0));
        }
        if segment == self.id() {
            let wrong = |reason| self.corrupt(invalid(at, reason));
            let there = self.dimension_at(record.vector_offset.get());
            let there = there.map_err(|_| wrong("refers to no vector"))?;
            if dimension != 0 && dimension != there {
                return Err(wrong("refers to a vector of another dimension"));
            }
            dimension = there;
        } else if dimension == 0 {
            let reason = "refers to a vector of another segment without its dimension";
            return Err(self.corrupt(invalid(at, reason)));
        }
        Ok((segment, vector_stride(dimension)))
    }
}
