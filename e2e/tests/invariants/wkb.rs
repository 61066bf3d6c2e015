//! Just enough well-known binary to write points and squares, and to read the numbers back in order.

use super::steps::{At, PLACES, REACH, Which};

/// The numbers of a feature's geometry, in the order in which they stand.
pub type Numbers = Vec<f64>;

fn numbers(out: &mut Vec<u8>, values: &[f64]) {
    values.iter().for_each(|value| out.extend(value.to_le_bytes()));
}

/// The corners of a plot, closed, counter-clockwise.
pub fn ring(at: At) -> [[f64; 2]; 5] {
    let ((x, y), reach) = (PLACES[at], REACH[at]);
    // Written as GeoJSON has them, so that both ways of writing give the same number.
    let [west, south, east, north] = [x - reach, y - reach, x + reach, y + reach].map(|n| (n * 1e7).round() / 1e7);
    [
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south],
    ]
}

/// A point, or a multi-polygon of one square.
pub fn write(which: Which, at: At) -> Vec<u8> {
    let mut out = vec![1];
    match which {
        Which::Spots => {
            out.extend(1_u32.to_le_bytes());
            numbers(&mut out, &[PLACES[at].0, PLACES[at].1]);
        }
        Which::Plots => {
            [6_u32, 1].iter().for_each(|n| out.extend(n.to_le_bytes()));
            out.push(1);
            [3_u32, 1, 5].iter().for_each(|n| out.extend(n.to_le_bytes()));
            ring(at).iter().for_each(|corner| numbers(&mut out, corner));
        }
    }
    out
}

/// As [`write`], with the header of a GeoPackage, its envelope included.
pub fn write_gpkg(which: Which, at: At) -> Vec<u8> {
    let wkb = write(which, at);
    let all = read(&wkb);
    let of = |axis: usize| all.iter().copied().skip(axis).step_by(2);
    let (least, most) = (
        |axis| of(axis).fold(f64::MAX, f64::min),
        |axis| of(axis).fold(f64::MIN, f64::max),
    );
    let mut out = b"GP\0\x03".to_vec();
    out.extend(4490_i32.to_le_bytes());
    numbers(&mut out, &[least(0), most(0), least(1), most(1)]);
    out.extend(wkb);
    out
}

/// The numbers in a GeoPackage's geometry.
pub fn read_gpkg(blob: &[u8]) -> Numbers {
    let envelope = [0, 32, 48, 48, 64][usize::from(blob[3] >> 1 & 7)];
    read(&blob[8 + envelope..])
}

/// The smallest and the largest of an axis, from the header or of a point; as GeoPackage's triggers ask for them.
pub fn extent(blob: &[u8], axis: usize) -> (f64, f64) {
    let all = read_gpkg(blob);
    let of = || all.iter().copied().skip(axis).step_by(2);
    (of().fold(f64::MAX, f64::min), of().fold(f64::MIN, f64::max))
}

/// The numbers in a geometry of whatever kind, in the order in which they stand.
pub fn read(wkb: &[u8]) -> Numbers {
    let (mut rest, mut out) = (wkb, Vec::new());
    read_one(&mut rest, &mut out);
    assert!(rest.is_empty(), "more than a geometry: {wkb:?}");
    out
}

fn read_one(rest: &mut &[u8], out: &mut Numbers) {
    assert_eq!(take::<1>(rest), [1], "little-endian");
    match u32::from_le_bytes(take(rest)) {
        1 => coordinates(rest, 1, out),
        3 => {
            for _ in 0..count(rest) {
                let corners = count(rest);
                coordinates(rest, corners, out);
            }
        }
        4..=7 => (0..count(rest)).for_each(|_| read_one(rest, out)),
        other => panic!("geometry of type {other}"),
    }
}

fn coordinates(rest: &mut &[u8], count: u32, out: &mut Numbers) {
    out.extend((0..2 * count).map(|_| f64::from_le_bytes(take(rest))));
}

fn count(rest: &mut &[u8]) -> u32 {
    u32::from_le_bytes(take(rest))
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (taken, left) = rest.split_first_chunk().expect("a geometry is not cut short");
    *rest = left;
    *taken
}
