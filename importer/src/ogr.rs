//! The few calls into GDAL's C interface that the `gdal` crate has no safe form of.
//!
//! Why they are needed: texts as bytes (sources that are not UTF-8), the offset of times, fields by number without a
//! name look-up for each value, boolean sub-types, several layers read in one pass (OSM), curves made straight.
//!
//! Everything public here is safe to call. A [`Feature`] borrows its data set, so that it cannot outlive it; texts and
//! lists borrow the feature that owns them and end when it does.
#![allow(unsafe_code)]

use gdal::Dataset;
use gdal::vector::LayerAccess;
use gdal_sys::{OGRErr, OGRFeatureH, OGRGeometryH, OGRwkbByteOrder, OGRwkbGeometryType};
use std::ffi::{CStr, CString, c_int};
use std::marker::PhantomData;
use std::ptr::{null, null_mut};

/// One feature as a source gave it.
pub struct Feature<'d> {
    raw: OGRFeatureH,
    dataset: PhantomData<&'d Dataset>,
}

/// A date and time as a source gave them, unchecked.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RawTime {
    /// Year, month and day.
    pub date: [c_int; 3],
    /// Hour and minute.
    pub clock: [c_int; 2],
    /// Seconds with their fraction.
    pub second: f32,
    /// 0 unknown, 1 local, 100 UTC, and one more or less for each quarter of an hour east or west.
    pub zone: c_int,
}

/// A geometry as bytes, and what was done to get there.
#[derive(Debug, Default)]
pub struct WkbOutcome {
    /// Curves, triangles or surfaces were made into plain lines and polygons.
    pub linearised: bool,
    /// It had M values.
    pub measured: bool,
}

/// What a field is in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDefn {
    /// The name as the bytes it is in.
    pub name: Vec<u8>,
    /// `OGRFieldType`.
    pub kind: u32,
    /// `OGRFieldSubType`.
    pub sub_kind: u32,
    /// The width in characters or bytes where the source limits it, else 0.
    pub width: usize,
}

/// Forbids PROJ to fetch grids from the network.
pub fn forbid_proj_network() {
    // SAFETY: takes an integer, touches only PROJ's own settings.
    unsafe { gdal_sys::OSRSetPROJEnableNetwork(0) }
}

/// The fields of a layer.
pub fn field_defns(layer: &impl LayerAccess) -> Vec<FieldDefn> {
    // SAFETY: the layer lives as long as the borrow; its definition and the definition's fields are owned by it and
    // are not changed while we read. `at` stays below the count. A name is a NUL-terminated string of the field.
    unsafe {
        let defn = gdal_sys::OGR_L_GetLayerDefn(layer.c_layer());
        (0..gdal_sys::OGR_FD_GetFieldCount(defn))
            .map(|at| {
                let field = gdal_sys::OGR_FD_GetFieldDefn(defn, at);
                FieldDefn {
                    name: CStr::from_ptr(gdal_sys::OGR_Fld_GetNameRef(field)).to_bytes().to_vec(),
                    kind: gdal_sys::OGR_Fld_GetType(field),
                    sub_kind: gdal_sys::OGR_Fld_GetSubType(field),
                    width: usize::try_from(gdal_sys::OGR_Fld_GetWidth(field)).unwrap_or(0),
                }
            })
            .collect()
    }
}

/// The name of a layer as the bytes it is in.
pub fn layer_name(layer: &impl LayerAccess) -> Vec<u8> {
    // SAFETY: the layer lives as long as the borrow; its name is a NUL-terminated string that it owns, copied here.
    unsafe {
        CStr::from_ptr(gdal_sys::OGR_L_GetName(layer.c_layer()))
            .to_bytes()
            .to_vec()
    }
}

/// The kind of geometry that a layer declares.
pub fn layer_geometry_type(layer: &impl LayerAccess) -> OGRwkbGeometryType::Type {
    // SAFETY: the layer lives as long as the borrow.
    unsafe { gdal_sys::OGR_L_GetGeomType(layer.c_layer()) }
}

/// The column that a feature's number is kept in; empty where the source has none.
pub fn number_column(layer: &impl LayerAccess) -> Vec<u8> {
    // SAFETY: the layer lives as long as the borrow; the name is a NUL-terminated string that it owns, copied here.
    unsafe {
        CStr::from_ptr(gdal_sys::OGR_L_GetFIDColumn(layer.c_layer()))
            .to_bytes()
            .to_vec()
    }
}

