//! Which points are left when only one to a square is shown.
//!
//! Squares are of 2^k units, each of four of the next smaller size, and a point that wins a square has won the smaller
//! one that it is in. So what is left at a size is left at all smaller ones, and what shows at a zoom still shows at the
//! next, where the same square of the ground is twice as many units wide.

/// The smallest squares, as a power of two.
pub(super) const MIN_BITS: u32 = 4;
/// The largest: a tile is one.
pub(super) const MAX_BITS: u32 = 12;
/// Squares up to this size fit into the tile's buffer; of larger ones those in the tile alone are seen whole.
const BUFFER_BITS: u32 = 6;

/// A point in units of the tile. Of two the one with the lower rank wins; no two have the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contestant {
    pub at: [i64; 2],
    pub rank: [u64; 3],
}

/// For each point the size, as a power of two, of the largest square that it wins; 0 where it wins none.
pub(super) fn victories(points: &[Contestant]) -> Vec<u8> {
    let mut won = vec![0; points.len()];
    let mut left: Vec<u32> = (0..points.len() as u32).collect();
    for bits in MIN_BITS..=MAX_BITS {
        let margin = if bits <= BUFFER_BITS { 1 << BUFFER_BITS } else { 0 };
        let across = ((1 << MAX_BITS) + 2 * margin) >> bits;
        let mut winners: Vec<Option<u32>> = vec![None; (across * across) as usize];
        for &point in &left {
            let [x, y] = points[point as usize].at.map(|part| (part + margin) >> bits);
            if !(0..across).contains(&x) || !(0..across).contains(&y) {
                continue;
            }
            let winner = &mut winners[(y * across + x) as usize];
            let is_better = |&other: &u32| points[point as usize].rank < points[other as usize].rank;
            if winner.as_ref().is_none_or(is_better) {
                *winner = Some(point);
            }
        }
        left.clear();
        left.extend(winners.into_iter().flatten());
        left.iter().for_each(|&point| won[point as usize] = bits as u8);
    }
    won
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_winner_of_a_square_has_won_the_smaller_ones() {
        let point = |x, y, rank| Contestant {
            at: [x, y],
            rank: [rank, 0, 0],
        };
        let points = [
            point(0, 0, 5),
            point(15, 15, 4),
            point(16, 0, 3),
            point(4095, 4095, 2),
            point(-1, 100, 1),
            point(-65, 0, 0),
            point(4160, 0, 0),
        ];
        assert_eq!(victories(&points), [0, 4, 11, 12, 6, 0, 0]);
    }
}
