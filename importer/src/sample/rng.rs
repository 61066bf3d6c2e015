//! A small random generator of our own, so that the stream of numbers never changes with a crate's version.
//!
//! SplitMix64 (Steele, Lea, Flood 2014). Every part of the city has its own stream, seeded by what it is.

/// A stream of pseudo-random numbers.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

/// What a stream is for: the first part of every seed, so that streams of different use never meet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    /// Where the lattice's lines lie.
    Lines = 1,
    /// The order in which quarters are built.
    Growth,
    /// What a quarter is.
    Quarter,
    /// The streets inside a quarter.
    Streets,
    /// What a block is.
    Block,
    /// How a block is divided.
    Divide,
    /// What stands on a parcel.
    Buildings,
    /// What can be found on a parcel.
    Pois,
}

impl Rng {
    /// The stream of this use for the thing at `(a, b, c)`.
    pub(super) fn new(stream: Stream, a: i32, b: i32, c: u32) -> Self {
        let parts = [stream as u64, a as u32 as u64, b as u32 as u64, u64::from(c)];
        Self(
            parts
                .into_iter()
                .fold(0x6f6e_656d_6170, |seed, part| mix(seed ^ mix(part))),
        )
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number from 0 (included) to 1 (excluded).
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number from `low` (included) to `high` (excluded).
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// An integer from 0 (included) to `end` (excluded); `end` is not 0.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u32
    }

    /// True in this share of all cases.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// One of `items`, which are not empty.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u32) as usize]
    }
}

fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_for_ever() {
        let mut rng = Rng::new(Stream::Lines, -1, 2, 3);
        let first: Vec<u32> = (0..4).map(|_| rng.below(1000)).collect();
        assert_eq!(first, GOLDEN);
    }

    const GOLDEN: [u32; 4] = [168, 960, 280, 635];

    #[test]
    fn numbers_stay_in_their_ranges_and_fill_them() {
        let mut rng = Rng::new(Stream::Block, 0, 0, 0);
        let mut seen = [0u32; 10];
        for _ in 0..10_000 {
            let n = rng.between(5.0, 6.0);
            assert!((5.0..6.0).contains(&n));
            seen[rng.below(10) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| (800..1200).contains(&n)), "{seen:?}");
    }
}
