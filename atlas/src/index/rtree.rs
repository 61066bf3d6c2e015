//! A packed, static R-tree over boxes that are already in Hilbert order.
//!
//! Sixteen boxes make one of the level above, by position alone: nothing but boxes is stored, 17 bytes an entry.
//! Building is one pass; a query visits only nodes that meet it and takes whole subtrees that lie inside it.

use crate::shelf::Shelf;
use crate::world::WorldBox;
use std::ops::Range;

const BRANCHING: usize = 16;

/// The tree. Entries are known by their place in the order they were given in.
#[derive(Debug, Default)]
pub(crate) struct RTree {
    /// All levels one after the other, entries first, the topmost last.
    pub(crate) boxes: Shelf<WorldBox>,
    /// Where each level begins in `boxes`, and the end.
    levels: Vec<usize>,
}

/// A node by its level, entries being level 0, and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Node {
    level: u8,
    at: u32,
}

/// What [`RTree::split`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// Entries whose boxes lie inside.
    Inside(Range<u32>),
    /// An entry whose box meets the outer box.
    OnEdge(u32),
}

impl Found {
    /// How many entries these are.
    pub fn len(&self) -> usize {
        match self {
            Self::Inside(run) => run.len(),
            Self::OnEdge(_) => 1,
        }
    }
}

impl Node {
    /// The place of the entry that it is; none for a node above entries.
    pub fn entry(self) -> Option<u32> {
        (self.level == 0).then_some(self.at)
    }
}

impl RTree {
    /// Makes the tree over `entries`. Any order is correct; Hilbert order is fast.
    pub fn build(entries: Vec<WorldBox>) -> Self {
        let mut levels = vec![0, entries.len()];
        let mut boxes = entries;
        let mut below = 0..boxes.len();
        while below.len() > BRANCHING {
            for start in below.clone().step_by(BRANCHING) {
                let group = &boxes[start..below.end.min(start + BRANCHING)];
                let around = group.iter().fold(WorldBox::NOTHING, |sum, &one| sum.union(one));
                boxes.push(around);
            }
            below = below.end..boxes.len();
            levels.push(boxes.len());
        }
        boxes.shrink_to_fit();
        Self {
            boxes: boxes.into(),
            levels,
        }
    }

    /// The tree of `count` entries that [`RTree::build`] made `boxes` for; none where that many would have others.
    pub fn of_boxes(boxes: Shelf<WorldBox>, count: usize) -> Option<Self> {
        let mut levels = vec![0, count];
        let (mut below, mut end) = (count, count);
        while below > BRANCHING {
            below = below.div_ceil(BRANCHING);
            end += below;
            levels.push(end);
        }
        (end == boxes.len()).then_some(Self { boxes, levels })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.levels.get(1).copied().unwrap_or(0)
    }

    /// The box of an entry.
    pub fn entry(&self, at: usize) -> &WorldBox {
        &self.boxes[..self.len()][at]
    }

    /// The nodes at the top, with their boxes.
    pub fn roots(&self) -> impl Iterator<Item = (Node, &WorldBox)> {
        let top = (self.levels.len().saturating_sub(2)) as u8;
        let count = if self.len() > 0 {
            self.level(usize::from(top)).len()
        } else {
            0
        };
        self.nodes(top, 0..count)
    }

    /// The nodes below one, with their boxes; none below an entry.
    pub fn children(&self, node: Node) -> impl Iterator<Item = (Node, &WorldBox)> {
        let (level, below) = match node.level.checked_sub(1) {
            None => (0, 0..0),
            Some(level) => {
                let at = node.at as usize;
                let end = ((at + 1) * BRANCHING).min(self.level(usize::from(level)).len());
                (level, at * BRANCHING..end)
            }
        };
        self.nodes(level, below)
    }

    fn nodes(&self, level: u8, range: Range<usize>) -> impl Iterator<Item = (Node, &WorldBox)> {
        let start = range.start as u32;
        let boxes = if range.is_empty() {
            &[]
        } else {
            &self.level(usize::from(level))[range]
        };
        (start..).map(move |at| Node { level, at }).zip(boxes)
    }

