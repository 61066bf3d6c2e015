//! The tile engine beside its peers: Martin on PostGIS, a bare hyper server, tippecanoe; and a server under mixed load.
//!
//! Everything that is compared runs in one go on one machine, in short rounds one after the other, so that what else the
//! machine does falls on all alike. What takes long to prepare is kept in a folder and used again.

pub mod bare;
pub mod city;
pub mod edits;
pub mod export;
pub mod load;
pub mod martin;
pub mod mixed;
pub mod paths;
pub mod report;
pub mod restart;
pub mod serving;
pub mod wrk;

/// The value in the middle; 0 where there is none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

/// A small generator of numbers that look random and are the same in every run (SplitMix64).
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    /// Brings `values` into another order.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            values.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_and_dice_keep_what_they_shuffle() {
        assert!((median(&[9.0, 1.0, 5.0]) - 5.0).abs() < f64::EPSILON && median(&[]) == 0.0);
        let mut values: Vec<u32> = (0..100).collect();
        Dice(1).shuffle(&mut values);
        assert_ne!(values, (0..100).collect::<Vec<_>>());
        values.sort_unstable();
        assert_eq!(values, (0..100).collect::<Vec<_>>());
    }
}
