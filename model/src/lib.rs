//! The words of one city's map: layers, features, values, time, boxes, tile grids, change sets and findings.
//!
//! Every other crate speaks in these types. This one knows no files, no SQL, no HTTP, no threads and no logging:
//! each type is checked once, when it is made, and needs no checking after that.
//!
//! Coordinates inside the program are always `(x, y)`: longitude and latitude in degrees for geographic systems,
//! easting and northing in metres for projected ones, whatever order the authority of the system prefers.

mod bbox;
mod change;
pub mod cql2;
mod crs;
mod feature;
mod finding;
mod generalise;
mod geometry;
mod geometry_type;
mod layer;
pub mod measure;
mod name;
mod secrecy;
mod tile;
mod tile_range;
mod time;
mod value;
pub mod wkb;

pub use bbox::{Bbox, BboxError};
pub use change::{Change, ChangeSet, Epoch, EpochError, Operation, Version};
pub use crs::{Crs, CrsError};
pub use feature::{Feature, Fid, FidError, Row};
pub use finding::{Finding, FindingCode, Findings, Severity};
pub use generalise::{Generalise, Rank, RankOrder};
pub use geometry::{Coord, Geometry, GeometryError, Path, Polygon};
pub use geometry_type::{Dimension, GeometryType};
pub use layer::{Access, Field, Layer, LayerError, ZoomRange, ZoomRangeError};
pub use name::{Name, NameError};
pub use secrecy::Secrecy;
pub use tile::{TileCoord, TileCoordError, TileMatrixSet, WorldPoint};
pub use tile_range::TileRange;
pub use time::{Date, Instant, TimeError, TimeSpan};
pub use value::{FieldType, Finite, Value};
