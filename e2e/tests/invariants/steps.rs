//! What somebody may do to the layers, drawn at random, short enough to read where it fails.

use proptest::prelude::*;
use proptest::sample::select;

/// A layer of the small city.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    Spots,
    Plots,
}

impl Which {
    pub const ALL: [Self; 2] = [Self::Plots, Self::Spots];

    /// The name of the layer, and of its table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spots => "spots",
            Self::Plots => "plots",
        }
    }
}

/// The number of one of [`PLACES`].
pub type At = usize;

/// Where features are: some in one tile up to the largest zooms, others far away and at the edges of the world.
pub const PLACES: [(f64, f64); 8] = [
    (115.040_1, 30.200_1),
    (115.040_3, 30.200_2),
    (115.043, 30.203),
    (115.2, 30.3),
    (114.3, 30.6),
    (-179.999, 10.0),
    (179.998, 10.0),
    (20.0, -60.0),
];

/// Half the side of the plots, in degrees, by place: from less than a pixel of most zooms to larger than tiles.
pub const REACH: [f64; 8] = [0.000_05, 0.000_1, 0.002, 0.000_5, 0.05, 0.000_9, 0.001, 2.0];

/// One SQL statement on one layer.
#[derive(Debug, Clone)]
pub enum Sql {
    Insert(Which, u8, At),
    /// With a number of one's own, in the place of what has it.
    Put(Which, i64, u8, At),
    Move(Which, i64, At),
    MoveMany(Which, i64, At),
    Rename(Which, i64, u8),
    Count(Which, i64),
    CountMany(Which, i64),
    /// Sets it to what it is.
    Touch(Which, i64),
    Nowhere(Which, i64),
    /// Ends its valid time, long ago.
    End(Which, i64),
    Begin(Which, i64),
    Delete(Which, i64),
    DeleteMany(Which, i64),
    /// TRUNCATE, where there is one.
    Clear(Which),
}

impl Sql {
    pub fn layer(&self) -> Which {
        use Sql::*;
        match *self {
            Insert(w, ..) | Put(w, ..) | Move(w, ..) | MoveMany(w, ..) | Rename(w, ..) | Count(w, _) => w,
            CountMany(w, _) | Touch(w, _) | Nowhere(w, _) | End(w, _) | Begin(w, _) => w,
            Delete(w, _) | DeleteMany(w, _) | Clear(w) => w,
        }
    }
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    Commit,
    Rollback,
    /// Committed, but all statements after the first are taken back before.
    RollbackToFirst,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mode {
    Replace,
    Append,
    Upsert,
}

/// The rows of a delivery: code and place; each code once.
pub type Rows = Vec<(u8, At)>;

#[derive(Debug, Clone)]
pub enum Step {
    /// Statements of another program, in one transaction.
    Sql(Vec<Sql>, End),
    /// `onemap-import load`, with the key `code`.
    Load(Which, Mode, Rows),
    /// `ogr2ogr -overwrite`: the table is dropped and made anew.
    Overwrite(Which, Rows),
    /// `ogr2ogr -append`.
    Append(Which, Rows),
    Drop(Which),
    /// The server is killed and started again.
    Restart,
}

fn sql() -> impl Strategy<Value = Sql> {
    let which = || select(vec![Which::Spots, Which::Plots]);
    let one = || (which(), 1..9_i64);
    let at = || 0..PLACES.len();
    prop_oneof![
        3 => (which(), 0..8_u8, at()).prop_map(|(w, code, to)| Sql::Insert(w, code, to)),
        2 => (which(), 1..12_i64, 0..8_u8, at()).prop_map(|(w, fid, code, to)| Sql::Put(w, fid, code, to)),
        4 => (one(), at()).prop_map(|((w, fid), to)| Sql::Move(w, fid, to)),
        1 => (one(), at()).prop_map(|((w, fid), to)| Sql::MoveMany(w, fid, to)),
        2 => (one(), 0..8_u8).prop_map(|((w, fid), code)| Sql::Rename(w, fid, code)),
        3 => one().prop_map(|(w, fid)| Sql::Count(w, fid)),
        1 => one().prop_map(|(w, fid)| Sql::CountMany(w, fid)),
        1 => one().prop_map(|(w, fid)| Sql::Touch(w, fid)),
        1 => one().prop_map(|(w, fid)| Sql::Nowhere(w, fid)),
        1 => one().prop_map(|(w, fid)| Sql::End(w, fid)),
        1 => one().prop_map(|(w, fid)| Sql::Begin(w, fid)),
        2 => one().prop_map(|(w, fid)| Sql::Delete(w, fid)),
        1 => one().prop_map(|(w, fid)| Sql::DeleteMany(w, fid)),
        1 => which().prop_map(Sql::Clear),
    ]
}

fn rows() -> impl Strategy<Value = Rows> {
    prop::collection::btree_map(0..8_u8, 0..PLACES.len(), 1..6).prop_map(|rows| rows.into_iter().collect())
}

/// A sequence to try.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = || select(vec![Which::Spots, Which::Plots]);
    let end = select(vec![
        End::Commit,
        End::Commit,
        End::Commit,
        End::Rollback,
        End::RollbackToFirst,
    ]);
    let mode = select(vec![Mode::Replace, Mode::Append, Mode::Upsert]);
    let step = prop_oneof![
        12 => (prop::collection::vec(sql(), 1..5), end).prop_map(|(sql, end)| Step::Sql(sql, end)),
        4 => (which(), mode, rows()).prop_map(|(w, mode, rows)| Step::Load(w, mode, rows)),
        2 => (which(), rows()).prop_map(|(w, rows)| Step::Overwrite(w, rows)),
        1 => (which(), rows()).prop_map(|(w, rows)| Step::Append(w, rows)),
        1 => which().prop_map(Step::Drop),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..12)
}
