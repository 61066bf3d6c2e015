//! The wire format of protocol buffers, as far as OpenStreetMap's files need it: read in place, nothing is copied.
//!
//! Source: "Encoding", Protocol Buffers documentation. Groups (wire types 3 and 4) are not in use and count as damage.

/// The bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// A number.
    Number(u64),
    /// Bytes, a text, a message, or packed numbers.
    Bytes(&'a [u8]),
    /// A number of fixed width, which nothing here uses.
    Fixed,
}

/// The fields of a message, in order, with their numbers.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| {
            let field = self.field();
            if field.is_err() {
                // What follows damage means nothing.
                self.0 = &[];
            }
            field
        })
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Field<'a>), Malformed> {
        let tag = varint(&mut self.0)?;
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut self.0)?),
            1 => self.take(8).map(|_| Field::Fixed)?,
            2 => {
                let length = varint(&mut self.0)?;
                Field::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Field::Fixed)?,
            _ => return Err(Malformed),
        };
        Ok((tag >> 3, field))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}

/// Packed numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Varints<'a>(pub &'a [u8]);

impl Iterator for Varints<'_> {
    type Item = Result<u64, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| {
            let number = varint(&mut self.0);
            if number.is_err() {
                self.0 = &[];
            }
            number
        })
    }
}

/// Packed numbers, each as its difference from the one before, in zigzag order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deltas<'a> {
    varints: Varints<'a>,
    last: i64,
}

impl<'a> Deltas<'a> {
    /// Those in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            varints: Varints(bytes),
            last: 0,
        }
    }
}

impl Iterator for Deltas<'_> {
    type Item = Result<i64, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let delta = match self.varints.next()? {
            Ok(delta) => delta,
            Err(malformed) => return Some(Err(malformed)),
        };
        self.last = self.last.wrapping_add(zigzag(delta));
        Some(Ok(self.last))
    }
}

/// A signed number out of zigzag order: 0, -1, 1, -2, …
pub fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// Takes one number of base 128 from the front, the low groups first.
#[inline]
pub fn varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    if let Some((&byte, rest)) = bytes.split_first()
        && byte < 0x80
    {
        *bytes = rest;
        return Ok(u64::from(byte));
    }
    let mut number = 0;
    for (at, &byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            *bytes = &bytes[at + 1..];
            return Ok(number);
        }
    }
    Err(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_documentation_are_read() {
        for (bytes, expected) in [(&[0x01][..], 1), (&[0x96, 0x01], 150), (&[0xff; 9], 0)] {
            let mut bytes = bytes;
            let read = varint(&mut bytes);
            assert_eq!(read, if expected == 0 { Err(Malformed) } else { Ok(expected) });
        }
        assert_eq!([0, 1, 2, 3, u64::MAX].map(zigzag), [0, -1, 1, -2, i64::MIN]);
        let deltas: Vec<_> = Deltas::new(&[2, 4, 1]).map(|number| number.unwrap()).collect();
        assert_eq!(deltas, [1, 3, 2]);
    }

    #[test]
    fn fields_are_told_by_their_numbers() {
        let message = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1d, 0, 0, 0, 0];
        let fields: Vec<_> = Fields(&message).map(|field| field.unwrap()).collect();
        assert_eq!(
            fields,
            [(1, Field::Number(150)), (2, Field::Bytes(b"hi")), (3, Field::Fixed)]
        );
    }

    #[test]
    fn what_is_cut_or_unknown_is_damage() {
        for bad in [
            &[0x08][..],
            &[0x12, 0x05, b'h'],
            &[0x0b],
            &[0x1d, 0, 0],
            &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ] {
            let read: Vec<_> = Fields(bad).collect();
            assert_eq!(read, [Err(Malformed)], "{bad:?}");
        }
    }
}
