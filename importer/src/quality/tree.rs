//! A packed R-tree over boxes (sort-tile-recursive, Leutenegger 1997), built once: 8 bytes an entry beside the boxes.

use rayon::prelude::*;

/// Children of a node.
const NODE: usize = 16;

/// A box and its number.
type Entry = ([f64; 4], u32);

/// A packed R-tree.
#[derive(Debug)]
pub struct Tree {
    /// The entries in the order of the leaves: their box, and their number.
    leaves: Vec<Entry>,
    /// The boxes of the nodes above, level by level: each holds the next [`NODE`] of the level below.
    levels: Vec<Vec<[f64; 4]>>,
}

impl Tree {
    /// Builds the tree over boxes, which are called by their place in the slice. O(n log n).
    pub fn new(boxes: &[[f64; 4]]) -> Self {
        let numbered = boxes.iter().enumerate().map(|(number, bbox)| (*bbox, number as u32));
        let mut leaves: Vec<Entry> = numbered.collect();
        let slices = (leaves.len().div_ceil(NODE) as f64).sqrt().ceil() as usize;
        let slice = (slices * NODE).max(1);
        let middle = |bbox: &[f64; 4], axis: usize| bbox[axis] / 2.0 + bbox[axis + 2] / 2.0;
        leaves.sort_unstable_by(|a, b| middle(&a.0, 0).total_cmp(&middle(&b.0, 0)).then(a.1.cmp(&b.1)));
        for part in leaves.chunks_mut(slice) {
            part.sort_unstable_by(|a, b| middle(&a.0, 1).total_cmp(&middle(&b.0, 1)).then(a.1.cmp(&b.1)));
        }
        let mut levels: Vec<Vec<[f64; 4]>> = Vec::new();
        let mut level: Vec<[f64; 4]> = leaves
            .chunks(NODE)
            .map(|part| union(part.iter().map(|l| l.0)))
            .collect();
        while level.len() > 1 {
            let above = level.chunks(NODE).map(|part| union(part.iter().copied())).collect();
            levels.push(std::mem::replace(&mut level, above));
        }
        levels.push(level);
        Self { leaves, levels }
    }

    /// Hands out the numbers of all boxes that meet `window`, borders included.
    pub fn query(&self, window: &[f64; 4], mut each: impl FnMut(usize)) {
        self.visit(window, |entry| each(entry.1 as usize));
    }

    fn visit(&self, window: &[f64; 4], mut each: impl FnMut(&Entry)) {
        let mut open: Vec<(usize, usize)> = Vec::new();
        let top = self.levels.len() - 1;
        open.extend((0..self.levels[top].len()).map(|node| (top, node)));
        while let Some((level, node)) = open.pop() {
            if !meet(&self.levels[level][node], window) {
                continue;
            }
            let children = |count: usize| node * NODE..((node + 1) * NODE).min(count);
            if level > 0 {
                open.extend(children(self.levels[level - 1].len()).map(|child| (level - 1, child)));
            } else {
                let leaf = &self.leaves[children(self.leaves.len())];
                leaf.iter().filter(|entry| meet(&entry.0, window)).for_each(&mut each);
            }
        }
    }

    /// Gathers what `judge` finds of each box, by its number and the numbers of those that meet it, borders included and
    /// itself left out. All cores take part; where `is_over` is true, what is left is left out.
    pub fn of_neighbours<T: Send>(
        &self,
        is_over: impl Fn() -> bool + Sync,
        judge: impl Fn(usize, &[usize], &mut Vec<T>) + Sync,
    ) -> Vec<T> {
        // The boxes of a leaf have much the same neighbours: these are looked for once.
        let of_leaf = |leaf: &[Entry]| {
            let (mut around, mut neighbours, mut found) = (Vec::new(), Vec::new(), Vec::new());
            if is_over() {
                return found;
            }
            self.visit(&union(leaf.iter().map(|entry| entry.0)), |entry| around.push(*entry));
            for (bbox, number) in leaf {
                let meeting = around.iter().filter(|other| other.1 != *number && meet(&other.0, bbox));
                neighbours.clear();
                neighbours.extend(meeting.map(|other| other.1 as usize));
                judge(*number as usize, &neighbours, &mut found);
            }
            found
        };
        self.leaves.par_chunks(NODE).flat_map_iter(of_leaf).collect()
    }
}

/// Whether two boxes meet, borders included.
pub fn meet(a: &[f64; 4], b: &[f64; 4]) -> bool {
    a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3]
}

fn union(boxes: impl Iterator<Item = [f64; 4]>) -> [f64; 4] {
    let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    boxes.fold(start, |a, b| {
        [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_gives_what_looking_at_all_gives() {
        let place = |i: usize, k: usize| ((i * 7919 + k * 104_729) % 1009) as f64;
        for count in [0, 1, 16, 17, 300, 2_000] {
            let boxes: Vec<[f64; 4]> = (0..count)
                .map(|i| {
                    [
                        place(i, 0),
                        place(i, 1),
                        place(i, 0) + place(i, 2) / 20.0,
                        place(i, 1) + 9.0,
                    ]
                })
                .collect();
            let tree = Tree::new(&boxes);
            for window in [
                [0.0, 0.0, 2e3, 2e3],
                [100.0, 100.0, 140.0, 180.0],
                [-5.0, -5.0, -1.0, -1.0],
            ] {
                let mut found = Vec::new();
                tree.query(&window, |number| found.push(number));
                found.sort_unstable();
                let expected: Vec<usize> = (0..count).filter(|i| meet(&boxes[*i], &window)).collect();
                assert_eq!(found, expected, "{count} {window:?}");
            }
            let mut pairs = tree.of_neighbours(
                || false,
                |a, others, found| found.extend(others.iter().map(|b| (a, *b))),
            );
            pairs.sort_unstable();
            let every = (0..count).flat_map(|a| (0..count).map(move |b| (a, b)));
            let expected: Vec<(usize, usize)> = every.filter(|(a, b)| a != b && meet(&boxes[*a], &boxes[*b])).collect();
            assert_eq!(pairs, expected, "{count}");
        }
    }
}
