//! Boxes of about as many parcels each, spread over the city where its parcels are.

use anyhow::{Context, Result};
use onemap_testing::Database;

/// A box in longitude and latitude.
#[derive(Debug, Clone, Copy)]
pub struct Square {
    west: f64,
    south: f64,
    side: f64,
}

impl Square {
    /// As `bbox=` has it.
    pub fn to_query(self) -> String {
        let Self { west, south, side } = self;
        format!("{west:.7},{south:.7},{:.7},{:.7}", west + side, south + side)
    }

    /// As SQL.
    pub fn to_sql(self) -> String {
        format!("ST_MakeEnvelope({}, 4490)", self.to_query())
    }
}

/// `count` boxes that have about `wanted` parcels each, and how many they have on average.
///
/// # Errors
/// Where the database does not answer with numbers.
pub fn around_parcels(database: &Database<'_>, count: usize, wanted: f64) -> Result<(Vec<Square>, f64)> {
    let centres = centres(database, count)?;
    let mut side = 0.003;
    let mut found = (Vec::new(), 0.0);
    // Twice the size has about four times as many.
    for _ in 0..4 {
        let squares = squares(&centres, side);
        let mean = mean_count(database, &squares)?;
        found = (squares, mean);
        side *= (wanted / mean.max(1.0)).sqrt();
    }
    Ok(found)
}

/// `count` boxes of this side, in degrees.
///
/// # Errors
/// Where the database does not answer with numbers.
pub fn of_side(database: &Database<'_>, count: usize, side: f64) -> Result<Vec<Square>> {
    Ok(squares(&centres(database, count)?, side))
}

fn squares(centres: &[(f64, f64)], side: f64) -> Vec<Square> {
    let half = side / 2.0;
    let square = |&(x, y): &(f64, f64)| Square {
        west: x - half,
        south: y - half,
        side,
    };
    centres.iter().map(square).collect()
}

/// The middles of parcels, the same ones in each run.
fn centres(database: &Database<'_>, count: usize) -> Result<Vec<(f64, f64)>> {
    let sql = format!(
        "SELECT ST_X(c) || ' ' || ST_Y(c) FROM (SELECT ST_Centroid(geom) AS c FROM parcels \
         ORDER BY md5(fid::text) LIMIT {count}) AS chosen"
    );
    let place = |line: &str| {
        let (x, y) = line.split_once(' ')?;
        Some((x.parse().ok()?, y.parse().ok()?))
    };
    let answer = database.psql(&sql);
    let places: Option<Vec<_>> = answer.lines().map(place).collect();
    places.context("psql gave no places")
}

fn mean_count(database: &Database<'_>, squares: &[Square]) -> Result<f64> {
    let values: Vec<_> = squares.iter().map(|square| format!("({})", square.to_sql())).collect();
    let sql = format!(
        "SELECT count(*)::float8 / {} FROM (VALUES {}) AS boxes(box) JOIN parcels ON ST_Intersects(geom, box)",
        squares.len(),
        values.join(", ")
    );
    Ok(database.psql(&sql).trim().parse()?)
}
