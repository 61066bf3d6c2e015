//! When each tile was last touched by a change: what decides whether a tile that was just rendered may still be kept, and
//! whether a tag from before is still good without rendering.
//!
//! Kept for each layer and zoom down to [`MAP_ZOOM`]; a deeper tile counts as touched when the one it lies in was. Where
//! it would grow beyond its bound, it forgets, and what it forgot counts as touched: it errs only towards work.

use crate::published::TouchedLayer;
use crate::touched::{MAP_ZOOM, Touched};
use onemap_model::{TileCoord, TileMatrixSet};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// The most tiles kept of one zoom of one layer.
const MAX_CELLS: usize = 1 << 15;
/// A change in more tiles of one zoom than this touches the whole zoom.
const MAX_NOTED: u64 = 1 << 12;

/// A moment at which something was touched; the later of two is later in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Touch {
    /// The number of the publication that showed it first; see [`crate::published::Published`].
    sequence: u64,
    /// Tags of versions before this one are void.
    version: u64,
}

/// When the tiles of each layer were last touched.
#[derive(Debug, Default)]
pub(crate) struct TouchMap(RwLock<HashMap<String, LayerTouches>>);

#[derive(Debug)]
struct LayerTouches {
    floor: Touch,
    zooms: HashMap<(TileMatrixSet, u8), ZoomTouches>,
}

#[derive(Debug, Default)]
struct ZoomTouches {
    floor: Touch,
    cells: HashMap<(u32, u32), Touch>,
}

impl Touch {
    fn or_later(self, other: Self) -> Self {
        Self {
            sequence: self.sequence.max(other.sequence),
            version: self.version.max(other.version),
        }
    }
}

impl TouchMap {
    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Notes what a publication touches, and forgets layers that are not `there` any more.
    pub(crate) fn note(&self, touched: &[TouchedLayer], sequence: u64, there: impl Fn(&str) -> bool) {
        let mut layers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for TouchedLayer { name, tiles, version } in touched {
            let version = version.0;
            let touch = Touch { sequence, version };
            match layers.get_mut(name) {
                Some(layer) => layer.note(tiles, touch),
                None => drop(layers.insert(name.clone(), LayerTouches::new(touch))),
            }
        }
        layers.retain(|name, _| there(name));
    }

    /// Whether nothing of these layers in the tile was touched after `version`.
    pub(crate) fn is_good_since<'a>(
        &self,
        version: u64,
        layers: impl IntoIterator<Item = &'a str>,
        tile: TileCoord,
    ) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let last = |name| known.get(name).map(|layer| layer.last(tile));
        layers
            .into_iter()
            .all(|name| last(name).is_some_and(|touch| touch.version <= version))
    }

    /// Does `keep` where nothing of these layers in the tile was touched by a publication after `sequence`; until it is
    /// done, nothing new is noted.
    pub(crate) fn keep_if_good<'a>(
        &self,
        sequence: u64,
        layers: impl IntoIterator<Item = &'a str>,
        tile: TileCoord,
        keep: impl FnOnce(),
    ) {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let last = |name| known.get(name).map(|layer| layer.last(tile));
        let is_good = layers
            .into_iter()
            .all(|name| last(name).is_some_and(|touch| touch.sequence <= sequence));
        if is_good {
            keep();
        }
    }
}

impl LayerTouches {
    fn new(floor: Touch) -> Self {
        Self {
            floor,
            zooms: HashMap::new(),
        }
    }

    fn note(&mut self, touched: &Touched, touch: Touch) {
        if touched.is_everything() {
            self.floor = self.floor.or_later(touch);
            self.zooms.clear();
            return;
        }
        for tile in touched.tiles().filter(|tile| tile.z() <= MAP_ZOOM) {
            let zoom = self.zooms.entry((tile.grid(), tile.z())).or_default();
            zoom.note((tile.col(), tile.row()), touch);
        }
        for range in touched.ranges().filter(|range| range.z <= MAP_ZOOM) {
            let zoom = self.zooms.entry((range.grid, range.z)).or_default();
            if range.count() > MAX_NOTED {
                zoom.forget(touch);
            } else {
                range
                    .tiles()
                    .for_each(|tile| zoom.note((tile.col(), tile.row()), touch));
            }
        }
    }

    fn last(&self, tile: TileCoord) -> Touch {
        let up = tile.z().saturating_sub(MAP_ZOOM);
        let zoom = self.zooms.get(&(tile.grid(), tile.z() - up));
        let cell = zoom.map(|zoom| {
            let cell = zoom.cells.get(&(tile.col() >> up, tile.row() >> up));
            cell.copied().unwrap_or_default().or_later(zoom.floor)
        });
        self.floor.or_later(cell.unwrap_or_default())
    }
}

