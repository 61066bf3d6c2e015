//! The blocks of an OpenStreetMap file: nodes, ways and relations, read in place.
//!
//! Source: "PBF Format", OpenStreetMap wiki; `osmformat.proto`.

use super::wire::{Deltas, Field, Fields, Malformed, Varints, zigzag};

/// A place on earth: longitude and latitude in units of 10⁻⁷ degrees, as OpenStreetMap keeps them.
pub type Place = [i32; 2];

/// A block, unpacked: some thousand elements of one kind, mostly.
#[derive(Debug)]
pub struct Block {
    bytes: Vec<u8>,
    /// Where each of its texts lies in `bytes`.
    strings: Vec<(u32, u32)>,
    groups: Vec<(u32, u32)>,
    granularity: i64,
    offset: [i64; 2],
}

/// Kinds of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds {
    /// There are nodes, or they are asked for.
    pub nodes: bool,
    /// As for nodes.
    pub ways: bool,
    /// As for nodes.
    pub relations: bool,
}

/// An element.
#[derive(Debug, Clone, Copy)]
pub struct Element<'b> {
    /// Its number: one of its kind has it.
    pub id: i64,
    /// Its tags: pairs of texts by their places in the block.
    pub tags: &'b [(u32, u32)],
    /// What it is.
    pub body: Body<'b>,
}

/// What an element is.
#[derive(Debug, Clone, Copy)]
pub enum Body<'b> {
    /// A node, and where it is.
    Node(Place),
    /// A way, and the numbers of its nodes.
    Way(Deltas<'b>),
    /// A relation.
    Relation(Members<'b>),
}

/// The members of a relation.
#[derive(Debug, Clone, Copy)]
pub struct Members<'b> {
    ids: Deltas<'b>,
    kinds: Varints<'b>,
}

impl Members<'_> {
    /// The numbers of those that are ways, in order.
    pub fn ways(self) -> impl Iterator<Item = Result<i64, Malformed>> {
        self.ids.zip(self.kinds).filter_map(|(id, kind)| match (id, kind) {
            (Ok(id), Ok(1)) => Some(Ok(id)),
            (Ok(_), Ok(_)) => None,
            _ => Some(Err(Malformed)),
        })
    }
}

