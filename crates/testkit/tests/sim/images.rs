//! Images: reading, damage, and opening them again.

use sutra_fs::{Dir, File};
use sutra_testkit::{Image, SimDir, SplitMix};

use crate::driver::name;

fn sample(length: usize) -> (Vec<u8>, Image) {
    let mut bytes = vec![0; length];
    SplitMix::new(length as u64).fill(&mut bytes);
    let mut image = Image::new();
    image.put(&name("a"), &bytes);
    image.put(&name("b"), b"other");
    (bytes, image)
}

#[test]
fn a_flip_changes_one_bit_of_one_copy() {
    let (bytes, image) = sample(3_000);
    for bit in [0, 7, 8, 1_024 * 8 - 1, 1_024 * 8, 3_000 * 8 - 1] {
        let mut damaged = image.clone();
        damaged.flip(&name("a"), bit);
        let mut expected = bytes.clone();
        expected[usize::try_from(bit / 8).expect("small")] ^= 1 << (bit % 8);
        assert_eq!(damaged.read(&name("a")), Some(expected));
        assert_eq!(image.read(&name("a")), Some(bytes.clone()));
        assert_ne!(damaged, image);
        assert_ne!(damaged.fingerprint(), image.fingerprint());
        damaged.flip(&name("a"), bit);
        assert_eq!(damaged, image);
        assert_eq!(damaged.fingerprint(), image.fingerprint());
    }
}

#[test]
fn a_file_that_is_cut_and_grows_again_shows_no_old_bytes() {
    let (bytes, image) = sample(3_000);
    for cut in [0, 1, 1_023, 1_024, 1_025, 2_999] {
        let mut damaged = image.clone();
        damaged.truncate(&name("a"), cut);
        let cut = usize::try_from(cut).expect("small");
        assert_eq!(damaged.read(&name("a")).unwrap(), bytes[..cut]);
        damaged.truncate(&name("a"), 4_000);
        let grown = damaged.read(&name("a")).unwrap();
        assert_eq!(grown.len(), 4_000);
        assert_eq!(grown[..cut], bytes[..cut]);
        assert!(grown[cut..].iter().all(|&byte| byte == 0), "cut to {cut}");
    }
}

#[test]
fn images_are_equal_when_their_bytes_are_however_they_came_about() {
    let (mut written, mut grown, mut zeroed) = (Image::new(), Image::new(), Image::new());
    written.put(&name("a"), &[0; 5_000]);
    grown.put(&name("a"), b"");
    grown.truncate(&name("a"), 5_000);
    zeroed.put(&name("a"), &[7; 5_000]);
    for at in (0..5_000).step_by(100) {
        zeroed.overwrite(&name("a"), at, &[0; 100]);
    }
    assert_eq!(written, grown);
    assert_eq!(written, zeroed);
    assert_eq!(written.fingerprint(), grown.fingerprint());
    assert_eq!(written.fingerprint(), zeroed.fingerprint());
}

#[test]
fn the_fingerprint_tells_names_lengths_and_places_apart() {
    let (_, image) = sample(2_048);
    let mut seen = vec![image.fingerprint()];
    let mut others = [(); 4].map(|()| image.clone());
    others[0].swap(&name("a"), &name("b"));
    others[1].remove(&name("b"));
    others[2].truncate(&name("a"), 2_049);
    let bytes = image.read(&name("a")).unwrap();
    others[3].put(&name("a"), &[&bytes[1_024..], &bytes[..1_024]].concat());
    seen.extend(others.iter().map(Image::fingerprint));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[test]
fn an_image_opens_as_a_directory_whose_changes_leave_it_alone() {
    let (bytes, image) = sample(3_000);
    let dir = SimDir::from_image(&image);
    assert_eq!(dir.list().unwrap(), [name("a"), name("b")]);
    assert_eq!(dir.image(), image);
    assert_eq!(dir.durable_image(), image);
    dir.remove(&name("b")).unwrap();
    dir.create(&name("b")).unwrap().write_at(0, b"new").unwrap();
    assert_eq!(dir.image().read(&name("b")).unwrap(), b"new");
    assert_eq!(dir.durable_image(), image);
    assert_eq!(image.read(&name("b")).unwrap(), b"other");
    let map = dir.open(&name("a")).unwrap().map().unwrap();
    assert_eq!(map.as_ref(), bytes);
    assert_eq!(map.as_ref().as_ptr().align_offset(64), 0, "a map is aligned");
}

#[test]
fn an_image_can_be_written_to_a_real_directory() {
    let (bytes, image) = sample(3_000);
    let target = tempfile::tempdir().unwrap();
    image.write_to(target.path()).unwrap();
    assert_eq!(std::fs::read(target.path().join("a")).unwrap(), bytes);
    assert_eq!(std::fs::read(target.path().join("b")).unwrap(), b"other");
}
