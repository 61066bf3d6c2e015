//! What must be known of a file before its features can be told: which blobs have some of each layer, where the nodes of
//! ways are, and the ways and relations that are parts of areas.
//!
//! Three passes, each over all blobs that can matter, whatever order they are in: relations, and who belongs to which
//! layer; the ways that relations have; the nodes that ways have.
//!
//! Memory: 16 bytes for each node of a way that is wanted (24 while they are gathered), 8 for each node of a member.

use super::block::{Block, Body, Element, Kinds, Place};
use super::choose::{Chooser, Form, Known, Layers, Told};
use super::file::Pbf;
use super::nodes::Nodes;
use super::wire::{Deltas, Malformed};
use crate::interrupt;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};

/// So many nodes are held at most: about a gigabyte.
const MOST_NODES: usize = 60_000_000;
/// So many nodes of members of relations, and members, are held at most: 400 MB.
const MOST_MEMBERS: usize = 50_000_000;
/// Blobs are looked at by so many.
const AT_ONCE: usize = 64;

/// What is known of a file.
#[derive(Debug, Default)]
pub struct Index {
    /// Where nodes are.
    pub nodes: Nodes,
    /// The nodes of ways that relations have.
    pub members: HashMap<i64, Box<[i64]>>,
    /// Layer by layer the relations that become its features.
    pub relations: Vec<Vec<Relation>>,
    /// Blob by blob the layers that have nodes of it as features.
    pub points: Vec<Layers>,
    /// Blob by blob the layers that have ways of it as features.
    pub ways: Vec<Layers>,
}

/// A relation that becomes a feature.
#[derive(Debug)]
pub struct Relation {
    /// Its letter and number.
    pub id: String,
    /// What its tags say.
    pub told: Told,
    /// The numbers of its ways.
    pub ways: Box<[i64]>,
}

/// What the first pass finds in a blob.
#[derive(Default)]
struct Seen {
    kinds: Kinds,
    points: Layers,
    ways: Layers,
    /// The nodes of those ways.
    nodes: Vec<i64>,
    relations: Vec<(usize, Relation)>,
}

const RELATIONS: Kinds = Kinds {
    nodes: false,
    ways: false,
    relations: true,
};

/// Nodes alone.
pub const NODES: Kinds = Kinds { nodes: true, ..NOTHING };

/// Ways alone.
pub const WAYS: Kinds = Kinds { ways: true, ..NOTHING };

const NOTHING: Kinds = Kinds {
    nodes: false,
    ways: false,
    relations: false,
};

/// The form of a way with these nodes.
///
/// # Errors
/// Where they are damaged.
pub fn form_of(refs: Deltas<'_>) -> Result<Form, Malformed> {
    let (mut first, mut last, mut count) = (0, 0, 0);
    for id in refs {
        last = id?;
        first = if count == 0 { last } else { first };
        count += 1;
    }
    let is_closed = count >= 4 && first == last;
    Ok(Form::Way { is_closed })
}

/// Looks a file through; `step` hears how much of that is done, 0 to 1.
///
/// # Errors
/// A sentence where it is damaged, or more would have to be held than is allowed; where the user stops it.
pub fn scan(pbf: &Pbf, chooser: &Chooser, step: &mut dyn FnMut(f64)) -> Result<Index, String> {
    let mut index = Index {
        relations: (0..chooser.layers()).map(|_| Vec::new()).collect(),
        ..Index::default()
    };
    let (mut kinds, mut nodes, mut members_held) = (Vec::new(), Vec::new(), 0);
    let all: Vec<usize> = (0..pbf.len()).collect();
    in_parts(
        &all,
        &mut |share| step(share * 0.6),
        &|at| look(pbf, chooser, at),
        &mut |_, mut seen: Seen| {
            kinds.push(seen.kinds);
            index.points.push(seen.points);
            index.ways.push(seen.ways);
            nodes.append(&mut seen.nodes);
            for (layer, relation) in seen.relations {
                members_held += relation.ways.len();
                index.relations[layer].push(relation);
            }
            bounded(members_held, MOST_MEMBERS, "members of multipolygons")?;
            bounded(nodes.len(), MOST_NODES * 2, "nodes")
        },
    )?;
    let wanted: HashSet<i64> = (index.relations.iter().flatten())
        .flat_map(|relation| relation.ways.iter().copied())
        .collect();
    bounded(wanted.len(), MOST_MEMBERS, "ways")?;
    if !wanted.is_empty() {
        let with_ways: Vec<usize> = all.iter().copied().filter(|at| kinds[*at].ways).collect();
        let mut held = 0;
        in_parts(
            &with_ways,
            &mut |share| step(0.6 + share * 0.1),
            &|at| members(pbf, &wanted, at),
            &mut |_, ways| {
                for (id, refs) in ways {
                    held += refs.len();
                    nodes.extend_from_slice(&refs);
                    index.members.insert(id, refs);
                }
                bounded(held, MOST_MEMBERS, "nodes of multipolygons")
            },
        )?;
    }
    index.nodes = Nodes::wanted(nodes);
    bounded(index.nodes.len(), MOST_NODES, "nodes")?;
    let with_nodes: Vec<usize> = all.into_iter().filter(|at| kinds[*at].nodes).collect();
    let mut held = std::mem::take(&mut index.nodes);
    for part in with_nodes.chunks(AT_ONCE) {
        let found: Result<Vec<_>, String> = part.par_iter().map(|at| places(pbf, &held, *at)).collect();
        for (slot, place) in found?.into_iter().flatten() {
            held.put(slot, place);
        }
        let done = with_nodes
            .iter()
            .position(|at| Some(at) == part.last())
            .unwrap_or_default()
            + 1;
        step(0.7 + 0.3 * done as f64 / with_nodes.len() as f64);
    }
    index.nodes = held;
    Ok(index)
}

