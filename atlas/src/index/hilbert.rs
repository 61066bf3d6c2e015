//! The Hilbert curve over the whole world: near on the curve is near on the map.

/// The place on the curve of order 32 of the cell `(x, y)`.
pub(crate) fn place(mut x: u32, mut y: u32) -> u64 {
    let mut place = 0_u64;
    for bit in (0..32).rev() {
        let (right, down) = ((x >> bit) & 1, (y >> bit) & 1);
        place = (place << 2) | u64::from((3 * right) ^ down);
        if down == 0 {
            if right == 1 {
                (x, y) = (!x, !y);
            }
            (x, y) = (y, x);
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_on_the_curve_are_neighbours_on_the_map() {
        let side = 64_u32;
        let mut cells: Vec<_> = (0..side).flat_map(|x| (0..side).map(move |y| (x, y))).collect();
        cells.sort_by_key(|&(x, y)| place(x, y));
        for pair in cells.windows(2) {
            let steps = pair[0].0.abs_diff(pair[1].0) + pair[0].1.abs_diff(pair[1].1);
            assert_eq!(steps, 1, "{pair:?}");
        }
    }

    #[test]
    fn no_two_corners_of_the_world_share_a_place() {
        let corners = [(0, 0), (0, u32::MAX), (u32::MAX, 0), (u32::MAX, u32::MAX)];
        let places: std::collections::HashSet<u64> = corners.iter().map(|&(x, y)| place(x, y)).collect();
        assert_eq!(places.len(), 4);
    }
}
