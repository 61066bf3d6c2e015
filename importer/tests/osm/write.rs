//! Writes small files of OpenStreetMap in PBF, rightly and wrongly.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

pub type Tags<'t> = &'t [(&'t str, &'t str)];

/// A member of a relation: 0 a node, 1 a way, 2 a relation; its number; its role.
pub type Member = (u64, i64, &'static str);

/// How blocks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Packed nodes, zlib.
    Dense,
    /// Nodes one by one, nothing compressed, a finer granularity and offsets.
    Plain,
}

/// A file under way.
pub struct Writer {
    way: Way,
    blobs: Vec<Vec<u8>>,
}

/// Number, place, tags, and whether it is still there.
type Node = (i64, [i64; 2], Vec<(u64, u64)>, bool);

/// One block under way.
#[derive(Default)]
pub struct Block {
    strings: Vec<String>,
    places: BTreeMap<String, u64>,
    nodes: Vec<Node>,
    ways: Vec<Vec<u8>>,
    relations: Vec<Vec<u8>>,
}

pub fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

pub fn number(field: u64, number: u64, out: &mut Vec<u8>) {
    varint(field << 3, out);
    varint(number, out);
}

pub fn bytes(field: u64, bytes: &[u8], out: &mut Vec<u8>) {
    varint(field << 3 | 2, out);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn packed(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut out = Vec::new();
    numbers.into_iter().for_each(|number| varint(number, &mut out));
    out
}

fn deltas(numbers: impl IntoIterator<Item = i64>) -> Vec<u8> {
    let mut last = 0;
    packed(numbers.into_iter().map(|number| {
        let delta = zigzag(number - last);
        last = number;
        delta
    }))
}

impl Writer {
    pub fn new(way: Way) -> Self {
        Self::asking_for(way, &["OsmSchema-V0.6", "DenseNodes"])
    }

    pub fn asking_for(way: Way, features: &[&str]) -> Self {
        let mut header = Vec::new();
        features
            .iter()
            .for_each(|feature| bytes(4, feature.as_bytes(), &mut header));
        let mut writer = Self { way, blobs: Vec::new() };
        writer.blob("OSMHeader", &header);
        writer
    }

    pub fn block(&mut self, block: &Block) {
        let encoded = block.encoded(self.way);
        self.blob("OSMData", &encoded);
    }

    pub fn blob(&mut self, kind: &str, data: &[u8]) {
        let mut blob = Vec::new();
        match self.way {
            Way::Plain => bytes(1, data, &mut blob),
            Way::Dense => {
                let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                zlib.write_all(data).unwrap();
                number(2, data.len() as u64, &mut blob);
                bytes(3, &zlib.finish().unwrap(), &mut blob);
            }
        }
        self.raw_blob(kind, &blob);
    }

    pub fn raw_blob(&mut self, kind: &str, blob: &[u8]) {
        let mut header = Vec::new();
        bytes(1, kind.as_bytes(), &mut header);
        number(3, blob.len() as u64, &mut header);
        let mut out = (header.len() as u32).to_be_bytes().to_vec();
        out.extend_from_slice(&header);
        out.extend_from_slice(blob);
        self.blobs.push(out);
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.blobs.concat()
    }

    pub fn save(&self, path: &Path) {
        std::fs::write(path, self.bytes()).unwrap();
    }
}

impl Block {
    fn string(&mut self, text: &str) -> u64 {
        if self.strings.is_empty() {
            self.strings.push(String::new());
        }
        if let Some(at) = self.places.get(text) {
            return *at;
        }
        self.strings.push(text.to_owned());
        let at = self.strings.len() as u64 - 1;
        self.places.insert(text.to_owned(), at);
        at
    }

    fn tags(&mut self, tags: Tags<'_>) -> Vec<(u64, u64)> {
        tags.iter()
            .map(|(key, value)| (self.string(key), self.string(value)))
            .collect()
    }

    /// A node, in 10⁻⁷ degrees.
    pub fn node(&mut self, id: i64, x: i64, y: i64, tags: Tags<'_>) -> &mut Self {
        let tags = self.tags(tags);
        self.nodes.push((id, [x, y], tags, true));
        self
    }

    pub fn deleted_node(&mut self, id: i64, x: i64, y: i64, tags: Tags<'_>) -> &mut Self {
        self.node(id, x, y, tags);
        self.nodes.last_mut().unwrap().3 = false;
        self
    }

    fn element(&mut self, id: i64, tags: Tags<'_>) -> Vec<u8> {
        let (mut out, tags) = (Vec::new(), self.tags(tags));
        number(1, id as u64, &mut out);
        bytes(2, &packed(tags.iter().map(|tag| tag.0)), &mut out);
        bytes(3, &packed(tags.iter().map(|tag| tag.1)), &mut out);
        out
    }

    pub fn way(&mut self, id: i64, refs: &[i64], tags: Tags<'_>) -> &mut Self {
        let mut out = self.element(id, tags);
        bytes(8, &deltas(refs.iter().copied()), &mut out);
        self.ways.push(out);
        self
    }

    pub fn relation(&mut self, id: i64, members: &[Member], tags: Tags<'_>) -> &mut Self {
        let mut out = self.element(id, tags);
        let roles: Vec<u64> = members.iter().map(|member| self.string(member.2)).collect();
        bytes(8, &packed(roles), &mut out);
        bytes(9, &deltas(members.iter().map(|member| member.1)), &mut out);
        bytes(10, &packed(members.iter().map(|member| member.0)), &mut out);
        self.relations.push(out);
        self
    }

    fn encoded(&self, way: Way) -> Vec<u8> {
        let mut table = Vec::new();
        self.strings
            .iter()
            .for_each(|text| bytes(1, text.as_bytes(), &mut table));
        let mut out = Vec::new();
        bytes(1, &table, &mut out);
        if !self.nodes.is_empty() {
            let group = match way {
                Way::Dense => self.dense(),
                Way::Plain => self.plain(),
            };
            bytes(2, &group, &mut out);
        }
        for (field, elements) in [(3, &self.ways), (4, &self.relations)] {
            let mut group = Vec::new();
            elements.iter().for_each(|element| bytes(field, element, &mut group));
            if !group.is_empty() {
                bytes(2, &group, &mut out);
            }
        }
        if way == Way::Plain {
            number(17, 10, &mut out);
            number(19, 1_000, &mut out);
            number(20, (-2_000_i64) as u64, &mut out);
        }
        out
    }

    fn dense(&self) -> Vec<u8> {
        let axis = |axis: usize| deltas(self.nodes.iter().map(move |node| node.1[axis]));
        let pairs = self.nodes.iter().flat_map(|node| {
            let tags = node.2.iter().flat_map(|tag| [tag.0, tag.1]);
            tags.chain([0])
        });
        let mut dense = Vec::new();
        bytes(1, &deltas(self.nodes.iter().map(|node| node.0)), &mut dense);
        let mut info = Vec::new();
        bytes(6, &packed(self.nodes.iter().map(|node| u64::from(node.3))), &mut info);
        bytes(5, &info, &mut dense);
        bytes(8, &axis(1), &mut dense);
        bytes(9, &axis(0), &mut dense);
        bytes(10, &packed(pairs), &mut dense);
        let mut group = Vec::new();
        bytes(2, &dense, &mut group);
        group
    }

    /// In units of 10⁻⁸ degrees, with offsets of 1 000 and -2 000 nanodegrees.
    fn plain(&self) -> Vec<u8> {
        let mut group = Vec::new();
        for (id, [x, y], tags, visible) in &self.nodes {
            let mut node = Vec::new();
            number(1, zigzag(*id), &mut node);
            bytes(2, &packed(tags.iter().map(|tag| tag.0)), &mut node);
            bytes(3, &packed(tags.iter().map(|tag| tag.1)), &mut node);
            let mut info = Vec::new();
            number(6, u64::from(*visible), &mut info);
            bytes(4, &info, &mut node);
            number(8, zigzag(y * 10 - 100), &mut node);
            number(9, zigzag(x * 10 + 200), &mut node);
            bytes(1, &node, &mut group);
        }
        group
    }
}
