//! Areas too small to be shown by themselves, as squares of the ground that keep their sum.
//!
//! Each area adds to the cover of the cells under it. Blocks of 4 × 4 cells then fill as many cells as their cover makes
//! together, those with the most cover first: what is missing in one cell is made good in a neighbour, streets stay open
//! where they are the emptiest, and nothing is left to chance. Blocks are aligned with the grid and the buffer is one
//! block wide, so that neighbouring tiles agree. A filled cell is of the group that covers the most of it.

use super::ground::Extent;
use super::outline::Raster;
use std::cmp::Reverse;

/// Cells are so many units wide, as a power of two.
pub(super) const CELL_BITS: u32 = 4;
/// Cells across the tile and its buffer.
pub(super) const ACROSS: usize = (4096 + 2 * BUFFER as usize) >> CELL_BITS;
/// Units of buffer.
pub(super) const BUFFER: i64 = 64;
/// Cells across a block; the coarsest cells are a block.
const BLOCK: usize = 4;
/// The cover of a full cell.
const FULL: u64 = 1 << 32;
/// A box with more cells than this in a direction is spread evenly.
const MAX_EXACT: i64 = 4;

/// The order in which blocks of a neighbourhood round up, so that what they round away is balanced (Bayer, 1973).
const BAYER: [[u64; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

/// How much of each cell is covered, by which group.
#[derive(Debug)]
pub(super) struct Fabric {
    /// Subunits to a unit, as a power of two.
    bits: u32,
    /// By group; none for groups that cover nothing.
    covers: Vec<Option<Cover>>,
}

/// How much of each cell is covered.
#[derive(Debug)]
struct Cover {
    cells: Vec<u64>,
    /// Boxes spread evenly, as differences along both axes; empty where there are none.
    spread: Vec<i64>,
}

impl Fabric {
    pub fn new(bits: u32) -> Self {
        Self {
            bits,
            covers: Vec::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.covers.is_empty()
    }

    /// Adds an area of a group that fills `share` 65536ths of its box. The order of adding makes no difference.
    pub fn add(&mut self, extent: Extent, share: u64, group: u8) {
        let group = usize::from(group);
        if self.covers.len() <= group {
            self.covers.resize_with(group + 1, || None);
        }
        let cover = self.covers[group].get_or_insert_with(Cover::new);
        let cell_bits = self.bits + CELL_BITS;
        let margin = BUFFER << self.bits;
        let (min, max) = (
            extent.min.map(|part| part + margin),
            extent.max.map(|part| part + margin),
        );
        let last = ACROSS as i64 - 1;
        let first_cell = min.map(|part| (part >> cell_bits).max(0));
        let last_cell = max.map(|part| ((part - 1) >> cell_bits).min(last));
        if first_cell[0] > last_cell[0] || first_cell[1] > last_cell[1] {
            return;
        }
        if [0, 1]
            .iter()
            .any(|&axis| last_cell[axis] - first_cell[axis] >= MAX_EXACT)
        {
            let cells = [0, 1].map(|axis| (((max[axis] - 1) >> cell_bits) - (min[axis] >> cell_bits) + 1) as u128);
            let area = [0, 1].map(|axis| (max[axis] - min[axis]) as u128);
            let amount = (u128::from(share) << 16) * area[0] * area[1] / ((cells[0] * cells[1]) << (2 * cell_bits));
            return cover.add_evenly(first_cell, last_cell, amount as i64);
        }
        let overlap = |axis: usize, cell: i64| {
            let (from, to) = (cell << cell_bits, (cell + 1) << cell_bits);
            (max[axis].min(to) - min[axis].max(from)) as u128
        };
        for y in first_cell[1]..=last_cell[1] {
            let height = overlap(1, y);
            for x in first_cell[0]..=last_cell[0] {
                let covered = (overlap(0, x) * height * u128::from(share)) << 16 >> (2 * cell_bits);
                let cell = &mut cover.cells[y as usize * ACROSS + x as usize];
                *cell = cell.saturating_add(covered as u64);
            }
        }
    }

    /// The cells that are filled, 2^`coarser` times as wide as usual; `corner` is the place of the first block in the
    /// grid, in blocks.
    pub fn filled(&self, corner: [u64; 2], coarser: u32) -> Raster {
        let across = ACROSS >> coarser;
        let block = BLOCK >> coarser;
        let (cover, groups) = self.sum(coarser);
        let mut filled = vec![0; across * across];
        let mut order = Vec::with_capacity(block * block);
        for block_y in 0..across / block {
            for block_x in 0..across / block {
                let cell = |at: usize| (block_y * block + at / block) * across + block_x * block + at % block;
                order.clear();
                order.extend((0..block * block).map(cell));
                let sum: u64 = order.iter().map(|&cell| cover[cell]).sum();
                let [column, row] = [(corner[0], block_x), (corner[1], block_y)]
                    .map(|(corner, block)| (corner.wrapping_add(block as u64) % 4) as usize);
                let rounding = FULL / 32 * (2 * BAYER[row][column] + 1);
                order.sort_unstable_by_key(|&cell| (Reverse(cover[cell]), cell));
                let count = ((sum + rounding) / FULL) as usize;
                order
                    .iter()
                    .take(count)
                    .for_each(|&cell| filled[cell] = groups[cell] + 1);
            }
        }
        Raster { across, filled }
    }

    /// The cover of all groups together of cells 2^`coarser` times as wide, [`FULL`] at most, and the group that has the
    /// most of each.
    fn sum(&self, coarser: u32) -> (Vec<u64>, Vec<u8>) {
        let across = ACROSS >> coarser;
        let (mut sum, mut groups) = (vec![0_u64; ACROSS * ACROSS], vec![0; across * across]);
        let mut most = vec![0; across * across];
        for (group, cover) in (0..).zip(&self.covers) {
            let Some(cover) = cover else { continue };
            let own = cover.summed();
            for (sum, own) in sum.iter_mut().zip(&own) {
                *sum = sum.saturating_add(*own).min(FULL);
            }
            for (cell, own) in coarse(&own, coarser).into_iter().enumerate() {
                if own > most[cell] {
                    (most[cell], groups[cell]) = (own, group);
                }
            }
        }
        (coarse(&sum, coarser), groups)
    }
}

impl Cover {
    fn new() -> Self {
        Self {
            cells: vec![0; ACROSS * ACROSS],
            spread: Vec::new(),
        }
    }

    fn add_evenly(&mut self, first: [i64; 2], last: [i64; 2], amount: i64) {
        self.spread.resize((ACROSS + 1) * (ACROSS + 1), 0);
        let (left, top) = (first[0] as usize, first[1] as usize);
        let (right, bottom) = (last[0] as usize + 1, last[1] as usize + 1);
        for (x, y, sign) in [(left, top, 1), (right, top, -1), (left, bottom, -1), (right, bottom, 1)] {
            let at = &mut self.spread[y * (ACROSS + 1) + x];
            *at = at.wrapping_add(sign * amount);
        }
    }

    /// All cover, [`FULL`] at most.
    fn summed(&self) -> Vec<u64> {
        let mut cover = self.cells.clone();
        if self.spread.is_empty() {
            cover.iter_mut().for_each(|cell| *cell = (*cell).min(FULL));
            return cover;
        }
        let mut above = [0_i64; ACROSS];
        for y in 0..ACROSS {
            let mut row = 0_i64;
            for x in 0..ACROSS {
                row = row.wrapping_add(self.spread[y * (ACROSS + 1) + x]);
                above[x] = above[x].wrapping_add(row);
                let cell = &mut cover[y * ACROSS + x];
                *cell = cell.saturating_add(above[x].max(0) as u64).min(FULL);
            }
        }
        cover
    }
}

/// The cover of cells 2^`coarser` times as wide as those of `fine`.
fn coarse(fine: &[u64], coarser: u32) -> Vec<u64> {
    let across = ACROSS >> coarser;
    let mut cover = vec![0; across * across];
    for (at, covered) in fine.iter().enumerate() {
        let [x, y] = [at % ACROSS, at / ACROSS].map(|part| part >> coarser);
        cover[y * across + x] += covered;
    }
    cover.iter_mut().for_each(|sum| *sum >>= 2 * coarser);
    cover
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(min: [i64; 2], max: [i64; 2]) -> Extent {
        Extent { min, max }
    }

    fn count(fabric: &Fabric) -> usize {
        fabric
            .filled([0, 0], 0)
            .filled
            .iter()
            .filter(|&&filled| filled > 0)
            .count()
    }

    #[test]
    fn many_small_areas_keep_their_sum() {
        let mut fabric = Fabric::new(4);
        // Squares of 5 × 5 units, in a lattice of 8 units: 25 / 64 of the ground.
        for y in 0..256 {
            for x in 0..256 {
                let min = [x * 128 + 7, y * 128 + 3];
                fabric.add(extent(min, min.map(|part| part + 80)), 65536, 0);
            }
        }
        let expected = 256.0 * 256.0 * 25.0 / 256.0;
        let share = count(&fabric) as f64 / expected;
        assert!((0.99..1.01).contains(&share), "{share}");
    }

    #[test]
    fn large_boxes_are_spread_and_those_outside_leave_nothing() {
        let mut fabric = Fabric::new(0);
        fabric.add(extent([-1000, -1000], [-100, 9000]), 65536, 0);
        assert_eq!(count(&fabric), 0);
        fabric.add(extent([0, 0], [4096, 4096]), 65536, 0);
        assert_eq!(count(&fabric), 256 * 256);
        fabric.add(extent([-9000, -9000], [9000, 9000]), 65536, 0);
        assert_eq!(count(&fabric), ACROSS * ACROSS);
    }

    #[test]
    fn cells_are_of_the_group_that_covers_the_most_of_them() {
        let mut fabric = Fabric::new(0);
        // The left half of group 2, the right half of group 1, under them a little of group 5 everywhere.
        fabric.add(extent([0, 0], [2048, 4096]), 40_000, 2);
        fabric.add(extent([2048, 0], [4096, 4096]), 40_000, 1);
        fabric.add(extent([0, 0], [4096, 4096]), 20_000, 5);
        for coarser in 0..3 {
            let raster = fabric.filled([0, 0], coarser);
            let of = |group: u8| raster.filled.iter().filter(|&&filled| filled == group + 1).count() << (2 * coarser);
            let share = |group: u8| of(group) as f64 / (256.0 * 128.0 * 60_000.0 / 65_536.0);
            // A coarsest cell alone rounds to sixteenths.
            let near = if coarser == 2 { 0.97..1.03 } else { 0.99..1.01 };
            assert!(near.contains(&share(1)) && near.contains(&share(2)), "{coarser}");
            assert_eq!(of(5) + of(0), 0);
        }
    }

    #[test]
    fn the_emptiest_cells_stay_open() {
        let mut fabric = Fabric::new(0);
        // A street two units wide along every fourth column of cells.
        for column in 0..64 {
            fabric.add(extent([column * 64, 0], [column * 64 + 48, 4096]), 65536, 0);
            fabric.add(extent([column * 64 + 62, 0], [column * 64 + 64, 4096]), 65536, 0);
        }
        let filled = fabric.filled([0, 0], 0).filled;
        let open = |cell: usize| (4..260).filter(|y| filled[y * ACROSS + 4 + cell] == 0).count();
        assert!(open(0) == 0 && open(1) == 0 && open(2) == 0 && open(3) > 200);
    }
}