    /// Appends the places of all entries that meet `query` to `hits`, ascending.
    pub fn search(&self, query: &WorldBox, hits: &mut Vec<u32>) {
        if self.len() > 0 {
            let top = self.levels.len() - 2;
            self.search_nodes(top, 0..self.level(top).len(), query, hits);
        }
    }

    /// Hands the places of all entries that meet `outer` to `each`, ascending: those below a node that lies in `inner`
    /// as one run, the others one by one. `inner` lies in `outer`.
    pub fn split(&self, outer: &WorldBox, inner: &WorldBox, each: &mut impl FnMut(Found)) {
        if self.len() > 0 {
            let top = self.levels.len() - 2;
            self.split_nodes(top, 0..self.level(top).len(), (outer, inner), each);
        }
    }

    /// Hands the places of all entries that meet `query` to `each`, ascending and in runs, for as long as it wants more.
    /// Whether it did to the end.
    pub fn search_while(&self, query: &WorldBox, each: &mut impl FnMut(Range<u32>) -> bool) -> bool {
        self.len() == 0 || {
            let top = self.levels.len() - 2;
            self.search_nodes_while(top, 0..self.level(top).len(), query, each)
        }
    }

    /// Whether any entry meets `query`.
    pub fn meets(&self, query: &WorldBox) -> bool {
        self.len() > 0 && {
            let top = self.levels.len() - 2;
            self.meets_nodes(top, 0..self.level(top).len(), query)
        }
    }

    /// How many entries meet `query`.
    pub fn count(&self, query: &WorldBox) -> usize {
        let mut count = 0;
        self.split(query, query, &mut |found| count += found.len());
        count
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.boxes.bytes() + self.levels.capacity() * size_of::<usize>()
    }

    /// Recursion is as deep as the tree is high: eight levels hold 2^32 entries.
    fn search_nodes(&self, level: usize, nodes: Range<usize>, query: &WorldBox, hits: &mut Vec<u32>) {
        let first = nodes.start;
        let hit = |(at, node): (usize, &WorldBox)| query.intersects(node).then_some((first + at, *node));
        for (at, node) in self.level(level)[nodes].iter().enumerate().filter_map(hit) {
            if level == 0 {
                hits.push(at as u32);
            } else if query.contains(&node) {
                hits.extend(self.entries_below(level, at));
            } else {
                let children = at * BRANCHING..((at + 1) * BRANCHING).min(self.level(level - 1).len());
                self.search_nodes(level - 1, children, query, hits);
            }
        }
    }

    fn split_nodes(
        &self,
        level: usize,
        nodes: Range<usize>,
        (outer, inner): (&WorldBox, &WorldBox),
        each: &mut impl FnMut(Found),
    ) {
        let first = nodes.start;
        for (at, node) in (first..).zip(&self.level(level)[nodes]) {
            if inner.contains(node) {
                each(Found::Inside(self.entries_below(level, at)));
            } else if outer.intersects(node) && level == 0 {
                each(Found::OnEdge(at as u32));
            } else if outer.intersects(node) {
                let children = at * BRANCHING..((at + 1) * BRANCHING).min(self.level(level - 1).len());
                self.split_nodes(level - 1, children, (outer, inner), each);
            }
        }
    }

    fn search_nodes_while(
        &self,
        level: usize,
        nodes: Range<usize>,
        query: &WorldBox,
        each: &mut impl FnMut(Range<u32>) -> bool,
    ) -> bool {
        let first = nodes.start;
        let mut found = (first..).zip(&self.level(level)[nodes]);
        found.all(|(at, node)| {
            if !query.intersects(node) {
                true
            } else if level == 0 || query.contains(node) {
                each(self.entries_below(level, at))
            } else {
                let children = at * BRANCHING..((at + 1) * BRANCHING).min(self.level(level - 1).len());
                self.search_nodes_while(level - 1, children, query, each)
            }
        })
    }

    fn meets_nodes(&self, level: usize, nodes: Range<usize>, query: &WorldBox) -> bool {
        let first = nodes.start;
        self.level(level)[nodes].iter().enumerate().any(|(at, node)| {
            // A box is exactly that around its entries: where all of it is inside, so are they.
            query.intersects(node)
                && (level == 0 || query.contains(node) || {
                    let at = first + at;
                    let children = at * BRANCHING..((at + 1) * BRANCHING).min(self.level(level - 1).len());
                    self.meets_nodes(level - 1, children, query)
                })
        })
    }

