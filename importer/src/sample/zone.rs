//! What quarters and blocks are: their use decides how finely they are divided and what stands there.

use super::rng::{Rng, Stream};

/// What a quarter is, from the centre outward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuarterKind {
    Core,
    Urban,
    Industrial,
    Suburb,
    Rural,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockKind {
    Commerce,
    OldTown,
    Homes,
    Estates,
    Public,
    Park,
    Industry,
    Storage,
    Village,
    Fields,
    Orchard,
    Forest,
    Pond,
}

/// The way a block is cut into parcels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Two rows back to back, each parcel on a street.
    Rows,
    /// Halved again and again.
    Halves,
}

impl QuarterKind {
    /// The kind of a quarter at `distance` from the centre, in parts of the built-up city's radius.
    pub(super) fn at(a: i32, b: i32, distance: f64) -> Self {
        let mut rng = Rng::new(Stream::Quarter, a, b, 0);
        // Neighbours agree more often than not: works stand together.
        let works = Rng::new(Stream::Quarter, a.div_euclid(2), b.div_euclid(2), 1).unit();
        let ragged = distance + rng.between(-0.06, 0.06);
        match ragged {
            d if d < 0.24 => Self::Core,
            d if d > 0.34 && d < 0.80 && works < 0.20 => Self::Industrial,
            d if d < 0.62 => Self::Urban,
            d if d < 0.80 => Self::Suburb,
            _ => Self::Rural,
        }
    }

    /// The area that its blocks should have, m².
    pub(super) fn block_m2(self) -> f64 {
        match self {
            Self::Core => 11_000.0,
            Self::Urban => 17_000.0,
            Self::Industrial => 45_000.0,
            Self::Suburb => 24_000.0,
            Self::Rural => 55_000.0,
        }
    }

    /// The kind of one of its blocks.
    pub(super) fn block(self, rng: &mut Rng) -> BlockKind {
        use BlockKind::*;
        let shares: &[(f64, BlockKind)] = match self {
            Self::Core => &[
                (0.36, Commerce),
                (0.28, OldTown),
                (0.2, Homes),
                (0.09, Public),
                (0.07, Park),
            ],
            Self::Urban => &[
                (0.12, Commerce),
                (0.12, OldTown),
                (0.42, Homes),
                (0.18, Estates),
                (0.1, Public),
                (0.06, Park),
            ],
            Self::Industrial => &[
                (0.66, Industry),
                (0.2, Storage),
                (0.07, Homes),
                (0.04, Public),
                (0.03, Park),
            ],
            Self::Suburb => &[
                (0.4, Homes),
                (0.22, Estates),
                (0.12, Village),
                (0.08, Industry),
                (0.08, Public),
                (0.05, Park),
                (0.05, Orchard),
            ],
            Self::Rural => &[
                (0.2, Village),
                (0.5, Fields),
                (0.1, Orchard),
                (0.12, Forest),
                (0.08, Pond),
            ],
        };
        let mut at = rng.unit();
        for &(share, kind) in shares {
            if at < share {
                return kind;
            }
            at -= share;
        }
        shares[0].1
    }
}

impl BlockKind {
    /// The mean area of its parcels, m².
    pub(super) fn parcel_m2(self) -> f64 {
        match self {
            Self::Commerce => 780.0,
            Self::OldTown => 420.0,
            Self::Homes => 950.0,
            Self::Estates => 3_200.0,
            Self::Public => 3_800.0,
            Self::Park => 30_000.0,
            Self::Industry => 4_600.0,
            Self::Storage => 3_600.0,
            Self::Village => 520.0,
            Self::Fields => 5_200.0,
            Self::Orchard => 6_500.0,
            Self::Forest => 16_000.0,
            Self::Pond => f64::INFINITY,
        }
    }

    /// How it is cut.
    pub(super) fn pattern(self) -> Pattern {
        match self {
            Self::Commerce | Self::OldTown | Self::Homes | Self::Storage | Self::Fields => Pattern::Rows,
            _ => Pattern::Halves,
        }
    }

    /// Land use by GB/T 21010, second level, of one of its parcels.
    pub(super) fn land_use(self, rng: &mut Rng) -> &'static str {
        let uses: &[&'static str] = match self {
            Self::Commerce => &[
                "0501", "0501", "0501", "0501", "0505", "0505", "0503", "0503", "0504", "0507",
            ],
            Self::OldTown => &["0701", "0701", "0701", "0701", "0501", "0503"],
            Self::Homes => &["0701", "0701", "0701", "0701", "0701", "0701", "0701", "0501", "0806"],
            Self::Estates => &["0701"],
            Self::Public => &["0803", "0803", "0805", "0801", "0807", "0808", "0804", "0806", "0809"],
            Self::Park => &["0810"],
            Self::Industry => &["0601"],
            Self::Storage => &["0604", "0604", "0502", "1005"],
            Self::Village => &["0702"],
            Self::Fields => &["0101", "0101", "0103", "0102"],
            Self::Orchard => &["0201", "0201", "0202"],
            Self::Forest => &["0301", "0301", "0305", "0307"],
            Self::Pond => &["1104"],
        };
        uses[rng.below(uses.len() as u32) as usize]
    }
}
