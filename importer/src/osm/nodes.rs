//! Where nodes are: 16 bytes each, of those only that are asked for.

use super::block::Place;
use rayon::slice::ParallelSliceMut;

/// A place that no node has: none was found.
const NOWHERE: Place = [i32::MIN; 2];
/// Every so many numbers are kept apart, few enough to stay near the processor.
const STEP: usize = 64;

/// The places of some nodes, by their numbers.
#[derive(Debug, Default)]
pub struct Nodes {
    ids: Vec<i64>,
    places: Vec<Place>,
    /// Every [`STEP`]th of `ids`.
    steps: Vec<i64>,
}

impl Nodes {
    /// Room for the nodes of these numbers, which may come in any order and more than once.
    pub fn wanted(mut ids: Vec<i64>) -> Self {
        ids.par_sort_unstable();
        ids.dedup();
        ids.shrink_to_fit();
        Self {
            places: vec![NOWHERE; ids.len()],
            steps: ids.iter().step_by(STEP).copied().collect(),
            ids,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Where a node's place is kept; none where it is not wanted. `near` is where the last one was.
    pub fn slot(&self, id: i64, near: usize) -> Option<usize> {
        // Most files have them in order.
        let next = near + 1;
        if self.ids.get(next) == Some(&id) {
            return Some(next);
        }
        if let (Some(before), Some(after)) = (self.ids.get(near), self.ids.get(next))
            && (before < &id && &id < after)
        {
            return None;
        }
        let step = self.steps.partition_point(|first| *first <= id).checked_sub(1)?;
        let start = step * STEP;
        let end = (start + STEP).min(self.ids.len());
        self.ids[start..end].binary_search(&id).ok().map(|at| start + at)
    }

    /// Keeps the place of a slot.
    pub fn put(&mut self, slot: usize, place: Place) {
        self.places[slot] = place;
    }

    /// Where a node is; none where the file does not have it.
    pub fn find(&self, id: i64, near: &mut usize) -> Option<Place> {
        let slot = self.slot(id, *near)?;
        *near = slot;
        Some(self.places[slot]).filter(|place| *place != NOWHERE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wanted_node_is_found_and_no_other() {
        let ids: Vec<i64> = (0..1000).map(|n| n * 7 - 300).rev().chain([0, 0]).collect();
        let mut nodes = Nodes::wanted(ids);
        for id in -400..7000 {
            for near in [0, 500, 998] {
                let slot = nodes.slot(id, near);
                let is_wanted = (id + 300) % 7 == 0 && (-300..=6693).contains(&id) || id == 0;
                assert_eq!(slot.is_some(), is_wanted, "{id}");
            }
            if let Some(slot) = nodes.slot(id, 0) {
                nodes.put(slot, [id as i32, 1]);
            }
        }
        let mut near = 0;
        assert_eq!(nodes.find(407, &mut near), Some([407, 1]));
        assert_eq!(nodes.find(408, &mut near), None);
        assert_eq!(Nodes::wanted(vec![5]).find(5, &mut 0), None);
        assert_eq!(Nodes::default().find(5, &mut 0), None);
    }
}
