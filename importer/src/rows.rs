//! Rows: reading the features of a planned layer one after the other, decoded, checked and turned to the store's CRS.
//!
//! A row that cannot be decoded, or whose coordinates have no place on earth, is set aside with a finding; every other
//! row is passed on, with findings where something is wrong with it.

use crate::error::Result;
use crate::fields::{Origin, Role};
use crate::geometry::{self, Kinds};
use crate::keys::{Keys, Verdict};
use crate::mixed::Mixed;
use crate::osm::Record;
use crate::plan::Plan;
use crate::quality::layer::{LayerChecks, Validity};
use crate::quality::{City, shape, validity};
use crate::quarantine::Quarantine;
use crate::stream::{Feature, Stream};
use crate::table::{self, Position};
use crate::values::Reader;
use crate::{interrupt, messages, ogr, repair};
use onemap_model::{
    Coord, Date, Finding, FindingCode, Findings, Geometry, GeometryType, Instant, Row, Severity, TimeSpan, Value,
};

/// What came of reading a layer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Rows that were read.
    pub read: u64,
    /// Rows that were passed on.
    pub passed: u64,
    /// Rows that were set aside.
    pub set_aside: u64,
    /// The kind of the layer's geometries, as it turned out.
    pub geometry_type: Option<GeometryType>,
    /// Why reading ended before the end of the source, where it did.
    pub broken: Option<String>,
}

/// How far reading has come: rows, and the fraction of the source where that is known.
pub type Step<'a> = dyn FnMut(u64, Option<f64>) + 'a;

/// Reads all rows of `plan` and hands those that can be loaded to `sink`, with the checks of single rows only. `step`
/// hears of every row.
///
/// # Errors
/// Those of `sink`, and where the user stops it.
pub fn read(
    plan: &Plan<'_>,
    findings: &mut Findings,
    step: &mut Step<'_>,
    sink: &mut dyn FnMut(Row) -> Result<()>,
) -> Result<Outcome> {
    read_for(
        (&mut City::default(), &mut Quarantine::default()),
        plan,
        findings,
        step,
        sink,
    )
}

/// Reads as [`read`] does, keeps in `city` what the checks between features and layers need, and rows that are set aside
/// in `quarantine`.
///
/// # Errors
/// Those of `sink` and of `quarantine`, and where the user stops it.
pub fn read_for(
    (city, quarantine): (&mut City, &mut Quarantine),
    plan: &Plan<'_>,
    findings: &mut Findings,
    step: &mut Step<'_>,
    sink: &mut dyn FnMut(Row) -> Result<()>,
) -> Result<Outcome> {
    plan.findings.iter().for_each(|finding| findings.push(finding.clone()));
    let checks = city.layer(&plan.layer, plan.rules.clone(), plan.rows);
    let mut reading = Reading::new(plan, findings, checks);
    let mut stream = Stream::start(plan);
    loop {
        interrupt::check()?;
        messages::forget();
        let read = reading.outcome.read;
        let Some((mut feature, fraction)) = stream.next(&mut |done| step(read, Some(done))) else {
            break;
        };
        reading.outcome.read += 1;
        step(reading.outcome.read, fraction);
        match reading.row(&mut feature) {
            Some((row, place)) => {
                reading.outcome.passed += 1;
                if let Some(place) = place {
                    city.see(place);
                }
                sink(row)?;
            }
            None => {
                reading.outcome.set_aside += 1;
                quarantine.keep(plan, &mut feature, &reading.reasons)?;
            }
        }
    }
    interrupt::check()?;
    let (outcome, checks) = reading.finish(stream.failure());
    city.add(checks);
    Ok(outcome)
}

struct Reading<'p, 's, 'f> {
    plan: &'p Plan<'s>,
    findings: &'f mut Findings,
    layer: String,
    keys: Keys,
    kinds: Kinds,
    wkb: Vec<u8>,
    outcome: Outcome,
    checks: LayerChecks,
    mixed: Mixed,
    /// Why the present row is set aside.
    reasons: String,
    /// Whether the geometry of the present row is valid.
    validity: Validity,
}

