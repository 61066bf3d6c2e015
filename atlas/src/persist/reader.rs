//! Reads what [`super::writer`] wrote, and believes none of it.

use crate::shelf::{Mapping, Plain, Shelf};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// What a file says that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Damage(pub String);

/// What is read, or what is wrong with it.
pub(crate) type Read<T> = Result<T, Damage>;

/// A damage.
pub(crate) fn damage<T>(what: impl Into<String>) -> Read<T> {
    Err(Damage(what.into()))
}

/// Damage unless it is sound.
pub(crate) fn check(is_sound: bool, what: &str) -> Read<()> {
    if is_sound { Ok(()) } else { damage(what) }
}

/// A place in the table of a mapped file.
pub(crate) struct Reader {
    map: Arc<Mapping>,
    at: usize,
    end: usize,
    /// Arrays end before.
    arrays_end: usize,
}

impl Reader {
    /// The table of `length` bytes from `start` on, whose sum is `sum`.
    pub fn new(map: Arc<Mapping>, [start, length, sum]: [u64; 3]) -> Read<Self> {
        let place = |number: u64| usize::try_from(number).ok();
        let range = place(start).zip(place(length));
        let range = range.and_then(|(start, length)| Some(start..start.checked_add(length)?));
        let Some((range, table)) = range.and_then(|range| Some((range.clone(), map.bytes().get(range)?))) else {
            return damage(format!(
                "it is cut off: its table is {length} bytes from byte {start} on, and it has {} bytes",
                map.bytes().len()
            ));
        };
        check(xxh3_64(table) == sum, "the sum of its table is wrong")?;
        Ok(Self {
            at: range.start,
            end: range.end,
            arrays_end: range.start,
            map,
        })
    }

    /// A number.
    pub fn number(&mut self) -> Read<u64> {
        let mut number = [0; 8];
        number.copy_from_slice(self.take(8)?);
        Ok(u64::from_ne_bytes(number))
    }

    /// A signed number.
    pub fn signed(&mut self) -> Read<i64> {
        Ok(self.number()? as i64)
    }

    /// A number, or none.
    pub fn maybe(&mut self) -> Read<Option<i64>> {
        let is_there = self.number()? == 1;
        let number = self.signed()?;
        Ok(is_there.then_some(number))
    }

    /// Bytes.
    pub fn bytes(&mut self) -> Read<&[u8]> {
        let length = self.size()?;
        self.take(length)
    }

    /// A text.
    pub fn text(&mut self) -> Read<&str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damage("a text is no UTF-8".to_owned()))
    }

    /// A number of things in memory.
    pub fn size(&mut self) -> Read<usize> {
        let number = self.number()?;
        usize::try_from(number).map_err(|_| Damage(format!("a size of {number}")))
    }

    /// A number of things that each take at least eight bytes of the table: nothing is made room for that is not there.
    pub fn count(&mut self) -> Read<usize> {
        let count = self.size()?;
        check(count <= (self.end - self.at) / 8, "it has fewer entries than it says")?;
        Ok(count)
    }

    /// An array, whose sum is looked at.
    pub fn shelf<T: Plain>(&mut self) -> Read<Shelf<T>> {
        let (start, length, sum) = (self.size()?, self.size()?, self.number()?);
        let shelf = self.map.shelf::<T>(start, length);
        let inside = |shelf: &Shelf<T>| start + size_of_val(&**shelf) <= self.arrays_end;
        let Some(shelf) = shelf.filter(inside) else {
            return damage(format!("an array of {length} entries at byte {start} is not in it"));
        };
        check(
            xxh3_64(shelf.as_bytes()) == sum,
            &format!("the sum of the array at byte {start} is wrong"),
        )?;
        Ok(shelf)
    }

    /// An array with this many entries.
    pub fn shelf_of<T: Plain>(&mut self, count: usize) -> Read<Shelf<T>> {
        let shelf = self.shelf()?;
        check(shelf.len() == count, "an array has not as many entries as it should")?;
        Ok(shelf)
    }

    /// Damage where anything is left.
    pub fn finish(self) -> Read<()> {
        check(self.at == self.end, "it says more than it should")
    }

    fn take(&mut self, length: usize) -> Read<&[u8]> {
        let Some(end) = self.at.checked_add(length).filter(|&end| end <= self.end) else {
            return damage("its table ends too early");
        };
        let start = std::mem::replace(&mut self.at, end);
        Ok(&self.map.bytes()[start..end])
    }
}
