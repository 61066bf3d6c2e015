//! Tiles of several layers within one budget.

use crate::{Drawn, LayerSnapshot};
use onemap_model::{Instant, TileCoord};

/// Appends several layers' parts of a tile, one after the other, that are at most `budget` bytes together. `part` appends
/// the layer of a number, with at most so many bytes.
///
/// Layers that fit together are as they are alone. Where they do not, the budget is divided evenly; what small layers leave
/// of their share goes to the others, and layers larger than their share are asked for again. So what is in a tile depends
/// on nothing but the layers' parts of this tile.
pub fn of_parts(
    layers: usize,
    budget: usize,
    out: &mut Vec<u8>,
    mut part: impl FnMut(usize, usize, &mut Vec<u8>) -> Drawn,
) -> Drawn {
    let start = out.len();
    let mut parts = Vec::with_capacity(layers);
    for at in 0..layers {
        let begin = out.len();
        let drawn = part(at, budget, out);
        parts.push((begin - start..out.len() - start, drawn));
    }
    let whole = out.len() - start;
    if whole > budget {
        let share = fair_share(parts.iter().map(|(bytes, _)| bytes.len()).collect(), budget);
        let whole = out.split_off(start);
        for (at, (bytes, drawn)) in parts.iter_mut().enumerate() {
            if bytes.len() <= share {
                out.extend_from_slice(&whole[bytes.clone()]);
            } else {
                *drawn = part(at, share, out);
            }
        }
    }
    parts.into_iter().map(|(_, drawn)| drawn).sum()
}

/// Appends what several layers have in a tile, within the largest of their budgets: see [`of_parts`].
pub fn tile<'a>(
    layers: impl IntoIterator<Item = &'a LayerSnapshot>,
    tile: TileCoord,
    now: Instant,
    out: &mut Vec<u8>,
) -> Drawn {
    let layers: Vec<&LayerSnapshot> = layers.into_iter().collect();
    of_parts(layers.len(), budget(layers.iter().copied()), out, |at, most, out| {
        layers[at].tile_within(most.min(layers[at].budget()), tile, now, |_| true, out)
    })
}

/// The bytes that these layers may have in a tile together.
pub fn budget<'a>(layers: impl IntoIterator<Item = &'a LayerSnapshot>) -> usize {
    layers.into_iter().map(LayerSnapshot::budget).max().unwrap_or(0)
}

/// The most that each may have so that they are at most `budget` together, if those that have less keep what they have.
fn fair_share(mut sizes: Vec<usize>, budget: usize) -> usize {
    sizes.sort_unstable();
    let (mut left, mut others) = (budget, sizes.len());
    for size in sizes {
        if size > left / others {
            return left / others;
        }
        left -= size;
        others -= 1;
    }
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_parts_stay_whole_and_large_ones_share_what_is_left() {
        assert_eq!(fair_share(vec![10, 20, 30], 60), usize::MAX);
        assert_eq!(fair_share(vec![100, 10, 100], 110), 50);
        assert_eq!(fair_share(vec![100, 100], 99), 49);
        assert_eq!(fair_share(vec![5, 5], 0), 0);
    }

    #[test]
    fn only_parts_that_are_too_large_are_asked_for_again() {
        let sizes = [10, 300, 40, 500];
        let (mut asked, mut out) = (Vec::new(), vec![9]);
        let drawn = of_parts(sizes.len(), 250, &mut out, |at, most, out| {
            asked.push((at, most));
            let size = sizes[at].min(most);
            out.extend(std::iter::repeat_n(at as u8, size));
            Drawn {
                met: sizes[at],
                left_out: sizes[at] - size,
                ..Drawn::default()
            }
        });
        assert_eq!(asked, [(0, 250), (1, 250), (2, 250), (3, 250), (1, 100), (3, 100)]);
        assert_eq!((drawn.met, drawn.left_out), (850, 600));
        let runs: Vec<usize> = out.chunk_by(|a, b| a == b).map(<[u8]>::len).collect();
        assert_eq!(runs, [1, 10, 100, 40, 100]);
    }
}
