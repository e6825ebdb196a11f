//! [`bounded`]: memory that hostile files may cost.

use peak_alloc::PeakAlloc;

/// Counts what is allocated in the whole process.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Memory beyond four times the files: buffers of fixed size.
const SPARE_BYTES: usize = 16 << 20;

/// Does `work`, which looks at files of `length` bytes together, and panics if it took more than
/// four times that and 16 MiB. Nothing else may run in the process meanwhile.
pub fn bounded<T>(length: u64, work: impl FnOnce() -> T) -> T {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let done = work();
    let taken = ALLOCATOR.peak_usage().saturating_sub(before);
    let most = usize::try_from(length).unwrap_or(usize::MAX).saturating_mul(4);
    assert!(taken <= most.saturating_add(SPARE_BYTES), "{taken} bytes of memory for {length}");
    done
}
