//! Filled squares of a raster as polygons: each connected patch of one group an outer ring and its holes.
//!
//! Patches of a group that meet in a corner only are kept apart there by cutting the corner, so that rings never touch.
//! Patches of different groups share their borders.

/// Rings in units, the first of each polygon the outer one, clockwise on the map (y downwards), holes the other way.
pub(crate) type Loops = Vec<Vec<Vec<[i64; 2]>>>;

/// So many units are cut off on both sides of a corner where two patches meet.
const CHAMFER: i64 = 2;
/// East, south, west, north: the directions in which the borders above, right of, below and left of a cell run.
const STEPS: [[i64; 2]; 4] = [[1, 0], [0, 1], [-1, 0], [0, -1]];

/// A square raster of which some cells are filled.
#[derive(Debug)]
pub(super) struct Raster {
    pub across: usize,
    /// One more than the group of each filled cell; 0 for others.
    pub filled: Vec<u8>,
}

impl Raster {
    /// The filled patches of each group that has some, by group; cells are `width` units wide, and the first begins at
    /// `-margin`.
    pub fn loops(&self, width: i64, margin: i64) -> Vec<(u8, Loops)> {
        let (labels, patch_groups) = self.patches();
        let mut polygons: Loops = vec![Vec::new(); patch_groups.len()];
        let mut seen = vec![[false; 4]; self.filled.len()];
        // In rows from the north: the first border of a patch is one above it, and of its outer ring.
        for cell in 0..self.filled.len() {
            for side in 0..4 {
                let at = self.place(cell);
                let group = self.filled[cell];
                if group > 0 && !seen[cell][side] && !self.has(beyond(at, side, 3), group) {
                    let ring = self.ring(at, side, &mut seen, width);
                    let ring = ring.into_iter().map(|at| at.map(|part| part - margin)).collect();
                    polygons[labels[cell] as usize].push(ring);
                }
            }
        }
        let mut by_group: Vec<(u8, Loops)> = Vec::new();
        let mut order: Vec<usize> = (0..polygons.len()).collect();
        order.sort_by_key(|&patch| patch_groups[patch]);
        for patch in order {
            let (group, polygon) = (patch_groups[patch] - 1, std::mem::take(&mut polygons[patch]));
            match by_group.last_mut() {
                Some((last, loops)) if *last == group => loops.push(polygon),
                _ => by_group.push((group, vec![polygon])),
            }
        }
        by_group
    }

    /// Follows the border that begins at a side of a cell, with the cells of its group to its right.
    fn ring(&self, start: [i64; 2], start_side: usize, seen: &mut [[bool; 4]], width: i64) -> Vec<[i64; 2]> {
        let (mut at, mut side) = (start, start_side);
        let group = self.filled[self.cell(start)];
        let mut ring = Vec::new();
        loop {
            seen[self.cell(at)][side] = true;
            let ahead = beyond(at, side, 0);
            let ahead_left = beyond(ahead, side, 3);
            let corner = end(at, side).map(|part| part * width);
            let next_side = if !self.has(ahead, group) {
                let next = (side + 1) % 4;
                if self.has(ahead_left, group) {
                    ring.push([0, 1].map(|axis| corner[axis] - CHAMFER * STEPS[side][axis]));
                    ring.push([0, 1].map(|axis| corner[axis] + CHAMFER * STEPS[next][axis]));
                } else {
                    ring.push(corner);
                }
                next
            } else if self.has(ahead_left, group) {
                at = ahead_left;
                ring.push(corner);
                (side + 3) % 4
            } else {
                at = ahead;
                side
            };
            side = next_side;
            if at == start && side == start_side {
                return ring;
            }
        }
    }

