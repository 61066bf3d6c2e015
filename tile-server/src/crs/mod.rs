//! Coordinate systems of answers and questions (OGC API Features, part 2): which there are, and how to get there.
//!
//! Everything inside the program is in longitude and latitude. Here positions leave it, and come in, in the axis order
//! that a system's authority says: latitude first for EPSG's geographic systems, northing first for Gauss-Krüger.
//! CGCS2000, WGS 84 and what else a store may be in are taken as equal, as everywhere (docs/decisions/0007).

mod name;
mod transverse_mercator;
mod web_mercator;
mod window;

use onemap_model::{Coord, Crs, Layer};
use std::fmt;
use transverse_mercator::Zone;

pub(crate) use name::CRS84;
pub(crate) use window::Window;

/// A coordinate reference system that answers can be in, and that boxes and filters can be written in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OutCrs {
    authority: Authority,
    kind: Kind,
}

/// Who gave the system its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Authority {
    /// OGC's own: longitude, then latitude.
    Crs84,
    /// EPSG's.
    Epsg(Crs),
}

/// How positions get there.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Geographic,
    WebMercator,
    GaussKruger(Zone),
}

/// What the numbers of a system are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Degrees.
    Degree,
    /// Metres.
    Metre,
}

/// The order in which an authority puts the two numbers of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AxisOrder {
    /// Longitude or easting first.
    EastNorth,
    /// Latitude or northing first.
    NorthEast,
}

impl OutCrs {
    /// Longitude and latitude, in which answers are where nothing else is asked for.
    pub(crate) const CRS84: OutCrs = OutCrs {
        authority: Authority::Crs84,
        kind: Kind::Geographic,
    };

    /// The system with EPSG's code `crs`, where it is one of those that every layer can be had in.
    pub(crate) fn of(crs: Crs) -> Option<Self> {
        let kind = match crs.code() {
            4326 | 4490 => Kind::Geographic,
            3857 => Kind::WebMercator,
            code => Kind::GaussKruger(Zone::of_cgcs2000(code)?),
        };
        Some(Self {
            authority: Authority::Epsg(crs),
            kind,
        })
    }

    /// The system that a layer's coordinates are stored in.
    pub(crate) fn storage(layer: &Layer) -> Self {
        // Stores are geographic; a code beyond those that are known here is, too.
        Self::of(layer.crs).unwrap_or(Self {
            authority: Authority::Epsg(layer.crs),
            kind: Kind::Geographic,
        })
    }

    /// All systems that every layer can be had in, the default first.
    pub(crate) fn all() -> impl Iterator<Item = OutCrs> {
        let codes = [4326, 4490, 3857].into_iter().chain(Zone::CODES);
        std::iter::once(Self::CRS84).chain(codes.filter_map(|code| Self::of(Crs::epsg(code))))
    }

    /// All systems that a layer can be had in: [`OutCrs::all`] and the one it is stored in.
    pub(crate) fn all_of(layer: &Layer) -> Vec<OutCrs> {
        let mut all: Vec<_> = Self::all().collect();
        let storage = Self::storage(layer);
        if !all.contains(&storage) {
            all.push(storage);
        }
        all
    }

    /// EPSG's code; none for CRS84.
    pub(crate) fn epsg(&self) -> Option<Crs> {
        match self.authority {
            Authority::Crs84 => None,
            Authority::Epsg(crs) => Some(crs),
        }
    }

    /// What the numbers are.
    pub(crate) fn unit(&self) -> Unit {
        match self.kind {
            Kind::Geographic => Unit::Degree,
            Kind::WebMercator | Kind::GaussKruger(_) => Unit::Metre,
        }
    }

    /// Which number the authority puts first.
    pub(crate) fn axis_order(&self) -> AxisOrder {
        match (self.authority, self.kind) {
            (Authority::Crs84, _) | (_, Kind::WebMercator) => AxisOrder::EastNorth,
            (_, Kind::Geographic | Kind::GaussKruger(_)) => AxisOrder::NorthEast,
        }
    }

    /// From longitude and latitude to longitude or easting, then latitude or northing, whatever the authority's order
    /// ([`OutCrs::ordered`]); not rounded. None where the system has no place for it: a quarter of the globe and more from
    /// a zone's meridian.
    #[inline]
    pub(crate) fn east_north(&self, lonlat: Coord) -> Option<Coord> {
        match &self.kind {
            Kind::Geographic => Some(lonlat),
            Kind::WebMercator => Some(web_mercator::project(lonlat)),
            Kind::GaussKruger(zone) => zone.project(lonlat),
        }
    }

    /// From the two numbers of a position in the authority's order to longitude and latitude; none where there is no
    /// such place.
    pub(crate) fn unproject(&self, at: Coord) -> Option<Coord> {
        // The change of order is its own opposite.
        let at = self.ordered(at);
        match &self.kind {
            Kind::Geographic => Some(at),
            Kind::WebMercator => Some(web_mercator::unproject(at)),
            Kind::GaussKruger(zone) => zone.unproject(at),
        }
    }

    /// A position as it is written: metres to the millimetre, degrees as they are.
    #[inline]
    pub(crate) fn rounded(&self, at: Coord) -> Coord {
        let round = |number: f64| (number * 1000.0).round() / 1000.0;
        match self.unit() {
            Unit::Degree => at,
            Unit::Metre => Coord {
                x: round(at.x),
                y: round(at.y),
            },
        }
    }

    /// Changes between east-north and the authority's order.
    #[inline]
    pub(crate) fn ordered(&self, at: Coord) -> Coord {
        match self.axis_order() {
            AxisOrder::EastNorth => at,
            AxisOrder::NorthEast => Coord { x: at.y, y: at.x },
        }
    }

    /// The value of the `Content-Crs` header.
    pub(crate) fn content_crs(&self) -> String {
        format!("<{}>", self.uri())
    }
}

impl fmt::Display for OutCrs {
    /// `EPSG:4547`, `OGC:CRS84`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.authority {
            Authority::Crs84 => f.write_str("OGC:CRS84"),
            Authority::Epsg(crs) => write!(f, "{crs}"),
        }
    }
}

#[cfg(test)]
mod tests;
