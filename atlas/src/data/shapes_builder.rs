//! Collects geometries and lays them out in their final order.

use super::bits::Bits;
use super::offsets::Offsets;
use super::packed::Packed;
use super::shapes::{Kind, Outline, Shapes};
use crate::world::{Fine, World, WorldBox};
use onemap_model::{Coord, Geometry, Path, TileMatrixSet};
use std::collections::BTreeMap;

/// Geometries in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct ShapesBuilder {
    kinds: Vec<u8>,
    path_counts: Vec<u32>,
    path_lengths: Vec<u32>,
    outer: Bits,
    closed: Bits,
    coords: Vec<Coord>,
    world: Vec<World>,
    z: Vec<f64>,
    wide: Vec<bool>,
    outlines: BTreeMap<u32, Outline>,
}

impl ShapesBuilder {
    /// Adds a feature's geometry and gives the box around it; none where there is nothing.
    pub fn push(&mut self, geometry: Option<&Geometry>) -> Option<WorldBox> {
        let (first_path, first_vertex) = (self.path_lengths.len(), self.coords.len());
        let kind = match geometry {
            None => Kind::Null,
            Some(collection @ Geometry::Collection(_)) => {
                let outline = self.take(collection);
                self.outlines.insert(self.kinds.len() as u32, outline);
                Kind::Collection
            }
            Some(geometry) => match self.take(geometry) {
                Outline::Leaf(kind, _) => kind,
                Outline::Collection(_) => Kind::Collection,
            },
        };
        self.kinds.push(kind as u8);
        self.path_counts.push((self.path_lengths.len() - first_path) as u32);
        self.project(first_vertex)
    }

    fn take(&mut self, geometry: &Geometry) -> Outline {
        match geometry {
            Geometry::Points(points) => {
                self.path(points, false);
                Outline::Leaf(Kind::Points, 1)
            }
            Geometry::Lines(lines) => {
                lines.iter().for_each(|line| self.path(line, false));
                Outline::Leaf(Kind::Lines, lines.len() as u32)
            }
            Geometry::Polygons(polygons) => {
                let mut count = 0;
                for polygon in polygons {
                    for (at, ring) in polygon.rings.iter().enumerate() {
                        self.ring(ring, at == 0);
                        count += 1;
                    }
                }
                Outline::Leaf(Kind::Polygons, count)
            }
            Geometry::Collection(parts) => Outline::Collection(parts.iter().map(|part| self.take(part)).collect()),
        }
    }

    fn path(&mut self, path: &Path, outer: bool) {
        self.vertices(path, path.len());
        self.outer.push(outer);
        self.closed.push(false);
    }

    fn ring(&mut self, ring: &Path, outer: bool) {
        let (coords, z) = (ring.coords(), ring.z());
        let same_height = |a: &f64, b: &f64| a == b || (a.is_nan() && b.is_nan());
        let closed = coords.len() > 1
            && coords.first() == coords.last()
            && z.first().zip(z.last()).is_none_or(|(a, b)| same_height(a, b));
        self.vertices(ring, coords.len() - usize::from(closed));
        self.outer.push(outer);
        self.closed.push(closed);
    }

    fn vertices(&mut self, path: &Path, count: usize) {
        if !path.z().is_empty() {
            self.z.resize(self.coords.len(), f64::NAN);
            self.z.extend_from_slice(&path.z()[..count]);
        }
        self.coords.extend_from_slice(&path.coords()[..count]);
        self.path_lengths.push(count as u32);
    }

    /// Projects the vertices from `first` on, those of one feature.
    fn project(&mut self, first: usize) -> Option<WorldBox> {
        let mut around = WorldBox::NOTHING;
        let mut wide = false;
        for &coord in &self.coords[first..] {
            let fine = Fine::project(TileMatrixSet::WebMercatorQuad, coord);
            let world = World::nearest(fine);
            wide |= World::from_fine(fine).is_none();
            around.include(world);
            self.world.push(world);
        }
        self.wide.push(wide);
        (self.coords.len() > first).then_some(around)
    }

