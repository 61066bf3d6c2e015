//! Streams: what a column is made of. A header tells the kind, the encoding, how many values and how many bytes.

use crate::render::{put_varint, zigzag};

/// What a stream is for; the byte that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Present = 0x00,
    Data = 0x10,
    Dictionary = 0x11,
    Vertices = 0x13,
    TextOffsets = 0x22,
    TextLengths = 0x30,
    GeometryLengths = 0x31,
    PartLengths = 0x32,
    RingLengths = 0x33,
    DictionaryLengths = 0x36,
}

/// How the values of a stream are written; the byte that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As they are in memory, little-endian.
    Plain = 0x00,
    /// Varints.
    Varint = 0x02,
    /// Differences to the value before, zigzag, as varints.
    Delta = 0x22,
    /// The same, for x and y by turns.
    VertexDelta = 0x42,
    /// Bits, in runs of equal bytes.
    Bits = 0x60,
}

/// A text with its length.
pub(super) fn put_text(text: &[u8], out: &mut Vec<u8>) {
    put_varint(text.len() as u64, out);
    out.extend_from_slice(text);
}

/// A stream of so many values that are written already.
pub(super) fn put_stream(kind: Kind, encoding: Encoding, values: usize, payload: &[u8], out: &mut Vec<u8>) {
    out.extend([kind as u8, encoding as u8]);
    put_varint(values as u64, out);
    put_varint(payload.len() as u64, out);
    out.extend_from_slice(payload);
}

/// A stream of numbers as varints; signed ones come as [`zigzag`].
pub(super) fn stream_of_numbers(kind: Kind, numbers: impl Iterator<Item = u64>, out: &mut Vec<u8>) {
    let (mut payload, mut count) = (Vec::new(), 0);
    for number in numbers {
        put_varint(number, &mut payload);
        count += 1;
    }
    put_stream(kind, Encoding::Varint, count, &payload, out);
}

/// A stream of numbers that mostly grow by little.
pub(super) fn stream_of_deltas(kind: Kind, numbers: impl Iterator<Item = u64>, out: &mut Vec<u8>) {
    let (mut payload, mut count, mut last) = (Vec::new(), 0, 0_u64);
    for number in numbers {
        put_varint(zigzag(number.wrapping_sub(last) as i64), &mut payload);
        last = number;
        count += 1;
    }
    put_stream(kind, Encoding::Delta, count, &payload, out);
}

/// A stream of bits.
pub(super) fn stream_of_bits(kind: Kind, bits: impl Iterator<Item = bool>, out: &mut Vec<u8>) {
    let (mut bytes, mut count) = (Vec::new(), 0_usize);
    for bit in bits {
        if count.is_multiple_of(8) {
            bytes.push(0);
        }
        if let Some(last) = bytes.last_mut() {
            *last |= u8::from(bit) << (count % 8);
        }
        count += 1;
    }
    put_stream(kind, Encoding::Bits, count, &runs(&bytes), out);
}

/// Bytes as runs: of 3 to 130 equal ones, or of 1 to 128 that are told one by one.
fn runs(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut rest, mut literal) = (Vec::new(), bytes, 0);
    // `literal` bytes at the beginning of `rest` wait to be told one by one.
    while literal < rest.len() {
        let equal = rest[literal..]
            .iter()
            .take(130)
            .take_while(|&&byte| byte == rest[literal])
            .count();
        if equal >= 3 {
            put_literal(&rest[..literal], &mut out);
            out.extend([(equal - 3) as u8, rest[literal]]);
            rest = &rest[literal + equal..];
            literal = 0;
        } else {
            literal += equal;
        }
    }
    put_literal(rest, &mut out);
    out
}

fn put_literal(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(128) {
        out.push((256 - chunk.len()) as u8);
        out.extend_from_slice(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_are_those_of_the_specification() {
        assert_eq!(runs(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x2d]), [0x02, 0xff, 0xff, 0x2d]);
        assert_eq!(runs(&[]), []);
    }

    fn expand(mut coded: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let [control, rest @ ..] = coded {
            let (count, used) = match control {
                0..128 => (usize::from(*control) + 3, 1),
                128.. => (256 - usize::from(*control), 256 - usize::from(*control)),
            };
            if *control < 128 {
                bytes.extend(std::iter::repeat_n(rest[0], count));
            } else {
                bytes.extend(&rest[..count]);
            }
            coded = &rest[used..];
        }
        bytes
    }

    proptest! {
        #[test]
        fn runs_come_back(parts in prop::collection::vec((0..3_u8, 1..300_usize), 0..20)) {
            let bytes: Vec<u8> = parts.into_iter().flat_map(|(byte, count)| {
                (0..count).map(move |n| if byte == 2 { n as u8 } else { byte })
            }).collect();
            prop_assert_eq!(expand(&runs(&bytes)), bytes);
        }
    }
}
