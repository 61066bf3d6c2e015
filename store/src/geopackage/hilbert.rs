//! The order in which rows lie in the file: along a Hilbert curve, so that what is near on the map is near on disk.

use onemap_model::Coord;

/// Bits of the curve's grid for each axis: about 2 mm of latitude at 34; 31 (1.8 cm) keeps the place in 62 bits.
const ORDER: u32 = 31;

/// The place of a position on the curve over longitudes −180 to 180 and latitudes −90 to 90; positions outside count
/// as on the border. Never negative.
pub(super) fn place(c: Coord) -> i64 {
    let cell = |value: f64, low: f64, span: f64| {
        let cells = f64::from(1_u32 << ORDER);
        ((value - low) / span * cells).clamp(0.0, cells - 1.0) as u32
    };
    curve(cell(c.x, -180.0, 360.0), cell(c.y, -90.0, 180.0)) as i64
}

/// The distance along the curve of a cell (the usual xy2d by quadrants).
fn curve(mut x: u32, mut y: u32) -> u64 {
    let mut distance = 0_u64;
    for bit in (0..ORDER).rev() {
        let (right, upper) = (x >> bit & 1, y >> bit & 1);
        distance = distance << 2 | u64::from((3 * right) ^ upper);
        if upper == 0 {
            if right == 1 {
                x = !x;
                y = !y;
            }
            std::mem::swap(&mut x, &mut y);
        }
    }
    distance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_visits_each_cell_of_a_small_grid_once_and_steps_to_a_neighbour() {
        const SIDE: u32 = 16;
        let shift = ORDER - SIDE.trailing_zeros();
        let mut cells: Vec<_> = (0..SIDE * SIDE).map(|i| (i % SIDE, i / SIDE)).collect();
        cells.sort_by_key(|&(x, y)| curve(x << shift, y << shift));
        for pair in cells.windows(2) {
            let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
            assert_eq!(ax.abs_diff(bx) + ay.abs_diff(by), 1, "{pair:?}");
        }
    }

    #[test]
    fn positions_outside_the_world_and_no_numbers_have_a_place() {
        for (x, y) in [(1e300, 0.0), (-1e300, 1e300), (f64::NAN, 0.0)] {
            assert!(place(Coord { x, y }) >= 0);
        }
    }
}