impl<'p, 's, 'f> Reading<'p, 's, 'f> {
    fn new(plan: &'p Plan<'s>, findings: &'f mut Findings, checks: LayerChecks) -> Self {
        let layer = plan.layer.name().to_string();
        let (kinds, wkb, outcome) = Default::default();
        Self {
            plan,
            findings,
            layer,
            keys: Keys::expecting(plan.rows.unwrap_or(0)),
            kinds,
            wkb,
            outcome,
            checks,
            mixed: Mixed::default(),
            reasons: String::new(),
            validity: Validity::Valid,
        }
    }

    fn finish(mut self, failure: Option<String>) -> (Outcome, LayerChecks) {
        let expected = self.plan.rows.unwrap_or(0);
        let short = || format!("{expected} rows are announced");
        if let Some(reason) = failure.or_else(|| (self.outcome.read < expected).then(short)) {
            let message = format!("reading ended after {} rows: {reason}", self.outcome.read);
            self.note(FindingCode::RowUnreadable, None, None, || message.clone());
            self.outcome.broken = Some(message);
        }
        if let Some(sentence) = self.mixed.sentence(self.plan.crs_label.as_deref().unwrap_or_default()) {
            self.note(FindingCode::CrsMixed, None, None, || sentence);
        }
        self.outcome.geometry_type = Some(match self.plan.reprojector {
            Some(_) => self.kinds.layer_type(self.plan.declared),
            None => GeometryType::None,
        });
        (self.outcome, self.checks)
    }

    /// The row of a feature, and the middle of its geometry; none where it is set aside.
    fn row(&mut self, feature: &mut Feature<'_>) -> Option<(Row, Option<Coord>)> {
        let warned = messages::take().into_iter().find(|message| message.failure);
        self.validity = Validity::Valid;
        self.reasons.clear();
        let (values, from, to) = self.values(feature);
        let id = self.id(feature, &values);
        if let Some(warned) = warned {
            self.note(FindingCode::GeometryInvalid, Some(&id), None, || warned.text.clone());
        }
        let geometry = self.geometry(feature, &id)?;
        let place = geometry.as_ref().and_then(geometry::middle);
        let valid = self.valid((from, to), &id, place);
        self.check_key(&values, valid, &id, place);
        let row = Row {
            geometry,
            values,
            valid,
        };
        self.check_row(&row, &id, place);
        Some((row, place))
    }

    fn check_row(&mut self, row: &Row, id: &str, place: Option<Coord>) {
        let Self {
            checks,
            findings,
            layer,
            validity,
            ..
        } = self;
        let mut note = |code, place, message: String| {
            findings.push_with(layer, code, || Finding {
                code,
                layer: layer.clone(),
                feature: Some(id.to_owned()),
                place,
                message,
            });
        };
        if let Some(geometry) = row.geometry.as_ref().filter(|_| *validity == Validity::Valid) {
            for fault in shape::faults(geometry) {
                note(fault.code, Some(fault.at), fault_text(fault.code));
            }
        }
        checks.row(row, id, (*validity, place), &mut note);
    }

    /// Judges a geometry as the source has it; places are told in the store's system.
    fn judge(&mut self, geometry: &Geometry, id: &str) {
        for fault in validity::faults(geometry) {
            self.validity = Validity::Invalid;
            let turned = Geometry::point(fault.at.x, fault.at.y).ok().and_then(|point| {
                let way = self.plan.reprojector.as_ref()?;
                way.apply(point).ok()?.coords().next()
            });
            self.note(fault.code, Some(id), turned.or(Some(fault.at)), || match turned {
                Some(at) if at != fault.at => {
                    let Coord { x, y } = fault.at;
                    format!("{}；来源坐标 / in the source ({x}, {y})", fault_text(fault.code))
                }
                _ => fault_text(fault.code),
            });
        }
    }

    fn values(&mut self, feature: &mut Feature<'_>) -> (Vec<Value>, Option<Instant>, Option<Instant>) {
        let plan = self.plan;
        let reader = Reader {
            decoder: &plan.decoder,
            utc_offset_minutes: plan.layer.utc_offset_minutes,
        };
        let mut values = Vec::with_capacity(plan.fields.fields.len());
        let (mut from, mut to) = (Value::Null, Value::Null);
        let mut notes = Vec::new();
        for fault in feature.faults() {
            self.note(FindingCode::ValueOutOfRange, Some(&feature.name()), None, || fault);
        }
        for input in &plan.fields.inputs {
            let (name, value) = match &input.origin {
                Origin::Column(column) => {
                    let value = feature.value(column, &reader, &mut notes);
                    (&column.source_name, value)
                }
                Origin::Constant(name, value) => (name, value.clone()),
            };
            let value = match &input.conversion {
                Some(conversion) => conversion.turn(value, &reader, &mut notes),
                None => value,
            };
            for (code, message) in notes.drain(..) {
                self.note(code, Some(&feature.name()), None, || format!("{name}: {message}"));
            }
            match input.role {
                Role::Value => values.push(value),
                Role::ValidFrom => from = value,
                Role::ValidTo => to = value,
            }
        }
        (values, self.moment(&from), self.moment(&to))
    }

