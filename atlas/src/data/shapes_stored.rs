//! How geometries are written to a snapshot's file and read back; see [`super::stored`].

use super::bits::PackedBits;
use super::offsets::Offsets;
use super::packed::Packed;
use super::shapes::{Kind, Outline, Shapes};
use crate::persist::reader::{Read, Reader, check, damage};
use crate::persist::writer::Writer;
use std::io;

/// Collections in collections are written and read this deep.
const DEEPEST: usize = 256;

impl Shapes {
    pub(crate) fn store(&self, out: &mut Writer<'_>) -> io::Result<()> {
        self.kinds.store(out)?;
        self.paths.store(out)?;
        out.number(self.outer.len as u64);
        self.vertices.store(out)?;
        self.outer.store(out)?;
        self.closed.store(out)?;
        out.shelf(&self.coords)?;
        out.shelf(&self.world)?;
        out.shelf(&self.z)?;
        out.shelf(&self.wide)?;
        out.shelf(&self.clear_from)?;
        out.number(self.outlines.len() as u64);
        for (slot, outline) in &self.outlines {
            out.number(u64::from(*slot));
            outline.store(DEEPEST, out)?;
        }
        Ok(())
    }

    /// Reads the geometries of `count` features.
    pub(crate) fn read(from: &mut Reader, count: usize) -> Read<Self> {
        let kinds = Packed::read(from, count, 0, Kind::ALL.len() as i64 - 1)?;
        let (paths, path_count) = Offsets::read(from, count)?;
        check(from.size()? == path_count, "not as many paths as there should be")?;
        let (vertices, vertex_count) = Offsets::read(from, path_count)?;
        let mut shapes = Self {
            kinds,
            paths,
            vertices,
            outer: PackedBits::read(from, path_count)?,
            closed: PackedBits::read(from, path_count)?,
            coords: from.shelf_of(vertex_count)?,
            world: from.shelf_of(vertex_count)?,
            z: from.shelf()?,
            wide: from.shelf()?,
            clear_from: from.shelf()?,
            outlines: Default::default(),
        };
        for _ in 0..from.count()? {
            let slot = from.size()?;
            check(slot < count, "an outline of no feature")?;
            let outline = Outline::read(DEEPEST, from)?;
            check(
                outline.paths() == Some(shapes.paths.run(slot).len()),
                "an outline of other paths",
            )?;
            shapes.outlines.insert(slot as u32, outline);
        }
        shapes.checked(count, vertex_count, path_count)
    }

    fn checked(self, count: usize, vertex_count: usize, path_count: usize) -> Read<Self> {
        let is_finite = self.coords.iter().all(|at| at.x.is_finite() && at.y.is_finite());
        check(is_finite, "a coordinate is not finite")?;
        check(
            self.z.is_empty() || self.z.len() == vertex_count,
            "not a height for each vertex",
        )?;
        let is_slot = |slot: &u32| (*slot as usize) < count;
        check(
            self.wide.is_sorted() && self.wide.iter().all(is_slot),
            "a wide feature that is none",
        )?;
        let clear = self.clear_from.len();
        check(clear == 0 || clear == count, "not a clearance for each feature")?;
        let is_sound = |path: usize| !self.closed.get(path) || !self.vertices(path).is_empty();
        check((0..path_count).all(is_sound), "a closed ring without vertices")?;
        let has_outline =
            |slot: usize| self.kind(slot) != Kind::Collection || self.outlines.contains_key(&(slot as u32));
        check((0..count).all(has_outline), "a collection without an outline")?;
        Ok(self)
    }
}

impl Outline {
    fn store(&self, depth: usize, out: &mut Writer<'_>) -> io::Result<()> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(io::Error::other(format!(
                "collections lie {DEEPEST} deep in each other"
            )));
        };
        match self {
            Outline::Leaf(kind, count) => {
                out.number(*kind as u64);
                out.number(u64::from(*count));
            }
            Outline::Collection(parts) => {
                out.number(Kind::Collection as u64);
                out.number(parts.len() as u64);
                parts.iter().try_for_each(|part| part.store(depth, out))?;
            }
        }
        Ok(())
    }

    fn read(depth: usize, from: &mut Reader) -> Read<Self> {
        let Some(depth) = depth.checked_sub(1) else {
            return damage(format!("collections lie {DEEPEST} deep in each other"));
        };
        match from.size()? {
            4 => {
                let parts = from.count()?;
                let parts = (0..parts).map(|_| Outline::read(depth, from));
                Ok(Outline::Collection(parts.collect::<Read<_>>()?))
            }
            kind @ 0..4 => {
                let count = from.size()?;
                let Ok(count) = u32::try_from(count) else {
                    return damage(format!("a part of {count} paths"));
                };
                Ok(Outline::Leaf(Kind::ALL[kind], count))
            }
            other => damage(format!("a part of kind {other}")),
        }
    }

    /// How many paths it takes; none where that is more than there can be.
    fn paths(&self) -> Option<usize> {
        match self {
            Outline::Leaf(_, count) => Some(*count as usize),
            Outline::Collection(parts) => parts
                .iter()
                .try_fold(0_usize, |sum, part| sum.checked_add(part.paths()?)),
        }
    }
}