fn bounded(count: usize, most: usize, what: &str) -> Result<(), String> {
    match count > most {
        true => Err(format!(
            "more than {most} {what} would have to be held in memory: cut a smaller extract out of it"
        )),
        false => Ok(()),
    }
}

/// Looks at blobs by all cores, and keeps what they give in their order.
fn in_parts<T: Send>(
    blobs: &[usize],
    step: &mut dyn FnMut(f64),
    look: &(dyn Fn(usize) -> Result<T, String> + Sync),
    keep: &mut dyn FnMut(usize, T) -> Result<(), String>,
) -> Result<(), String> {
    for (part, chunk) in blobs.chunks(AT_ONCE).enumerate() {
        let found: Result<Vec<T>, String> = chunk.par_iter().map(|at| look(*at)).collect();
        for (at, found) in chunk.iter().zip(found?) {
            keep(*at, found)?;
        }
        step((part * AT_ONCE + chunk.len()) as f64 / blobs.len() as f64);
    }
    Ok(())
}

/// Unpacks a blob, where the user did not stop it.
///
/// # Errors
/// Where it is damaged, or the user stops it.
pub fn unpacked(pbf: &Pbf, at: usize) -> Result<Block, String> {
    interrupt::check().map_err(|e| e.to_string())?;
    pbf.block(at)
}

fn look(pbf: &Pbf, chooser: &Chooser, at: usize) -> Result<Seen, String> {
    let block = unpacked(pbf, at)?;
    let known = chooser.know(&block);
    let mut seen = Seen::default();
    let done = block.kinds().and_then(|kinds| {
        seen.kinds = kinds;
        block.each(
            Kinds {
                nodes: true,
                ways: true,
                ..RELATIONS
            },
            &mut |element| seen.element(chooser, &known, element),
        )
    });
    done.map_err(|Malformed| pbf.damaged(at))?;
    seen.nodes.sort_unstable();
    seen.nodes.dedup();
    Ok(seen)
}

impl Seen {
    fn element(&mut self, chooser: &Chooser, known: &Known<'_>, element: Element<'_>) -> Result<(), Malformed> {
        if element.tags.is_empty() {
            return Ok(());
        }
        match element.body {
            Body::Node(_) => self.points |= chooser.layers_of(known, element.tags, Form::Point),
            Body::Way(refs) => {
                let layers = chooser.layers_of(known, element.tags, form_of(refs)?);
                self.ways |= layers;
                if layers != 0 {
                    for id in refs {
                        self.nodes.push(id?);
                    }
                }
            }
            Body::Relation(members) => {
                let layers = chooser.layers_of(known, element.tags, Form::Relation);
                for layer in (0..chooser.layers()).filter(|layer| layers & 1 << layer != 0) {
                    let id = format!("r{}", element.id);
                    let told = chooser.tell(layer, known, element.tags, &id);
                    let ways = members.ways().collect::<Result<_, _>>()?;
                    self.relations.push((layer, Relation { id, told, ways }));
                }
            }
        }
        Ok(())
    }
}

type Members = Vec<(i64, Box<[i64]>)>;

fn members(pbf: &Pbf, wanted: &HashSet<i64>, at: usize) -> Result<Members, String> {
    let block = unpacked(pbf, at)?;
    let mut found = Vec::new();
    let done = block.each(WAYS, &mut |element| {
        if let Body::Way(refs) = element.body
            && wanted.contains(&element.id)
        {
            found.push((element.id, refs.collect::<Result<_, _>>()?));
        }
        Ok(())
    });
    done.map_err(|Malformed| pbf.damaged(at))?;
    Ok(found)
}

fn places(pbf: &Pbf, nodes: &Nodes, at: usize) -> Result<Vec<(usize, Place)>, String> {
    let block = unpacked(pbf, at)?;
    let (mut found, mut near) = (Vec::new(), 0);
    let done = block.each(NODES, &mut |element| {
        if let Body::Node(place) = element.body
            && let Some(slot) = nodes.slot(element.id, near)
        {
            near = slot;
            found.push((slot, place));
        }
        Ok(())
    });
    done.map_err(|Malformed| pbf.damaged(at))?;
    Ok(found)
}
