//! The features of one layer, told by a thread of their own while those before are judged and stored.

use super::Extract;
use super::block::{Body, Place};
use super::choose::{Form, Told};
use super::rings::{self, Fault};
use super::scan::{self, Index, NODES, Relation, WAYS, form_of, unpacked};
use super::wire::{Deltas, Malformed};
use onemap_model::{Coord, Geometry, Path, Value};
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// So many relations are told at once.
const RELATIONS_AT_ONCE: usize = 256;
/// So many blobs, or groups of relations, are told at once by all cores.
const AT_ONCE: usize = 8;
/// So many of these wait at most while others are stored.
const WAITING: usize = 1;
/// How much of a layer's time looking the file through counts for.
const SCAN_SHARE: f64 = 0.3;

/// A feature.
#[derive(Debug)]
pub struct Record {
    /// Its letter and number.
    pub id: String,
    /// Its values, field by field of the definition.
    pub values: Vec<Value>,
    /// What is wrong with some, in words.
    pub faults: Vec<String>,
    /// Where it is; why nobody knows, where that is so.
    pub geometry: Result<Geometry, String>,
}

/// What the thread says.
enum Said {
    /// So much of the layer is done, 0 to 1.
    Done(f64),
    Records(Vec<Record>),
    /// That was all.
    End,
    /// It cannot go on.
    Failed(String),
}

/// The features of a layer, one after the other.
pub struct Records {
    from: Receiver<Said>,
    ready: std::vec::IntoIter<Record>,
    /// How much of the layer is done, 0 to 1.
    pub done: f64,
    /// Why they ended early, where they did.
    pub failed: Option<String>,
}

impl Records {
    /// Those of the layer at `layer`.
    pub fn of(extract: &Arc<Extract>, layer: usize) -> Self {
        let (say, from) = sync_channel(WAITING);
        let extract = Arc::clone(extract);
        let telling = std::thread::Builder::new().name("osm".to_owned());
        let failed = telling.spawn(move || {
            let last = tell(&extract, layer, &say).map_or_else(Said::Failed, |()| Said::End);
            // Nobody listens where the import was given up.
            let _ = say.send(last);
        });
        Self {
            from,
            ready: Vec::new().into_iter(),
            done: 0.0,
            failed: failed.err().map(|error| error.to_string()),
        }
    }

    /// The next one; `step` hears how much is done while there is none yet.
    pub fn next(&mut self, step: &mut dyn FnMut(f64)) -> Option<Record> {
        loop {
            if let Some(record) = self.ready.next() {
                return Some(record);
            }
            // A thread that ended without a word was cut off: what it did not tell must not be taken for all there is.
            let said = self.from.recv();
            match said.unwrap_or_else(|_| Said::Failed("telling its features failed".to_owned())) {
                Said::End => return None,
                Said::Done(done) => {
                    self.done = done;
                    step(done);
                }
                Said::Records(records) => self.ready = records.into_iter(),
                Said::Failed(reason) => {
                    self.failed = Some(reason);
                    return None;
                }
            }
        }
    }
}

/// Where features of a layer are.
enum Task<'i> {
    Points(usize),
    Ways(usize),
    Relations(&'i [Relation]),
}

fn tell(extract: &Extract, layer: usize, say: &SyncSender<Said>) -> Result<(), String> {
    let index = extract.index(&mut |done| drop(say.send(Said::Done(done * SCAN_SHARE))))?;
    let has = |masks: &[u32]| -> Vec<usize> { (0..masks.len()).filter(|at| masks[*at] & 1 << layer != 0).collect() };
    let points = has(&index.points).into_iter().map(Task::Points);
    let ways = has(&index.ways).into_iter().map(Task::Ways);
    let relations = index.relations[layer].chunks(RELATIONS_AT_ONCE).map(Task::Relations);
    let tasks: Vec<Task<'_>> = points.chain(ways).chain(relations).collect();
    let mut done = 0;
    for part in tasks.chunks(AT_ONCE) {
        let told: Result<Vec<Vec<Record>>, String> = part
            .par_iter()
            .map(|task| task.records(extract, &index, layer))
            .collect();
        for records in told? {
            if say.send(Said::Records(records)).is_err() {
                return Ok(());
            }
        }
        done += part.len();
        let share = SCAN_SHARE + (1.0 - SCAN_SHARE) * done as f64 / tasks.len() as f64;
        let _ = say.send(Said::Done(share));
    }
    Ok(())
}

