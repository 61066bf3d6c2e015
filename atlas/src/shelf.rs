//! Arrays that are either on the heap or in a mapped file; who reads them cannot tell which.
//!
//! All `unsafe` code of the atlas is in this file. What it rests on:
//! - [`Plain`] types have no padding, no pointers, and a value for every pattern of bits, so that bytes of a file are
//!   values of them.
//! - A shelf on the heap owns what a `Vec` gave up, and gives it back to a `Vec` when it is dropped.
//! - A mapped shelf was checked to lie in its mapping and to be aligned, and keeps the mapping for as long as it is.
//! - A mapped file is never written in place: a new one takes its name, the old one stays what it is for who has it
//!   mapped (`persist`). Nobody but the server's own user can write it.
#![allow(unsafe_code)]

use crate::world::{World, WorldBox};
use memmap2::Mmap;
use onemap_model::Coord;
use std::fmt;
use std::fs::File;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

/// A type whose values are plain bytes.
///
/// # Safety
/// No padding, no pointers, no pattern of bits that is no value.
pub(crate) unsafe trait Plain: Copy + Send + Sync + 'static {}

// SAFETY: numbers.
unsafe impl Plain for u8 {}
// SAFETY: numbers.
unsafe impl Plain for u16 {}
// SAFETY: numbers.
unsafe impl Plain for u32 {}
// SAFETY: numbers.
unsafe impl Plain for u64 {}
// SAFETY: numbers.
unsafe impl Plain for f64 {}
// SAFETY: `repr(C)`, two f64.
unsafe impl Plain for Coord {}
// SAFETY: `repr(C)`, two i32.
unsafe impl Plain for World {}
// SAFETY: `repr(C)`, four i32.
unsafe impl Plain for WorldBox {}

// What the lines above say, as far as it can be checked.
const _: () = assert!(size_of::<Coord>() == 16 && size_of::<World>() == 8 && size_of::<WorldBox>() == 16);

/// An array that does not change any more.
pub(crate) struct Shelf<T: Plain> {
    start: NonNull<T>,
    len: usize,
    keeper: Keeper,
}

/// What keeps the array.
enum Keeper {
    /// It is that of a `Vec` with this capacity.
    Heap(usize),
    /// It lies in this file.
    Map(#[expect(dead_code, reason = "held, not read: the file stays mapped")] Arc<Mapping>),
}

/// A file in memory.
pub(crate) struct Mapping {
    bytes: Mmap,
}

// SAFETY: a shelf is as a `Vec` or an `Arc<Mmap>` that is only read, and both can be sent and shared.
unsafe impl<T: Plain> Send for Shelf<T> {}
// SAFETY: as above.
unsafe impl<T: Plain> Sync for Shelf<T> {}

impl<T: Plain> Shelf<T> {
    /// Bytes on the heap: none where it is mapped.
    pub fn bytes(&self) -> usize {
        match self.keeper {
            Keeper::Heap(capacity) => capacity * size_of::<T>(),
            Keeper::Map(_) => 0,
        }
    }

    /// All of it as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: a plain type has no padding, so that each of its bytes is one.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.len * size_of::<T>()) }
    }
}

impl<T: Plain> Deref for Shelf<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: see the module: `start` is `len` initialised, aligned values for as long as `self` is.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Plain> From<Vec<T>> for Shelf<T> {
    fn from(vec: Vec<T>) -> Self {
        let mut vec = ManuallyDrop::new(vec);
        Self {
            start: NonNull::new(vec.as_mut_ptr()).expect("the pointer of a Vec is never null"),
            len: vec.len(),
            keeper: Keeper::Heap(vec.capacity()),
        }
    }
}

impl<T: Plain> FromIterator<T> for Shelf<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Vec::from_iter(values).into()
    }
}

impl<T: Plain> Default for Shelf<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T: Plain> Drop for Shelf<T> {
    fn drop(&mut self) {
        if let Keeper::Heap(capacity) = self.keeper {
            // SAFETY: these are the parts of the `Vec` that it was made from, and nobody else has them.
            drop(unsafe { Vec::from_raw_parts(self.start.as_ptr(), self.len, capacity) });
        }
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for Shelf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.len, std::any::type_name::<T>())
    }
}

impl Mapping {
    /// Maps a whole file.
    ///
    /// # Errors
    /// The system's.
    pub fn of(file: &File) -> std::io::Result<Self> {
        // SAFETY: the file is not written while it is mapped; see the module.
        let bytes = unsafe { Mmap::map(file) }?;
        Ok(Self { bytes })
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `len` values from the byte `start` on; none where they are not in the file, or not aligned there.
    pub fn shelf<T: Plain>(self: &Arc<Self>, start: usize, len: usize) -> Option<Shelf<T>> {
        let size = len.checked_mul(size_of::<T>())?;
        let bytes = self.bytes.get(start..start.checked_add(size)?)?;
        let place = NonNull::new(bytes.as_ptr().cast_mut().cast::<T>()).filter(|place| place.is_aligned())?;
        Some(Shelf {
            start: place,
            len,
            keeper: Keeper::Map(Arc::clone(self)),
        })
    }
}

/// A part of bytes that are known to be UTF-8.
#[derive(Debug)]
pub(crate) struct Utf8(Shelf<u8>);

impl Utf8 {
    /// Takes the bytes; none where they are no UTF-8.
    pub fn new(bytes: Shelf<u8>) -> Option<Self> {
        std::str::from_utf8(&bytes).ok()?;
        Some(Self(bytes))
    }

    /// The whole text.
    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: looked at in `new`, and nothing changes it.
        unsafe { std::str::from_utf8_unchecked(&self.0) }
    }

    /// The bytes.
    pub fn shelf(&self) -> &Shelf<u8> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_and_owned_values_are_the_same_and_bounds_are_kept() {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &[1, 0, 0, 0, 2, 0, 0, 0, 9]).unwrap();
        let mapping = Arc::new(Mapping::of(&file).unwrap());
        let mapped: Shelf<u32> = mapping.shelf(0, 2).unwrap();
        let owned: Shelf<u32> = vec![1_u32.to_le(), 2_u32.to_le()].into();
        assert_eq!((&mapped[..], mapped.as_bytes()), (&owned[..], owned.as_bytes()));
        assert_eq!((mapped.bytes(), owned.bytes()), (0, 8));
        assert!(mapping.shelf::<u32>(0, 3).is_none() && mapping.shelf::<u32>(1, 2).is_none());
        assert!(mapping.shelf::<u32>(4, usize::MAX).is_none() && mapping.shelf::<u8>(usize::MAX, 2).is_none());
        drop(mapping);
        assert_eq!(mapped[1], owned[1], "the shelf keeps the mapping");
        assert!(Utf8::new(vec![0xff].into()).is_none());
    }
}
