//! Maps by [`Key`](crate::entry::Key), whose numbers are hashes already.

use std::hash::{BuildHasher, Hasher};

/// Keys are hashes already.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KeyHasher;

/// Takes the number as it is.
#[derive(Debug, Default)]
pub(super) struct AsItIs(u64);

impl BuildHasher for KeyHasher {
    type Hasher = AsItIs;

    fn build_hasher(&self) -> AsItIs {
        AsItIs(0)
    }
}

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_i64(&mut self, number: i64) {
        self.0 = number.cast_unsigned();
    }
}