impl Task<'_> {
    fn records(&self, extract: &Extract, index: &Index, layer: usize) -> Result<Vec<Record>, String> {
        match self {
            Task::Points(at) => points(extract, layer, *at),
            Task::Ways(at) => ways(extract, index, layer, *at),
            Task::Relations(relations) => Ok(relations.iter().map(|relation| area_of(relation, index)).collect()),
        }
    }
}

fn points(extract: &Extract, layer: usize, at: usize) -> Result<Vec<Record>, String> {
    let (chooser, block) = (&extract.chooser, unpacked(&extract.pbf, at)?);
    let (known, mut records) = (chooser.know(&block), Vec::new());
    let done = block.each(NODES, &mut |element| {
        if let Body::Node(place) = element.body
            && !element.tags.is_empty()
            && chooser.layers_of(&known, element.tags, Form::Point) & 1 << layer != 0
        {
            let id = format!("n{}", element.id);
            let told = chooser.tell(layer, &known, element.tags, &id);
            let Coord { x, y } = coord(place);
            let geometry = Geometry::point(x, y).map_err(|e| e.to_string());
            records.push(Record::new(id, told, geometry));
        }
        Ok(())
    });
    done.map_err(|Malformed| extract.pbf.damaged(at))?;
    Ok(records)
}

fn ways(extract: &Extract, index: &Index, layer: usize, at: usize) -> Result<Vec<Record>, String> {
    let (chooser, block) = (&extract.chooser, unpacked(&extract.pbf, at)?);
    let (known, mut records, mut near) = (chooser.know(&block), Vec::new(), 0);
    let done = block.each(WAYS, &mut |element| {
        let Body::Way(refs) = element.body else { return Ok(()) };
        if element.tags.is_empty() {
            return Ok(());
        }
        let form = form_of(refs)?;
        if chooser.layers_of(&known, element.tags, form) & 1 << layer != 0 {
            let id = format!("w{}", element.id);
            let told = chooser.tell(layer, &known, element.tags, &id);
            let is_area = extract.is_area(layer, form);
            let geometry = match places(refs, index, &mut near)? {
                Err(missing) => Err(missing),
                Ok(places) if is_area => area(places),
                Ok(places) => line(places),
            };
            records.push(Record::new(id, told, geometry));
        }
        Ok(())
    });
    done.map_err(|Malformed| extract.pbf.damaged(at))?;
    Ok(records)
}

/// The places of a way; which node the file lacks, where it does.
fn places(refs: Deltas<'_>, index: &Index, near: &mut usize) -> Result<Result<Vec<Place>, String>, Malformed> {
    let mut places = Vec::new();
    for id in refs {
        let id = id?;
        match index.nodes.find(id, near) {
            Some(place) => places.push(place),
            None => return Ok(Err(format!("the file has no node {id}"))),
        }
    }
    Ok(Ok(places))
}

/// Degrees, as near to the written decimals as can be.
fn coord(place: Place) -> Coord {
    let [x, y] = place.map(|tenths| f64::from(tenths) / 1e7);
    Coord { x, y }
}

fn line(places: Vec<Place>) -> Result<Geometry, String> {
    if places.len() < 2 {
        return Err(format!("a way of {} nodes is no line", places.len()));
    }
    let path = Path::new(places.into_iter().map(coord).collect()).map_err(|e| e.to_string())?;
    Ok(Geometry::Lines(vec![path]))
}