/// Begins a transaction, which ends with the data set.
///
/// # Errors
/// What GDAL says.
pub fn begin(dataset: &Dataset) -> Result<(), String> {
    // SAFETY: the data set lives as long as the borrow; the call changes nothing but its transaction.
    let code = unsafe { gdal_sys::GDALDatasetStartTransaction(dataset.c_dataset(), 0) };
    match code {
        OGRErr::OGRERR_NONE => Ok(()),
        code => {
            Err(crate::messages::take_line().unwrap_or_else(|| format!("no transaction begins (OGR error {code})")))
        }
    }
}

/// Ends a transaction that [`begin`] began, keeping what was written in it.
///
/// # Errors
/// What GDAL says.
pub fn commit(dataset: &Dataset) -> Result<(), String> {
    // SAFETY: the data set lives as long as the borrow; the call changes nothing but its transaction.
    let code = unsafe { gdal_sys::GDALDatasetCommitTransaction(dataset.c_dataset()) };
    match code {
        OGRErr::OGRERR_NONE => Ok(()),
        code => Err(crate::messages::take_line().unwrap_or_else(|| format!("it was not kept (OGR error {code})"))),
    }
}

/// Gives a feature that is being made its number; -1 leaves it to the layer.
pub fn set_number(feature: &gdal::vector::Feature<'_>, number: i64) {
    // SAFETY: the feature lives as long as the borrow and is ours; a number is all that is changed, and nothing that
    // was borrowed from the feature depends on it.
    unsafe { gdal_sys::OGR_F_SetFID(feature.c_feature(), number) };
}

/// Starts reading a layer from its beginning.
pub fn rewind_layer(layer: &impl LayerAccess) {
    // SAFETY: the layer lives as long as the borrow.
    unsafe { gdal_sys::OGR_L_ResetReading(layer.c_layer()) }
}

/// The next feature of a layer; none at its end and where reading fails.
pub fn next_of_layer<'d>(layer: &gdal::vector::Layer<'d>) -> Option<Feature<'d>> {
    // SAFETY: the layer borrows its data set for 'd, and so does the feature, which we own and destroy on drop.
    let raw = unsafe { gdal_sys::OGR_L_GetNextFeature(layer.c_layer()) };
    own(raw)
}

/// Starts reading the named layers of an OSM data set, all other layers being left out.
pub fn rewind_osm(dataset: &Dataset, layer: &str) {
    let Ok(statement) = CString::new(format!("SET interest_layers = {layer}")) else {
        return;
    };
    // SAFETY: the data set lives as long as the borrow; the statement is NUL-terminated and outlives the call; a
    // result set, which this statement does not have, would be released at once.
    unsafe {
        let rows = gdal_sys::GDALDatasetExecuteSQL(dataset.c_dataset(), statement.as_ptr(), null_mut(), null());
        if !rows.is_null() {
            gdal_sys::GDALDatasetReleaseResultSet(dataset.c_dataset(), rows);
        }
        gdal_sys::GDALDatasetResetReading(dataset.c_dataset());
    }
}

/// The next feature of a data set that interleaves its layers, with whether it is of `layer`, and how much of the
/// data set was read (0 to 1); none at its end and where reading fails.
pub fn next_of_dataset<'d>(dataset: &'d Dataset, layer: &gdal::vector::Layer<'d>) -> Option<(Feature<'d>, bool, f64)> {
    let (mut belonging, mut read) = (null_mut(), 0.0);
    // SAFETY: the data set lives for 'd; both out pointers are to live locals; no progress function is given. The
    // feature is ours and destroyed on drop. Layer handles are only compared.
    let (raw, ours) = unsafe {
        let raw = gdal_sys::GDALDatasetGetNextFeature(dataset.c_dataset(), &mut belonging, &mut read, None, null_mut());
        (raw, belonging == layer.c_layer())
    };
    own(raw).map(|feature| (feature, ours, read))
}

fn own<'d>(raw: OGRFeatureH) -> Option<Feature<'d>> {
    (!raw.is_null()).then_some(Feature {
        raw,
        dataset: PhantomData,
    })
}

impl Drop for Feature<'_> {
    fn drop(&mut self) {
        // SAFETY: `raw` came from GDAL as ours to destroy, and nothing borrowed from it outlives `self`.
        unsafe { gdal_sys::OGR_F_Destroy(self.raw) }
    }
}

