//! Filling an R-tree at once: nodes are written full, bottom up, in the order that the entries come in.
//!
//! This writes the tables behind SQLite's `rtree` module (their form is fixed: sqlite.org/rtree.html, section 6), about
//! ten times faster than inserting. Memory: one node a level.

use super::fault::{Fault, Inner};
use super::table::quote;
use onemap_model::Bbox;
use rusqlite::{Connection, params};

const CELL_BYTES: usize = 24;
const HEADER_BYTES: usize = 4;
/// The node that is always the root.
const ROOT: i64 = 1;

/// An entry of a node: a feature in a leaf, a node above.
#[derive(Debug, Clone, Copy)]
struct Cell {
    id: i64,
    /// minx, maxx, miny, maxy, rounded outwards.
    bounds: [f32; 4],
}

/// Fills one empty R-tree.
pub(super) struct Packer<'c> {
    db: &'c Connection,
    rtree: String,
    node_bytes: usize,
    levels: Vec<Vec<Cell>>,
    last_node: i64,
}

impl<'c> Packer<'c> {
    /// Begins with the R-tree of this name, which must be empty.
    pub fn new(db: &'c Connection, rtree: &str) -> Inner<Self> {
        let sql = format!(
            "SELECT length(data) FROM {} WHERE nodeno = {ROOT}",
            quote(&format!("{rtree}_node"))
        );
        let node_bytes: i64 = db.query_row(&sql, [], |row| row.get(0))?;
        let node_bytes = usize::try_from(node_bytes)
            .ok()
            .filter(|&bytes| bytes >= HEADER_BYTES + 4 * CELL_BYTES);
        Ok(Self {
            db,
            rtree: rtree.to_owned(),
            node_bytes: node_bytes.ok_or_else(|| Fault::Damaged(format!("the root of {rtree} is too small")))?,
            levels: vec![Vec::new()],
            last_node: ROOT,
        })
    }

    /// Adds a feature. Neighbours should come one after the other.
    pub fn push(&mut self, id: i64, bbox: &Bbox) -> Inner<()> {
        let bounds = [down(bbox.west()), up(bbox.east()), down(bbox.south()), up(bbox.north())];
        self.add(0, Cell { id, bounds })
    }

    /// Writes what is left, the root last.
    pub fn finish(mut self) -> Inner<()> {
        let mut level = 0;
        while level + 1 < self.levels.len() {
            if !self.levels[level].is_empty() {
                self.flush(level)?;
            }
            level += 1;
        }
        let top = self.levels.len() - 1;
        let cells = std::mem::take(&mut self.levels[top]);
        self.write(ROOT, top, &cells)
    }

    fn add(&mut self, level: usize, cell: Cell) -> Inner<()> {
        // A tenth is left free, so that the first edits split no nodes.
        let capacity = (self.node_bytes - HEADER_BYTES) / CELL_BYTES * 9 / 10;
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        if self.levels[level].len() == capacity {
            self.flush(level)?;
        }
        self.levels[level].push(cell);
        Ok(())
    }

    /// Writes the open node of a level and enters it in the level above.
    fn flush(&mut self, level: usize) -> Inner<()> {
        let cells = std::mem::take(&mut self.levels[level]);
        self.last_node += 1;
        let id = self.last_node;
        self.write(id, level, &cells)?;
        let mut bounds = cells[0].bounds;
        for cell in &cells[1..] {
            let [west, east, south, north] = cell.bounds;
            bounds = [
                bounds[0].min(west),
                bounds[1].max(east),
                bounds[2].min(south),
                bounds[3].max(north),
            ];
        }
        self.add(level + 1, Cell { id, bounds })
    }

    fn write(&self, node: i64, level: usize, cells: &[Cell]) -> Inner<()> {
        let mut data = Vec::with_capacity(self.node_bytes);
        let depth = if node == ROOT { level as u16 } else { 0 };
        data.extend_from_slice(&depth.to_be_bytes());
        data.extend_from_slice(&(cells.len() as u16).to_be_bytes());
        for cell in cells {
            data.extend_from_slice(&cell.id.to_be_bytes());
            cell.bounds
                .iter()
                .for_each(|bound| data.extend_from_slice(&bound.to_be_bytes()));
        }
        data.resize(self.node_bytes, 0);
        let table = |suffix: &str| quote(&format!("{}_{suffix}", self.rtree));
        let sql = format!("INSERT OR REPLACE INTO {} (nodeno, data) VALUES (?, ?)", table("node"));
        self.db.prepare_cached(&sql)?.execute(params![node, data])?;
        let sql = match level {
            0 => format!("INSERT INTO {} (rowid, nodeno) VALUES (?, ?)", table("rowid")),
            _ => format!("INSERT INTO {} (nodeno, parentnode) VALUES (?, ?)", table("parent")),
        };
        let mut insert = self.db.prepare_cached(&sql)?;
        for cell in cells {
            insert.execute([cell.id, node])?;
        }
        Ok(())
    }
}

fn down(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) > value {
        near.next_down()
    } else {
        near
    }
}

fn up(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value { near.next_up() } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(count: i64) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE VIRTUAL TABLE r USING rtree(id, minx, maxx, miny, maxy)")
            .unwrap();
        let mut packer = Packer::new(&db, "r").unwrap();
        for i in 1..=count {
            let (x, y) = ((i % 100) as f64 / 7.0, (i / 100) as f64 / 3.0);
            packer.push(i, &Bbox::new(x, y, x + 0.1, y + 0.1).unwrap()).unwrap();
        }
        packer.finish().unwrap();
        db
    }

    #[test]
    fn a_packed_tree_of_any_size_is_sound_and_finds_everything() {
        for count in [0, 1, 45, 46, 51, 52, 500, 3000, 20_000] {
            let db = packed(count);
            let verdict: String = db.query_row("SELECT rtreecheck('r')", [], |row| row.get(0)).unwrap();
            assert_eq!(verdict, "ok", "{count} entries");
            let all: i64 = db.query_row("SELECT count(*) FROM r", [], |row| row.get(0)).unwrap();
            assert_eq!(all, count);
            let hit = "SELECT count(*) FROM r WHERE minx <= 0.5 AND maxx >= 0.3 AND miny <= 0.2 AND maxy >= 0.0";
            let hits: i64 = db.query_row(hit, [], |row| row.get(0)).unwrap();
            let expected = (1..=count).filter(|i| matches!(i % 100, 2 | 3) && i / 100 == 0).count();
            assert_eq!(hits as usize, expected, "{count} entries");
        }
    }

    #[test]
    fn a_packed_tree_takes_edits() {
        let db = packed(3000);
        db.execute_batch(
            "DELETE FROM r WHERE id % 3 = 0; INSERT INTO r SELECT id + 10000, minx, maxx, miny, maxy FROM r",
        )
        .unwrap();
        let verdict: String = db.query_row("SELECT rtreecheck('r')", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
        assert_eq!(
            db.query_row("SELECT count(*) FROM r", [], |row| row.get::<_, i64>(0))
                .unwrap(),
            4000
        );
    }
}