/// The area inside a way that is closed; its shell runs counter-clockwise.
fn area(places: Vec<Place>) -> Result<Geometry, String> {
    if comes_back(&places) {
        return polygons(&[places]);
    }
    let mut coords: Vec<Coord> = places.into_iter().map(coord).collect();
    let origin = coords[0];
    let twice = coords.windows(2).map(|pair| {
        let [(ax, ay), (bx, by)] = [pair[0], pair[1]].map(|p| (p.x - origin.x, p.y - origin.y));
        ax * by - bx * ay
    });
    if twice.sum::<f64>() < 0.0 {
        coords.reverse();
    }
    let rings = vec![Path::new(coords).map_err(|e| e.to_string())?];
    Ok(Geometry::Polygons(vec![onemap_model::Polygon { rings }]))
}

/// Whether a closed way passes a place twice that is not its end, but for a node that is repeated right after itself.
fn comes_back(places: &[Place]) -> bool {
    let mut sorted = places[1..].to_vec();
    sorted.dedup();
    let count = sorted.len();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len() < count
}

fn area_of(relation: &Relation, index: &Index) -> Record {
    let Told { values, faults } = &relation.told;
    Record {
        id: relation.id.clone(),
        values: values.clone(),
        faults: faults.clone(),
        geometry: polygons_of(relation, index),
    }
}

fn polygons_of(relation: &Relation, index: &Index) -> Result<Geometry, String> {
    let (mut ways, mut near) = (Vec::new(), 0);
    for id in &relation.ways {
        let refs = index
            .members
            .get(id)
            .ok_or_else(|| format!("the file has no way {id}"))?;
        let place = |id: &i64| {
            let place = index.nodes.find(*id, &mut near);
            place.ok_or_else(|| format!("the file has no node {id}"))
        };
        ways.push(refs.iter().map(place).collect::<Result<Vec<Place>, _>>()?);
    }
    polygons(&ways)
}

/// The area that ways are the border of.
fn polygons(ways: &[Vec<Place>]) -> Result<Geometry, String> {
    match rings::polygons(ways) {
        Ok(polygons) => Ok(Geometry::Polygons(polygons)),
        Err(Fault::Open(place)) => {
            let Coord { x, y } = coord(place);
            Err(format!("its border is not closed: it ends at ({x}, {y})"))
        }
        Err(Fault::Empty) => Err("it has no border".to_owned()),
        Err(Fault::TooMany) => Err("it has too many rings".to_owned()),
    }
}

impl Record {
    fn new(id: String, told: Told, geometry: Result<Geometry, String>) -> Self {
        let Told { values, faults } = told;
        Self {
            id,
            values,
            faults,
            geometry,
        }
    }
}

impl Extract {
    /// What is known of the file, found out once; `step` hears how much of that is done.
    fn index(&self, step: &mut dyn FnMut(f64)) -> Result<Arc<Index>, String> {
        let mut index = self.index.lock().map_err(|_| "looking it through failed".to_owned())?;
        if let Some(index) = &*index {
            return Ok(Arc::clone(index));
        }
        let found = Arc::new(scan::scan(&self.pbf, &self.chooser, step)?);
        *index = Some(Arc::clone(&found));
        Ok(found)
    }

    /// Whether a way of this form is an area in the layer, rather than a line.
    fn is_area(&self, layer: usize, form: Form) -> bool {
        form == Form::Way { is_closed: true } && self.layers[layer].osm.areas
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_ends_without_a_word_is_a_failure_and_no_end() {
        for (last, fails) in [
            (None, true),
            (Some(Said::End), false),
            (Some(Said::Failed("x".into())), true),
        ] {
            let (say, from) = sync_channel(1);
            last.into_iter().for_each(|last| say.send(last).unwrap());
            drop(say);
            let mut records = Records {
                from,
                ready: Vec::new().into_iter(),
                done: 0.0,
                failed: None,
            };
            assert!(records.next(&mut |_| ()).is_none());
            assert_eq!(records.failed.is_some(), fails);
        }
    }
}