    fn valid(&mut self, (from, to): (Option<Instant>, Option<Instant>), id: &str, place: Option<Coord>) -> TimeSpan {
        TimeSpan::new(from, to).unwrap_or_else(|wrong| {
            self.note(FindingCode::ValidTimeInverted, Some(id), place, || wrong.to_string());
            TimeSpan::new(from, None).expect("an open end is after any beginning")
        })
    }

    fn moment(&self, value: &Value) -> Option<Instant> {
        let start = |date: &Date| date.start(self.plan.layer.utc_offset_minutes);
        match value {
            Value::Date(date) => Some(start(date)),
            Value::DateTime(moment) => Some(*moment),
            _ => None,
        }
    }

    /// What the feature is called in findings: its key, else its number in the source.
    fn id(&self, feature: &Feature<'_>, values: &[Value]) -> String {
        let key = self
            .plan
            .layer
            .key()
            .and_then(|at| values.get(at))
            .filter(|key| !key.is_null());
        key.map_or_else(|| feature.name(), ToString::to_string)
    }

    fn check_key(&mut self, values: &[Value], valid: TimeSpan, id: &str, place: Option<Coord>) {
        let Some(at) = self.plan.layer.key() else { return };
        match self.keys.see(&values[at], valid) {
            Verdict::Fine => {}
            Verdict::Null => self.note(FindingCode::KeyNull, Some(id), place, || "the key is null".into()),
            Verdict::Twice => {
                self.note(FindingCode::KeyDuplicate, Some(id), place, || {
                    format!("the key {id:?} comes more than once")
                });
            }
        }
    }

    /// The geometry in the store's CRS: none outside where the row is set aside, none inside where it has none.
    fn geometry(&mut self, feature: &mut Feature<'_>, id: &str) -> Option<Option<Geometry>> {
        let plan = self.plan;
        let Some(reprojector) = &plan.reprojector else {
            return Some(None);
        };
        let decoded = match (feature, plan.position) {
            (Feature::Osm(record), _) => self.made(record, id),
            (Feature::Gdal(feature), None) => self.native(feature, id),
            (Feature::Gdal(feature), Some(Position::Columns(x, y))) => self.column_point(feature, x, y, id),
            (Feature::Gdal(feature), Some(Position::Wkt(at))) => self.column_wkt(feature, at, id),
        }?;
        let Some(geometry) = decoded.filter(|geometry| !geometry.is_empty()) else {
            self.note(FindingCode::GeometryNull, Some(id), None, || {
                "there is no geometry, or an empty one".into()
            });
            return Some(None);
        };
        if !geometry::fits(&geometry, plan.declared) {
            let declared = plan.declared.map_or("", GeometryType::as_str);
            let place = geometry::middle(&geometry);
            self.note(FindingCode::GeometryTypeDiffers, Some(id), place, || {
                format!("the layer declares {declared}")
            });
        }
        let source = geometry.bbox();
        match reprojector.apply(geometry) {
            Ok(turned) => {
                self.mixed.fits(source, id);
                let turned = self.mend(turned, id);
                self.kinds.see(&turned);
                Some(Some(turned))
            }
            Err(bad) => {
                self.mixed.stranger(source, id);
                let label = plan.crs_label.as_deref().unwrap_or_default();
                self.note(FindingCode::CoordinateOutOfRange, Some(id), Some(bad.0), || {
                    format!("({}, {}) is no place on earth in {label}", bad.0.x, bad.0.y)
                });
                None
            }
        }
    }

    /// The geometry with the repairs that were asked for.
    fn mend(&mut self, geometry: Geometry, id: &str) -> Geometry {
        if self.plan.repair.is_empty() {
            return geometry;
        }
        let (mended, told) = self.plan.repair.apply(geometry);
        if self.validity == Validity::Invalid && validity::faults(&mended).is_empty() {
            self.validity = Validity::Valid;
        }
        for repair::Told { code, at, message } in told {
            self.note(code, Some(id), Some(at), || message);
        }
        mended
    }

