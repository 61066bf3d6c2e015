//! Which segments should become one, so that there are always few and no feature is packed again often.
//!
//! Segments are of classes by what is left in them, each four times as large as the one before. Where four of a class
//! have come together they become one of the next: a layer of a million features has some ten segments, and a change is
//! packed once for each class that it passes. This is how log-structured merge trees are kept.

/// So many segments of a class become one.
const FAN_OUT: usize = 4;

/// Segments with fewer features than this are of the lowest class.
const SMALLEST: usize = 16;

/// What changed since the largest segment was packed may be this much before everything becomes one again, or a
/// twentieth of the layer where that is more.
const MOST_CHANGES: usize = 20_000;

/// What counts of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Features left in it.
    pub left: usize,
    /// Features taken from it.
    pub gone: usize,
}

/// The places of segments of one class that should become one: the lowest class that has enough.
pub(crate) fn same_class(sizes: &[Size]) -> Option<Vec<usize>> {
    let highest = sizes.iter().map(class).max()?;
    let of_class = |wanted: u32| -> Vec<usize> {
        let places = sizes.iter().enumerate().filter(|(_, size)| class(size) == wanted);
        places.map(|(at, _)| at).collect()
    };
    (0..=highest).map(of_class).find(|places| places.len() >= FAN_OUT)
}

/// Whether so much changed since the largest segment was packed that everything should become one.
pub(crate) fn everything(sizes: &[Size]) -> bool {
    let left: usize = sizes.iter().map(|size| size.left).sum();
    let gone: usize = sizes.iter().map(|size| size.gone).sum();
    let largest = sizes.iter().map(|size| size.left).max().unwrap_or(0);
    left - largest + gone > MOST_CHANGES.max(left / 20)
}

fn class(size: &Size) -> u32 {
    (size.left / SMALLEST)
        .checked_ilog(FAN_OUT)
        .map_or(0, |class| class + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(left: &[usize]) -> Vec<Size> {
        left.iter().map(|&left| Size { left, gone: 0 }).collect()
    }

    #[test]
    fn four_of_a_class_become_one() {
        let check = |left: &[usize], expected: Option<&[usize]>| {
            assert_eq!(same_class(&sizes(left)).as_deref(), expected, "{left:?}");
        };
        check(&[], None);
        check(&[1_000_000, 15, 1, 1], None);
        check(&[1_000_000, 15, 1, 1, 1], Some(&[1, 2, 3, 4]));
        check(&[1_000_000, 16, 63, 1, 1, 20, 1], None);
        check(&[63, 1, 16, 64, 17, 18], Some(&[0, 2, 4, 5]));
        check(&[900_000, 1_000_000, 800_000, 700_000], Some(&[0, 1, 2, 3]));
    }

    #[test]
    fn one_change_at_a_time_leaves_few_segments_and_packs_little() {
        let (mut all, mut packed, mut most) = (vec![1_000_000], 0, 0);
        for _ in 0..50_000 {
            all.push(1);
            while let Some(places) = same_class(&sizes(&all)) {
                let sum: usize = places.iter().map(|&at| all[at]).sum();
                for &at in places.iter().rev() {
                    all.remove(at);
                }
                all.push(sum);
                packed += sum;
            }
            most = most.max(all.len());
        }
        assert!(most <= 24, "{most} segments");
        assert!(packed < 50_000 * 14, "{packed} packed");
    }

    #[test]
    fn much_change_makes_everything_one() {
        let check = |left: &[usize], gone: usize, expected: bool| {
            let mut sizes = sizes(left);
            sizes[0].gone = gone;
            assert_eq!(everything(&sizes), expected, "{left:?} {gone}");
        };
        check(&[100_000, 10_000], 10_000, false);
        check(&[100_000, 10_000], 10_001, true);
        check(&[1_000_000, 10_000], 30_000, false);
        check(&[1_000_000, 10_000], 40_501, true);
        check(&[5], 20_001, true);
        assert!(!everything(&[]));
    }
}