impl Feature<'_> {
    /// The number in the source; -1 where it has none.
    pub fn fid(&self) -> i64 {
        // SAFETY: `raw` is a live feature.
        unsafe { gdal_sys::OGR_F_GetFID(self.raw) }
    }

    /// `at` as GDAL counts, where the feature has such a field and a value in it.
    fn present(&self, at: usize) -> Option<c_int> {
        let at = c_int::try_from(at).ok()?;
        // SAFETY: `raw` is a live feature, and the number is checked against its field count before it is used.
        let there = unsafe {
            at < gdal_sys::OGR_F_GetFieldCount(self.raw) && gdal_sys::OGR_F_IsFieldSetAndNotNull(self.raw, at) != 0
        };
        there.then_some(at)
    }

    /// An integer field.
    pub fn int(&self, at: usize) -> Option<i64> {
        // SAFETY: a live feature and a field that it has.
        self.present(at)
            .map(|at| unsafe { gdal_sys::OGR_F_GetFieldAsInteger64(self.raw, at) })
    }

    /// A number field.
    pub fn double(&self, at: usize) -> Option<f64> {
        // SAFETY: a live feature and a field that it has.
        self.present(at)
            .map(|at| unsafe { gdal_sys::OGR_F_GetFieldAsDouble(self.raw, at) })
    }

    /// Any field as text, as the bytes it is in.
    ///
    /// For fields that are no text GDAL writes into a buffer of the feature that the next such call overwrites; hence
    /// the exclusive borrow.
    pub fn text(&mut self, at: usize) -> Option<&[u8]> {
        let at = self.present(at)?;
        // SAFETY: a live feature and a field that it has; the NUL-terminated string is the feature's own and stays
        // until the feature is changed or asked again, which the exclusive borrow prevents.
        unsafe {
            let text = gdal_sys::OGR_F_GetFieldAsString(self.raw, at);
            (!text.is_null()).then(|| CStr::from_ptr(text).to_bytes())
        }
    }

    /// A binary field.
    pub fn bytes(&self, at: usize) -> Option<&[u8]> {
        let at = self.present(at)?;
        let mut count = 0;
        // SAFETY: a live feature and a field that it has; the bytes are the feature's own, which we cannot change.
        unsafe {
            let bytes = gdal_sys::OGR_F_GetFieldAsBinary(self.raw, at, &mut count);
            slice(bytes, count)
        }
    }

    /// A field of a list of 32-bit integers.
    pub fn ints(&self, at: usize) -> Option<&[c_int]> {
        let at = self.present(at)?;
        let mut count = 0;
        // SAFETY: as for `bytes`.
        unsafe { slice(gdal_sys::OGR_F_GetFieldAsIntegerList(self.raw, at, &mut count), count) }
    }

    /// A field of a list of 64-bit integers.
    pub fn longs(&self, at: usize) -> Option<&[i64]> {
        let at = self.present(at)?;
        let mut count = 0;
        // SAFETY: as for `bytes`.
        unsafe { slice(gdal_sys::OGR_F_GetFieldAsInteger64List(self.raw, at, &mut count), count) }
    }

    /// A field of a list of numbers.
    pub fn doubles(&self, at: usize) -> Option<&[f64]> {
        let at = self.present(at)?;
        let mut count = 0;
        // SAFETY: as for `bytes`.
        unsafe { slice(gdal_sys::OGR_F_GetFieldAsDoubleList(self.raw, at, &mut count), count) }
    }

    /// A field of a list of texts.
    pub fn texts(&self, at: usize) -> Option<Vec<&[u8]>> {
        let at = self.present(at)?;
        let mut out = Vec::new();
        // SAFETY: a live feature and a field that it has; the list is null or ends with a null pointer, its strings
        // are NUL-terminated, and all belong to the feature, which we cannot change.
        unsafe {
            let mut list = gdal_sys::OGR_F_GetFieldAsStringList(self.raw, at);
            while !list.is_null() && !(*list).is_null() {
                out.push(CStr::from_ptr(*list).to_bytes());
                list = list.add(1);
            }
        }
        Some(out)
    }

    /// A field of a date, a time of day, or both.
    pub fn time(&self, at: usize) -> Option<RawTime> {
        let at = self.present(at)?;
        let mut time = RawTime::default();
        let ([year, month, day], [hour, minute]) = (&mut time.date, &mut time.clock);
        // SAFETY: a live feature and a field that it has; all out pointers are to live locals of the right types.
        let ok = unsafe {
            let second = &mut time.second;
            gdal_sys::OGR_F_GetFieldAsDateTimeEx(self.raw, at, year, month, day, hour, minute, second, &mut time.zone)
        };
        (ok != 0).then_some(time)
    }

    /// Writes the geometry as ISO WKB into `out`, curves made straight; none where there is no geometry, false inside
    /// where it cannot be written.
    pub fn wkb(&self, out: &mut Vec<u8>) -> Option<Result<WkbOutcome, String>> {
        // SAFETY: a live feature; the geometry is its own and only read while `self` is borrowed.
        unsafe {
            let geometry = gdal_sys::OGR_F_GetGeometryRef(self.raw);
            (!geometry.is_null()).then(|| write_wkb(geometry, out))
        }
    }
}