    /// The patch of each filled cell, in the order of their first cells, and what fills each patch.
    fn patches(&self) -> (Vec<u32>, Vec<u8>) {
        let mut labels = vec![u32::MAX; self.filled.len()];
        let (mut groups, mut todo) = (Vec::new(), Vec::new());
        for first in 0..self.filled.len() {
            let group = self.filled[first];
            if group == 0 || labels[first] != u32::MAX {
                continue;
            }
            let count = groups.len() as u32;
            groups.push(group);
            labels[first] = count;
            todo.push(first);
            while let Some(cell) = todo.pop() {
                for side in 0..4 {
                    let next = beyond(self.place(cell), side, 0);
                    if self.has(next, group) && labels[self.cell(next)] == u32::MAX {
                        labels[self.cell(next)] = count;
                        todo.push(self.cell(next));
                    }
                }
            }
        }
        (labels, groups)
    }

    fn has(&self, at: [i64; 2], group: u8) -> bool {
        at.iter().all(|part| (0..self.across as i64).contains(part)) && self.filled[self.cell(at)] == group
    }

    fn cell(&self, [x, y]: [i64; 2]) -> usize {
        y as usize * self.across + x as usize
    }

    fn place(&self, cell: usize) -> [i64; 2] {
        [(cell % self.across) as i64, (cell / self.across) as i64]
    }
}

/// The cell beside `at`, in the direction of a side turned right `turns` times.
fn beyond(at: [i64; 2], side: usize, turns: usize) -> [i64; 2] {
    [0, 1].map(|axis| at[axis] + STEPS[(side + turns) % 4][axis])
}

/// Where a side of a cell ends, going clockwise.
fn end([x, y]: [i64; 2], side: usize) -> [i64; 2] {
    [[x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]][side]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raster(rows: &[&str]) -> Raster {
        Raster {
            across: rows.len(),
            filled: rows
                .concat()
                .bytes()
                .map(|b| if b == b'.' { 0 } else { b - b'"' })
                .collect(),
        }
    }

    fn double_area(ring: &[[i64; 2]]) -> i64 {
        let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
        pairs.map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum()
    }

    #[test]
    fn a_patch_with_a_hole_is_one_polygon() {
        let polygons = raster(&["###", "#.#", "###"]).loops(16, 0).remove(0).1;
        assert_eq!(polygons.len(), 1);
        assert_eq!(polygons[0][0], [[48, 0], [48, 48], [0, 48], [0, 0]]);
        assert_eq!(double_area(&polygons[0][1]), -512);
    }

    #[test]
    fn patches_that_meet_in_a_corner_are_kept_apart() {
        let polygons = raster(&["#.", ".#"]).loops(16, 64).remove(0).1;
        assert_eq!(polygons.len(), 2);
        assert_eq!(
            polygons[0],
            [[[-48, -64], [-48, -50], [-50, -48], [-64, -48], [-64, -64]]]
        );
    }

    #[test]
    fn patches_of_different_groups_share_their_border() {
        let groups = raster(&["#$", "#$"]).loops(16, 0);
        assert_eq!(groups.iter().map(|(group, _)| *group).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(groups[0].1, [[[[16, 0], [16, 32], [0, 32], [0, 0]]]]);
        assert_eq!(groups[1].1, [[[[32, 0], [32, 32], [16, 32], [16, 0]]]]);
    }

    proptest! {
        #[test]
        fn any_raster_gives_valid_polygons_of_its_area(filled in prop::collection::vec(0..4_u8, 36)) {
            use geo::{Area, Validation};
            let raster = Raster { across: 6, filled };
            let ring = |ring: &Vec<[i64; 2]>| ring.iter().map(|&[x, y]| (x as f64, y as f64)).collect();
            let polygon = |rings: &Vec<Vec<[i64; 2]>>| {
                geo::Polygon::new(ring(&rings[0]), rings[1..].iter().map(ring).collect())
            };
            for (group, loops) in raster.loops(16, 0) {
                let all = geo::MultiPolygon(loops.iter().map(polygon).collect());
                prop_assert!(all.is_valid(), "{:?}", all);
                let cells = raster.filled.iter().filter(|&&filled| filled == group + 1).count() as f64;
                // Each corner where patches meet loses four square units.
                prop_assert!((all.unsigned_area() - cells * 256.0).abs() <= 4.0 * 25.0);
            }
        }
    }
}
