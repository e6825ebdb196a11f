//! The journal: what was committed and is in no segment yet.
//!
//! A committer builds a [`CommitBody`] and sums it ([`SummedBody`]) outside any lock. The
//! [`JournalWriter`] puts the commits of a group behind one another in one write and makes them
//! durable by one sync; a [`Filler`] writes zeros ahead of it. After a restart [`replay`] gives
//! the commits back, once, in order, or says where the file is damaged. The layout is
//! [`sutra_format::journal`].
//!
//! Invariants, on which replay relies to tell a power cut from damage:
//! * J-1. What a frame claims to be synced was durable before the frame was written, and is
//!   never written to again. Only the bytes from the tail on are.
//! * J-2. Frames go only into zeros that belong to the file durably, and 64 bytes of them always
//!   remain behind the tail. So the file is never shorter than the frames in it, and a file that
//!   is was cut.
//! * J-3. A frame names the sum of the one before it: after a write that failed, what is left of
//!   it behind a later frame is never taken for that frame's successor.
//! * J-4. A failed sync, whoever asked for it, fails every later one: nothing is retried.
//!
//! What is assumed of a disk beyond [`sutra_fs::Dir`]: writing some bytes of a sector leaves the
//! others of that sector as they are, also when the power fails.

mod ahead;
mod body;
mod chunks;
mod error;
mod headless;
mod leftover;
mod name;
mod payload;
mod replay;
mod writer;

pub use ahead::Filler;
pub use body::{BodyError, CommitBody, SummedBody};
pub use error::{Damage, JournalError, NoFrame};
pub(crate) use headless::{first_frame, replay_without_header};
pub use leftover::Leftover;
pub use name::Identity;
pub use payload::Payload;
pub use replay::{End, Replayed, ReplayedFrame, Verified, replay, verify};
pub(crate) use replay::{Place, check_part};
pub use writer::{Commit, JournalWriter, PendingSync, Synced};