/// Writes a geometry as ISO WKB into `out`, curves made straight.
///
/// # Errors
/// Why it cannot be written, in words.
pub fn wkb(geometry: &gdal::vector::Geometry, out: &mut Vec<u8>) -> Result<WkbOutcome, String> {
    // SAFETY: the geometry lives as long as the borrow and is only read.
    unsafe { write_wkb(geometry.c_geometry(), out) }
}

/// A slice over what GDAL returned as pointer and count; none where it is null.
///
/// # Safety
/// `start` is null or points to `count` initialised items that nobody changes or frees for `'a`.
unsafe fn slice<'a, T>(start: *const T, count: c_int) -> Option<&'a [T]> {
    let count = usize::try_from(count).ok()?;
    if start.is_null() {
        return (count == 0).then_some(&[]);
    }
    // SAFETY: the caller's promise.
    Some(unsafe { std::slice::from_raw_parts(start, count) })
}

/// # Safety
/// `geometry` is a live geometry that nobody changes meanwhile.
unsafe fn write_wkb(geometry: OGRGeometryH, out: &mut Vec<u8>) -> Result<WkbOutcome, String> {
    out.clear();
    // SAFETY: the caller's promise; a straight copy, where one is made, is ours, used only inside, destroyed after.
    unsafe {
        let measured = gdal_sys::OGR_G_IsMeasured(geometry) != 0;
        let straight = straighten(geometry);
        let result = export(straight.unwrap_or(geometry), out);
        if let Some(copy) = straight {
            gdal_sys::OGR_G_DestroyGeometry(copy);
        }
        result.map(|()| WkbOutcome {
            linearised: straight.is_some(),
            measured,
        })
    }
}

/// A copy with lines and polygons only, where `geometry` has anything else.
///
/// # Safety
/// `geometry` is a live geometry that nobody changes meanwhile; the copy is the caller's to destroy.
unsafe fn straighten(geometry: OGRGeometryH) -> Option<OGRGeometryH> {
    use OGRwkbGeometryType as Ogr;
    // SAFETY: the caller's promise. `OGR_G_ForceTo` takes possession of its argument, so it gets a clone.
    let copy = unsafe {
        match gdal_sys::OGR_GT_Flatten(gdal_sys::OGR_G_GetGeometryType(geometry)) {
            Ogr::wkbTIN | Ogr::wkbPolyhedralSurface | Ogr::wkbTriangle => {
                let clone = gdal_sys::OGR_G_Clone(geometry);
                gdal_sys::OGR_G_ForceTo(clone, Ogr::wkbMultiPolygon, null_mut())
            }
            _ if gdal_sys::OGR_G_HasCurveGeometry(geometry, 1) != 0 => {
                gdal_sys::OGR_G_GetLinearGeometry(geometry, 0.0, null_mut())
            }
            _ => return None,
        }
    };
    (!copy.is_null()).then_some(copy)
}

/// # Safety
/// `geometry` is a live geometry that nobody changes meanwhile.
unsafe fn export(geometry: OGRGeometryH, out: &mut Vec<u8>) -> Result<(), String> {
    // SAFETY: the caller's promise; the buffer has exactly the size that GDAL says it fills, all of it initialised.
    unsafe {
        let size =
            usize::try_from(gdal_sys::OGR_G_WkbSize(geometry)).map_err(|_| "it is larger than 2 GB".to_owned())?;
        out.resize(size, 0);
        match gdal_sys::OGR_G_ExportToIsoWkb(geometry, OGRwkbByteOrder::wkbNDR, out.as_mut_ptr()) {
            OGRErr::OGRERR_NONE => Ok(()),
            code => Err(format!("it cannot be written as WKB (OGR error {code})")),
        }
    }
}

/// Whether the geometry in `wkb` is valid in the sense of OGC Simple Features; GEOS's reason where it is not.
pub fn invalidity(wkb: &[u8]) -> Option<String> {
    crate::messages::forget();
    let geometry = gdal::vector::Geometry::from_wkb(wkb).ok()?;
    let valid = geometry.is_valid();
    let said = crate::messages::take_line();
    (!valid).then(|| said.unwrap_or_else(|| "invalid".to_owned()))
}