impl ZoomTouches {
    fn note(&mut self, cell: (u32, u32), touch: Touch) {
        if self.cells.len() >= MAX_CELLS && !self.cells.contains_key(&cell) {
            self.forget(touch);
        } else {
            let known = self.cells.entry(cell).or_default();
            *known = known.or_later(touch);
        }
    }

    fn forget(&mut self, touch: Touch) {
        self.floor = self.floor.or_later(touch);
        self.cells.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TileMatrixSet::WebMercatorQuad;
    use onemap_model::{Bbox, Coord, Version, ZoomRange};

    fn tile(z: u8, x: f64) -> TileCoord {
        WebMercatorQuad.tile_at(z, Coord { x, y: 30.2 }).unwrap()
    }

    fn point(x: f64) -> Touched {
        let mut touched = Touched::default();
        touched.include(&Bbox::new(x, 30.2, x, 30.2).unwrap(), ZoomRange::ALL);
        touched
    }

    fn layer(name: &str, tiles: Touched, at: u64) -> TouchedLayer {
        TouchedLayer {
            name: name.to_owned(),
            tiles,
            version: Version(at),
        }
    }

    fn map() -> TouchMap {
        let map = TouchMap::default();
        let both = ["a", "b"].map(|name| layer(name, Touched::everything(), 1));
        map.note(&both, 1, |_| true);
        map
    }

    fn note(map: &TouchMap, touched: Touched, at: u64) {
        map.note(&[layer("a", touched, at)], at, |_| true);
    }

    #[test]
    fn only_the_tiles_touched_lose_their_tags() {
        let map = map();
        note(&map, point(115.04), 2);
        for z in [0, 7, 15, 16, 20] {
            assert!(!map.is_good_since(1, ["a"], tile(z, 115.04)), "zoom {z}");
            assert!(map.is_good_since(2, ["a"], tile(z, 115.04)));
            assert!(map.is_good_since(1, ["b"], tile(z, 115.04)));
            assert!(!map.is_good_since(1, ["b", "a"], tile(z, 115.04)));
            assert_eq!(map.is_good_since(1, ["a"], tile(z, -60.0)), z > 0);
        }
        assert!(
            !map.is_good_since(0, ["b"], tile(3, 0.0)),
            "nothing is known of what was before"
        );
        assert!(!map.is_good_since(9, ["c"], tile(3, 0.0)), "nor of other layers");
    }

    #[test]
    fn a_tile_rendered_before_a_touch_is_not_kept() {
        let map = map();
        let kept = |sequence, z| {
            let mut kept = false;
            map.keep_if_good(sequence, ["a", "b"], tile(z, 115.04), || kept = true);
            kept
        };
        assert!(kept(1, 14));
        note(&map, point(115.04), 2);
        assert!(!kept(1, 14) && !kept(1, 20) && kept(2, 14));
    }

    #[test]
    fn a_layer_that_was_read_whole_is_touched_everywhere_and_one_that_is_gone_forgotten() {
        let map = map();
        note(&map, point(115.04), 2);
        note(&map, Touched::everything(), 3);
        assert!(!map.is_good_since(2, ["a"], tile(9, 0.0)) && map.is_good_since(3, ["a"], tile(9, 0.0)));
        map.note(&[], 4, |name| name != "a");
        assert!(!map.is_good_since(9, ["a"], tile(9, 0.0)));
        note(&map, point(0.0), 5);
        assert!(
            !map.is_good_since(4, ["a"], tile(9, 100.0)),
            "a new layer is new everywhere"
        );
    }

    #[test]
    fn what_it_cannot_hold_counts_as_touched() {
        let map = map();
        let mut wide = Touched::default();
        wide.include(&Bbox::new(100.0, 20.0, 120.0, 40.0).unwrap(), ZoomRange::ALL);
        note(&map, wide, 2);
        assert!(!map.is_good_since(1, ["a"], tile(15, -60.0)) && map.is_good_since(1, ["a"], tile(3, -60.0)));
        for i in 0..200 {
            let mut touched = Touched::default();
            let x = f64::from(i) - 100.0;
            touched.include(&Bbox::new(x, 30.0, x + 0.9, 30.05).unwrap(), ZoomRange::ALL);
            note(&map, touched, 3 + i as u64);
        }
        let layers = map.0.read().unwrap();
        let cells = layers["a"].zooms.values().map(|zoom| zoom.cells.len()).max();
        assert!(cells.unwrap() <= MAX_CELLS, "{cells:?}");
    }
}
