//! Takes a Mapbox Vector Tile apart, of the kind that this crate makes.

/// A layer.
#[derive(Debug, Default)]
pub(super) struct Layer<'a> {
    pub name: &'a [u8],
    pub extent: u64,
    pub features: Vec<Feature<'a>>,
    pub keys: Vec<&'a [u8]>,
    pub values: Vec<Value<'a>>,
}

/// A feature.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Feature<'a> {
    pub id: u64,
    /// Pairs of numbers of keys and values.
    pub tags: &'a [u8],
    pub geom_type: u64,
    pub commands: &'a [u8],
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a [u8]),
    Double(f64),
    Int(i64),
    Bool(bool),
}

/// The content of a field.
#[derive(Debug, Clone, Copy)]
enum Content<'a> {
    Number(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

/// Numbers in a row.
pub(super) struct Varints<'a>(pub &'a [u8]);

impl Iterator for Varints<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        let mut number = u64::from(first & 0x7f);
        let (mut last, mut shift) = (first, 7);
        while last & 0x80 != 0 && shift < 64 {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            (last, shift) = (byte, shift + 7);
        }
        Some(number)
    }
}

/// The signed number that a zigzag one stands for.
#[inline]
pub(super) fn signed(zigzag: u64) -> i64 {
    (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64)
}

/// The layers of a tile; none where it is no tile.
pub(super) fn layers(tile: &[u8]) -> Option<Vec<Layer<'_>>> {
    let mut layers = Vec::new();
    each_field(tile, |field, content| match (field, content) {
        (3, Content::Bytes(bytes)) => {
            layers.push(layer(bytes)?);
            Some(())
        }
        _ => None,
    })?;
    Some(layers)
}

fn layer(bytes: &[u8]) -> Option<Layer<'_>> {
    let mut layer = Layer::default();
    each_field(bytes, |field, content| {
        match (field, content) {
            (1, Content::Bytes(name)) => layer.name = name,
            (2, Content::Bytes(bytes)) => layer.features.push(feature(bytes)?),
            (3, Content::Bytes(key)) => layer.keys.push(key),
            (4, Content::Bytes(bytes)) => layer.values.push(value(bytes)?),
            (5, Content::Number(extent)) => layer.extent = extent,
            (15, Content::Number(_)) => {}
            _ => return None,
        }
        Some(())
    })?;
    Some(layer)
}

fn feature(bytes: &[u8]) -> Option<Feature<'_>> {
    let mut feature = Feature::default();
    each_field(bytes, |field, content| {
        match (field, content) {
            (1, Content::Number(id)) => feature.id = id,
            (2, Content::Bytes(tags)) => feature.tags = tags,
            (3, Content::Number(geom_type)) => feature.geom_type = geom_type,
            (4, Content::Bytes(commands)) => feature.commands = commands,
            _ => return None,
        }
        Some(())
    })?;
    Some(feature)
}

fn value(bytes: &[u8]) -> Option<Value<'_>> {
    let mut value = None;
    each_field(bytes, |field, content| {
        value = Some(match (field, content) {
            (1, Content::Bytes(text)) => Value::Text(text),
            (3, Content::Fixed(bits)) => Value::Double(f64::from_bits(bits)),
            (6, Content::Number(number)) => Value::Int(signed(number)),
            (7, Content::Number(number)) => Value::Bool(number != 0),
            _ => return None,
        });
        Some(())
    })?;
    value
}

fn each_field<'a>(bytes: &'a [u8], mut each: impl FnMut(u64, Content<'a>) -> Option<()>) -> Option<()> {
    let mut rest = Varints(bytes);
    while !rest.0.is_empty() {
        let tag = rest.next()?;
        let content = match tag & 7 {
            0 => Content::Number(rest.next()?),
            1 => {
                let (bits, after) = rest.0.split_first_chunk()?;
                rest.0 = after;
                Content::Fixed(u64::from_le_bytes(*bits))
            }
            2 => {
                let length = usize::try_from(rest.next()?).ok()?;
                let (content, after) = rest.0.split_at_checked(length)?;
                rest.0 = after;
                Content::Bytes(content)
            }
            _ => return None,
        };
        each(tag >> 3, content)?;
    }
    Some(())
}