    fn level(&self, level: usize) -> &[WorldBox] {
        &self.boxes[self.levels[level]..self.levels[level + 1]]
    }

    fn entries_below(&self, level: usize, node: usize) -> Range<u32> {
        let share = BRANCHING.pow(level as u32);
        (node * share) as u32..((node + 1) * share).min(self.len()) as u32
    }

    /// Checks that every box is exactly that around its children, and that the levels are complete.
    #[cfg(test)]
    fn check(&self) {
        for level in 1..self.levels.len() - 1 {
            let (nodes, below) = (self.level(level), self.level(level - 1));
            assert_eq!(nodes.len(), below.len().div_ceil(BRANCHING));
            for (node, children) in nodes.iter().zip(below.chunks(BRANCHING)) {
                let around = children.iter().fold(WorldBox::NOTHING, |sum, &one| sum.union(one));
                assert_eq!(*node, around);
            }
        }
        assert!(self.level(self.levels.len() - 2).len() <= BRANCHING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;
    use proptest::prelude::*;

    fn arb_box(side: i32) -> impl Strategy<Value = WorldBox> {
        let edge = prop_oneof![
            8 => -1000..1000_i32,
            1 => Just(i32::MIN),
            1 => Just(i32::MAX),
        ];
        (edge.clone(), edge, 0..side, 0..side).prop_map(|(x, y, width, height)| WorldBox {
            min: World { x, y },
            max: World {
                x: x.saturating_add(width),
                y: y.saturating_add(height),
            },
        })
    }

    proptest! {
        #[test]
        fn a_search_finds_what_a_scan_finds(
            entries in prop::collection::vec(arb_box(100), 0..700),
            query in arb_box(2000),
        ) {
            let tree = RTree::build(entries.clone());
            tree.check();
            let scan: Vec<u32> = (0..).zip(&entries).filter(|(_, one)| one.intersects(&query)).map(|(at, _)| at).collect();
            let mut hits = Vec::new();
            tree.search(&query, &mut hits);
            prop_assert_eq!(tree.meets(&query), !scan.is_empty());
            prop_assert_eq!(&hits, &scan);

            let (mut runs, mut asked) = (Vec::new(), 0);
            let wanted = scan.len() / 2;
            let to_the_end = tree.search_while(&query, &mut |run| {
                runs.extend(run);
                asked += 1;
                runs.len() <= wanted
            });
            prop_assert_eq!(to_the_end, scan.len() <= wanted);
            prop_assert!(runs.len() > wanted || runs.len() == scan.len());
            prop_assert!(scan.starts_with(&runs));
            prop_assert!(asked <= runs.len());
        }
    }

    proptest! {
        #[test]
        fn what_is_found_inside_or_on_the_edge_is_what_a_search_finds(
            entries in prop::collection::vec(arb_box(100), 0..700),
            outer in arb_box(2000),
            margin in 0..200_i32,
        ) {
            let (tree, inner) = (RTree::build(entries.clone()), outer.widened(-margin));
            let mut found = Vec::new();
            let mut are_inside = true;
            tree.split(&outer, &inner, &mut |one| match one {
                Found::Inside(run) => {
                    are_inside &= run.clone().all(|at| outer.contains(&entries[at as usize]));
                    found.extend(run);
                }
                Found::OnEdge(at) => found.push(at),
            });
            let mut hits = Vec::new();
            tree.search(&outer, &mut hits);
            prop_assert_eq!(tree.count(&outer), hits.len());
            prop_assert_eq!(found, hits);
            prop_assert!(are_inside);
        }
    }

    #[test]
    fn levels_are_exact_where_counts_are_powers_of_the_branching() {
        for count in [0, 1, 15, 16, 17, 255, 256, 257, 4096, 4097] {
            let one = |at: i32| WorldBox {
                min: World { x: at, y: at },
                max: World { x: at, y: at },
            };
            let tree = RTree::build((0..count).map(one).collect());
            tree.check();
            let mut hits = Vec::new();
            tree.search(&one(0).union(one(i32::MAX)), &mut hits);
            assert_eq!(hits.len(), count as usize);
        }
    }
}