    /// The geometry that was made of OpenStreetMap's elements.
    fn made(&mut self, record: &mut Record, id: &str) -> Option<Option<Geometry>> {
        match std::mem::replace(&mut record.geometry, Err(String::new())) {
            Ok(geometry) => {
                self.judge(&geometry, id);
                Some(Some(geometry))
            }
            Err(reason) => {
                self.note(FindingCode::GeometryUndecodable, Some(id), None, || reason);
                None
            }
        }
    }

    fn native(&mut self, feature: &ogr::Feature<'_>, id: &str) -> Option<Option<Geometry>> {
        let mut wkb = std::mem::take(&mut self.wkb);
        let written = feature.wkb(&mut wkb);
        let decoded = match written {
            None => Some(None),
            Some(written) => self.decode(&wkb, written, id).map(Some),
        };
        self.wkb = wkb;
        decoded
    }

    fn column_point(
        &mut self,
        feature: &mut ogr::Feature<'_>,
        x: usize,
        y: usize,
        id: &str,
    ) -> Option<Option<Geometry>> {
        match table::coordinates(feature, x, y) {
            Ok(None) => Some(None),
            Ok(Some(Coord { x, y })) => Some(Geometry::point(x, y).ok()),
            Err(text) => {
                let reason = || format!("{text:?} is no coordinate");
                self.note(FindingCode::GeometryUndecodable, Some(id), None, reason);
                None
            }
        }
    }

    fn column_wkt(&mut self, feature: &mut ogr::Feature<'_>, at: usize, id: &str) -> Option<Option<Geometry>> {
        let text = String::from_utf8_lossy(feature.text(at).unwrap_or_default())
            .trim()
            .to_owned();
        if text.is_empty() {
            return Some(None);
        }
        let Ok(parsed) = gdal::vector::Geometry::from_wkt(&text) else {
            let shown: String = text.chars().take(60).collect();
            self.note(FindingCode::GeometryUndecodable, Some(id), None, || {
                format!("{shown:?} is no WKT")
            });
            return None;
        };
        let mut wkb = Vec::new();
        let written = ogr::wkb(&parsed, &mut wkb);
        self.decode(&wkb, written, id).map(Some)
    }

    fn decode(&mut self, wkb: &[u8], written: Result<ogr::WkbOutcome, String>, id: &str) -> Option<Geometry> {
        let decoded = written.and_then(|done| Ok((done, geometry::decode(wkb).map_err(|e| e.to_string())?)));
        let (done, (geometry, was_open)) = match decoded {
            Ok(decoded) => decoded,
            Err(reason) => {
                self.note(FindingCode::GeometryUndecodable, Some(id), None, || reason);
                return None;
            }
        };
        let place = || geometry::middle(&geometry);
        if done.linearised {
            self.note(FindingCode::GeometryLinearised, Some(id), place(), || {
                "curves became chains of lines".into()
            });
        }
        if done.measured {
            self.note(FindingCode::MeasureDropped, Some(id), place(), || {
                "M values were left out".into()
            });
        }
        if was_open {
            self.note(FindingCode::RingUnclosed, Some(id), place(), || {
                fault_text(FindingCode::RingUnclosed)
            });
        }
        self.judge(&geometry, id);
        Some(geometry)
    }

    fn note(
        &mut self,
        code: FindingCode,
        feature: Option<&str>,
        place: Option<Coord>,
        message: impl FnOnce() -> String,
    ) {
        let layer = &self.layer;
        if code.severity() == Severity::Error && feature.is_some() {
            let message = message();
            self.reasons = format!("{}: {message}", code.as_str());
            let finding = Finding {
                code,
                layer: layer.clone(),
                feature: feature.map(ToOwned::to_owned),
                place,
                message,
            };
            return self.findings.push(finding);
        }
        self.findings.push_with(layer, code, || Finding {
            code,
            layer: layer.clone(),
            feature: feature.map(ToOwned::to_owned),
            place,
            message: message(),
        });
    }
}

/// What a code means, in both languages.
fn fault_text(code: FindingCode) -> String {
    format!("{} / {}", code.chinese(), code.english())
}