    /// Lays all out in the order of the positions in `order`.
    pub fn finish(mut self, order: &[u32]) -> Shapes {
        let kinds = Packed::pack(order.iter().map(|&at| i64::from(self.kinds[at as usize])));
        let old_paths = Offsets::from_lengths(self.path_counts.iter().copied());
        let old_vertices = Offsets::from_lengths(self.path_lengths.iter().copied());
        let path_order: Vec<u32> = order
            .iter()
            .flat_map(|&at| old_paths.run(at as usize))
            .map(|path| path as u32)
            .collect();
        if !self.z.is_empty() {
            self.z.resize(self.coords.len(), f64::NAN);
        }
        let renamed = (0..).zip(order);
        let mut outlines = std::mem::take(&mut self.outlines);
        let outlines = renamed
            .filter_map(|(new, old)| Some((new, outlines.remove(old)?)))
            .collect();
        Shapes {
            kinds,
            paths: Offsets::from_lengths(order.iter().map(|&at| self.path_counts[at as usize])),
            vertices: Offsets::from_lengths(path_order.iter().map(|&path| self.path_lengths[path as usize])),
            outer: path_order.iter().map(|&path| self.outer.get(path as usize)).collect(),
            closed: path_order.iter().map(|&path| self.closed.get(path as usize)).collect(),
            coords: gather(std::mem::take(&mut self.coords), &old_vertices, &path_order).into(),
            world: gather(std::mem::take(&mut self.world), &old_vertices, &path_order).into(),
            z: gather(std::mem::take(&mut self.z), &old_vertices, &path_order).into(),
            wide: (0..)
                .zip(order)
                .filter(|&(_, &at)| self.wide[at as usize])
                .map(|(slot, _)| slot)
                .collect(),
            outlines,
            clear_from: Vec::new().into(),
        }
        .with_clearance(order.len())
    }
}

/// The runs of `values` in the order of `paths`; nothing from nothing.
fn gather<T: Copy>(values: Vec<T>, runs: &Offsets, paths: &[u32]) -> Vec<T> {
    let mut gathered = Vec::with_capacity(values.len());
    if !values.is_empty() {
        for &path in paths {
            gathered.extend_from_slice(&values[runs.run(path as usize)]);
        }
    }
    gathered
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::Polygon;

    fn path(coords: &[(f64, f64)]) -> Path {
        Path::new(coords.iter().map(|&(x, y)| Coord { x, y }).collect()).unwrap()
    }

    fn samples() -> Vec<Option<Geometry>> {
        let ring = path(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]);
        let open = path(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]);
        let high = Path::with_z(open.coords().to_vec(), vec![1.0, f64::NAN, 3.0]).unwrap();
        let sloping = Path::with_z(ring.coords().to_vec(), vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let polygons = Geometry::Polygons(vec![
            Polygon {
                rings: vec![ring.clone(), open.clone()],
            },
            Polygon { rings: vec![sloping] },
        ]);
        vec![
            None,
            Some(Geometry::Points(Path::default())),
            Some(Geometry::Lines(vec![])),
            Some(polygons.clone()),
            Some(Geometry::Lines(vec![Path::default(), high, path(&[(5.0, 5.0)])])),
            Some(Geometry::Collection(vec![])),
            Some(Geometry::Collection(vec![
                Geometry::point(3.0, 4.0).unwrap(),
                Geometry::Collection(vec![polygons, Geometry::Lines(vec![open, ring])]),
            ])),
            Some(Geometry::point(200.0, 95.0).unwrap()),
        ]
    }

    #[test]
    fn geometries_come_back_in_any_order_as_they_were_given() {
        let samples = samples();
        for shift in 0..samples.len() as u32 {
            let count = samples.len() as u32;
            let order: Vec<u32> = (0..count).map(|at| (at * 3 + shift) % count).collect();
            let mut builder = ShapesBuilder::default();
            samples.iter().for_each(|sample| {
                builder.push(sample.as_ref());
            });
            let shapes = builder.finish(&order);
            for (slot, &at) in order.iter().enumerate() {
                let (back, given) = (shapes.geometry(slot), &samples[at as usize]);
                // NaN heights are not equal to themselves, their text is.
                assert_eq!(format!("{back:?}"), format!("{given:?}"));
                assert_eq!(shapes.is_wide(slot), at == 7);
            }
        }
    }
}