type Each<'e> = &'e mut dyn FnMut(Element<'_>) -> Result<(), Malformed>;

impl Block {
    /// Reads what the bytes of an unpacked blob are made of.
    ///
    /// # Errors
    /// Where they are no block.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Malformed> {
        let place = |part: &[u8]| {
            let start = part.as_ptr() as usize - bytes.as_ptr() as usize;
            (start as u32, (start + part.len()) as u32)
        };
        let (mut strings, mut groups) = (Vec::new(), Vec::new());
        let (mut granularity, mut offset) = (100, [0, 0]);
        for field in Fields(&bytes) {
            match field? {
                (1, Field::Bytes(table)) => {
                    for text in Fields(table) {
                        if let (1, Field::Bytes(text)) = text? {
                            strings.push(place(text));
                        }
                    }
                }
                (2, Field::Bytes(group)) => groups.push(place(group)),
                (17, Field::Number(number)) => granularity = number as i64,
                (19, Field::Number(latitude)) => offset[1] = latitude as i64,
                (20, Field::Number(longitude)) => offset[0] = longitude as i64,
                _ => {}
            }
        }
        Ok(Self {
            bytes,
            strings,
            groups,
            granularity,
            offset,
        })
    }

    /// Its texts, in order.
    pub fn strings(&self) -> impl Iterator<Item = &[u8]> {
        self.strings.iter().map(|&range| self.part(range))
    }

    /// The text at a place; empty where there is none.
    pub fn string(&self, at: u32) -> &[u8] {
        self.strings.get(at as usize).map_or(&[], |&range| self.part(range))
    }

    fn part(&self, (start, end): (u32, u32)) -> &[u8] {
        &self.bytes[start as usize..end as usize]
    }

    fn groups(&self) -> impl Iterator<Item = Fields<'_>> {
        self.groups.iter().map(|&range| Fields(self.part(range)))
    }

    /// Which kinds of elements it has.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn kinds(&self) -> Result<Kinds, Malformed> {
        let mut kinds = Kinds::default();
        for mut group in self.groups() {
            // The elements of a group are of one kind.
            match group.next().transpose()?.map(|(number, _)| number) {
                Some(1 | 2) => kinds.nodes = true,
                Some(3) => kinds.ways = true,
                Some(4) => kinds.relations = true,
                _ => {}
            }
        }
        Ok(kinds)
    }

    /// Hands out the elements of the kinds asked for, in order; those that were deleted are left out.
    ///
    /// # Errors
    /// Where it is damaged, and those of `each`.
    pub fn each(&self, wanted: Kinds, each: Each<'_>) -> Result<(), Malformed> {
        let mut tags = Vec::new();
        for group in self.groups() {
            for field in group {
                match field? {
                    (1, Field::Bytes(node)) if wanted.nodes => self.node(node, &mut tags, each)?,
                    (2, Field::Bytes(dense)) if wanted.nodes => self.dense(dense, &mut tags, each)?,
                    (3, Field::Bytes(way)) if wanted.ways => {
                        let way = Plain::read(way, &mut tags)?;
                        let body = Body::Way(Deltas::new(way.refs));
                        way.hand_out(way.id as i64, &tags, body, each)?;
                    }
                    (4, Field::Bytes(relation)) if wanted.relations => {
                        let relation = Plain::read(relation, &mut tags)?;
                        let body = Body::Relation(Members {
                            ids: Deltas::new(relation.members),
                            kinds: Varints(relation.kinds),
                        });
                        relation.hand_out(relation.id as i64, &tags, body, each)?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn node(&self, bytes: &[u8], tags: &mut Vec<(u32, u32)>, each: Each<'_>) -> Result<(), Malformed> {
        let node = Plain::read(bytes, tags)?;
        let at = self.place(node.at);
        node.hand_out(zigzag(node.id), tags, Body::Node(at), each)
    }

    fn dense(&self, bytes: &[u8], tags: &mut Vec<(u32, u32)>, each: Each<'_>) -> Result<(), Malformed> {
        let (mut ids, mut lats, mut lons) = (&[][..], &[][..], &[][..]);
        let (mut pairs, mut visible) = (Varints::default(), &[][..]);
        for field in Fields(bytes) {
            match field? {
                (1, Field::Bytes(packed)) => ids = packed,
                (5, Field::Bytes(info)) => {
                    for field in Fields(info) {
                        if let (6, Field::Bytes(packed)) = field? {
                            visible = packed;
                        }
                    }
                }
                (8, Field::Bytes(packed)) => lats = packed,
                (9, Field::Bytes(packed)) => lons = packed,
                (10, Field::Bytes(packed)) => pairs = Varints(packed),
                _ => {}
            }
        }
        let (mut lats, mut lons) = (Deltas::new(lats), Deltas::new(lons));
        for (at, id) in Deltas::new(ids).enumerate() {
            let (lat, lon) = (lats.next().ok_or(Malformed)??, lons.next().ok_or(Malformed)??);
            tags.clear();
            while let Some(key) = pairs.next() {
                match key? {
                    0 => break,
                    key => tags.push((index(key)?, index(pairs.next().ok_or(Malformed)??)?)),
                }
            }
            if visible.get(at) == Some(&0) {
                continue;
            }
            each(Element {
                id: id?,
                tags,
                body: Body::Node(self.place([lon, lat])),
            })?;
        }
        Ok(())
    }

    /// From the block's own units: what is no place on earth stays none.
    fn place(&self, at: [i64; 2]) -> Place {
        let one = |axis: usize| {
            let nano = at[axis]
                .saturating_mul(self.granularity)
                .saturating_add(self.offset[axis]);
            let tenths = (nano / 10).saturating_add(if nano < 0 { -5 } else { 5 }) / 10;
            tenths.clamp(i64::from(i32::MIN + 1), i64::from(i32::MAX)) as i32
        };
        [one(0), one(1)]
    }
}

/// An element as it is written alone.
#[derive(Default)]
struct Plain<'a> {
    id: u64,
    at: [i64; 2],
    refs: &'a [u8],
    members: &'a [u8],
    kinds: &'a [u8],
    is_deleted: bool,
}

impl<'a> Plain<'a> {
    fn read(bytes: &'a [u8], tags: &mut Vec<(u32, u32)>) -> Result<Self, Malformed> {
        let (mut keys, mut values) = (Varints::default(), Varints::default());
        let mut plain = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, Field::Number(id)) => plain.id = id,
                (2, Field::Bytes(packed)) => keys = Varints(packed),
                (3, Field::Bytes(packed)) => values = Varints(packed),
                (4, Field::Bytes(info)) => {
                    for field in Fields(info) {
                        plain.is_deleted |= field? == (6, Field::Number(0));
                    }
                }
                (8, Field::Number(latitude)) => plain.at[1] = zigzag(latitude),
                (9, Field::Number(longitude)) => plain.at[0] = zigzag(longitude),
                (8, Field::Bytes(packed)) => plain.refs = packed,
                (9, Field::Bytes(packed)) => plain.members = packed,
                (10, Field::Bytes(packed)) => plain.kinds = packed,
                _ => {}
            }
        }
        tags.clear();
        for (key, value) in keys.zip(values) {
            tags.push((index(key?)?, index(value?)?));
        }
        Ok(plain)
    }

    fn hand_out(&self, id: i64, tags: &[(u32, u32)], body: Body<'_>, each: Each<'_>) -> Result<(), Malformed> {
        match self.is_deleted {
            true => Ok(()),
            false => each(Element { id, tags, body }),
        }
    }
}

fn index(number: u64) -> Result<u32, Malformed> {
    u32::try_from(number).map_err(|_| Malformed)
}
