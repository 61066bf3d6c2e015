//! Plans: how one layer of a source is read and what it becomes. Everything that can be refused is refused here,
//! before the store is touched.

use crate::crs::{self, Chosen, Force, Horizontal};
use crate::encoding::Decoder;
use crate::error::{Error, Result};
use crate::fields::{self, Column, Fields, Origin};
use crate::geometry::declared_type;
use crate::local::LocalSystem;
use crate::mapping::suggest::{self, Because, Suggestion};
use crate::mapping::{LayerMapping, ask};
use crate::quality::{City, Rules};
use crate::reproject::Reprojector;
use crate::settings::Settings;
use crate::source::format::Format;
use crate::source::{Rows, Source, SourceLayer};
use crate::suggest::{is_swapped, suggestion};
use crate::table::{self, Position};
use crate::values::Kind;
use crate::webmap::WebMap;
use crate::{messages, ogr};
use gdal::vector::LayerAccess;
use onemap_model::{Bbox, Crs, Field, Finding, FindingCode, GeometryType, Layer, Name};
use std::collections::HashSet;
use std::sync::Arc;

/// How one layer is read.
pub struct Plan<'s> {
    /// The source as the user named it.
    pub source_name: String,
    /// Where the rows come from.
    pub from: SourceLayer<'s>,
    /// What its columns become.
    pub fields: Fields,
    /// The encoding of its texts.
    pub decoder: Decoder,
    /// Where positions are written; none where rows carry geometries themselves.
    pub position: Option<Position>,
    /// The way to the store's CRS; none for layers without geometry.
    pub reprojector: Option<Reprojector>,
    /// The CRS that coordinates are taken to be in, for the summary; none for layers without geometry.
    pub crs_label: Option<String>,
    /// The kind of geometry that the source declares; none where it declares nothing.
    pub declared: Option<GeometryType>,
    /// What it becomes.
    pub layer: Layer,
    /// How many rows there are, where that is known before.
    pub rows: Option<u64>,
    /// What is to say of the layer as a whole.
    pub findings: Vec<Finding>,
    /// What its rows are checked for.
    pub rules: Arc<Rules>,
    /// Which of its geometries are repaired.
    pub repair: crate::repair::Rules,
    /// What its columns look like, where they are not called as in its definition and no mapping was given.
    pub suggestion: Option<Suggestion>,
    /// The mapping of its columns, where one was given or agreed to.
    pub mapping: Option<LayerMapping>,
    /// Why it cannot be read so; the suggestion may help.
    pub refused: Option<String>,
    /// Whether the store has the layer already.
    pub is_known: bool,
}

/// Plans all layers of `sources` that `settings` want, for a store in `target`.
///
/// # Errors
/// Where a layer cannot be read as asked, where nothing is left to read, or where two get the same name.
pub fn all<'s>(sources: &'s [Source], settings: &Settings, target: Crs) -> Result<Vec<Plan<'s>>> {
    let mut wanted = Vec::new();
    let mut names = Vec::new();
    for source in sources {
        for layer in source.layers()? {
            names.push(layer.name.clone());
            if settings.source_layer.as_ref().is_none_or(|name| *name == layer.name) {
                wanted.push((source, layer));
            }
        }
    }
    if wanted.is_empty() {
        return Err(Error::Usage(match &settings.source_layer {
            Some(name) => format!("no source has a layer {name:?}; there are: {}", names.join(", ")),
            None => format!(
                "{}: there are no layers in it",
                sources.first().map_or("no sources", |s| &s.name)
            ),
        }));
    }
    if settings.layer.is_some() && wanted.len() > 1 {
        let reason = "--layer renames a single layer, and there are several; choose one with --source-layer";
        return Err(Error::Usage(format!("{reason}: {}", names.join(", "))));
    }
    let unmet = |mapped: &&LayerMapping| !wanted.iter().any(|(_, layer)| layer.name == mapped.source);
    if let Some(mapping) = &settings.mapping
        && let Some(unmet) = mapping.layers.iter().find(unmet)
    {
        let (file, name, names) = (&mapping.file, &unmet.source, names.join(", "));
        return Err(Error::Usage(format!(
            "{file}: no source has a layer {name:?}; there are: {names}"
        )));
    }
    let mut plans: Vec<Plan<'s>> = Vec::new();
    for (source, layer) in wanted {
        let plan = Plan::of(&source.name, layer, settings, target)?;
        if let Some(other) = plans.iter().find(|other| other.layer.name().is_same(plan.layer.name())) {
            return Err(Error::Usage(format!(
                "{} and {} both give a layer {:?}: load one of them alone, with --layer",
                other.from.part.label,
                plan.from.part.label,
                plan.layer.name()
            )));
        }
        plans.push(plan);
    }
    say_equivalence_once(&mut plans);
    Ok(plans)
}

/// As [`all`], with the mapping that whoever is at the terminal agrees to, where columns are not called as definitions
/// have them.
///
/// # Errors
/// As [`all`], and where the one at the terminal ends it.
pub fn agreed<'s>(sources: &'s [Source], settings: &Settings, target: Crs) -> Result<Vec<Plan<'s>>> {
    let plans = all(sources, settings, target)?;
    let Some(mapping) = ask::agree(&plans)? else {
        return accepted(plans);
    };
    let settings = Settings {
        // The mapping names the layers.
        layer: None,
        mapping: Some(mapping),
        ..settings.clone()
    };
    accepted(all(sources, &settings, target)?)
}

/// The plans, where all of them can be read as asked.
fn accepted(plans: Vec<Plan<'_>>) -> Result<Vec<Plan<'_>>> {
    match plans.iter().find_map(Plan::refusal) {
        None => Ok(plans),
        Some(refusal) => Err(refusal),
    }
}

/// What is checked of all layers together.
pub fn city(plans: &[Plan<'_>]) -> City {
    City::new(plans.iter().map(|plan| (plan.layer.name().as_str(), &*plan.rules)))
}

/// That two systems are taken as equal is said once for a whole load, not once for each layer.
fn say_equivalence_once(plans: &mut [Plan<'_>]) {
    let mut said = HashSet::new();
    for plan in plans {
        if let Some(reason) = plan.reprojector.as_ref().and_then(|way| way.equivalence.clone())
            && said.insert(reason.clone())
        {
            let mut notes = Notes {
                layer: plan.layer.name(),
                findings: &mut plan.findings,
            };
            notes.add(FindingCode::CrsEquivalent, reason);
        }
    }
}

/// Lets layers that the store has already keep their definition, but for what `settings` say.
///
/// # Errors
/// Where a source lacks the field that is its layer's key.
pub fn keep_definitions(plans: &mut [Plan<'_>], known: &[Layer], settings: &Settings) -> Result<()> {
    for plan in plans {
        if let Some(known) = known.iter().find(|known| known.name().is_same(plan.layer.name())) {
            plan.is_known = true;
            plan.layer = defined_as(known, &plan.layer, settings)
                .map_err(|reason| Error::layer(&plan.from.part.label, &plan.from.name, reason))?;
        }
    }
    Ok(())
}

/// `fresh` with everything that `known` says and a file cannot know.
fn defined_as(known: &Layer, fresh: &Layer, settings: &Settings) -> Result<Layer, String> {
    let mut fields = fresh.fields().to_vec();
    for field in &mut fields {
        let same = |own: &&Field| own.name == field.name && own.field_type == field.field_type;
        if let Some(own) = known.fields().iter().find(same) {
            field.title.clone_from(&own.title);
        }
    }
    let key_of = |layer: &Layer| layer.key().map(|at| layer.fields()[at].name.to_string());
    let layer = Layer::new(fresh.name().clone(), fresh.geometry_type, fresh.crs, fields).map_err(|e| e.to_string())?;
    let mut layer = match key_of(known).filter(|_| settings.key.is_none()) {
        Some(key) => layer
            .with_key(&key)
            .map_err(|e| format!("{key:?} is its key: {e}; name another with --key"))?,
        None => match key_of(fresh) {
            Some(key) => layer.with_key(&key).map_err(|e| e.to_string())?,
            None => layer,
        },
    };
    layer.title.clone_from(&known.title);
    layer.zoom = known.zoom;
    layer.access = settings.access.unwrap_or(known.access);
    layer.secrecy = known.secrecy;
    layer.authority.clone_from(&known.authority);
    layer.basemap = known.basemap;
    layer.utc_offset_minutes = known.utc_offset_minutes;
    layer.generalise.clone_from(&known.generalise);
    Ok(layer)
}

impl<'s> Plan<'s> {
    /// Why it cannot be read as asked, with what may help.
    fn refusal(&self) -> Option<Error> {
        let reason = self.refused.as_ref()?;
        let hint = match &self.suggestion {
            Some(_) => "; some columns look like fields of the definition: see `onemap-import map`",
            None => "",
        };
        Some(Error::layer(
            &self.from.part.label,
            &self.from.name,
            format!("{reason}{hint}"),
        ))
    }

    fn of(source_name: &str, from: SourceLayer<'s>, settings: &Settings, target: Crs) -> Result<Self> {
        let refuse = |from: &SourceLayer<'_>, reason: String| Error::layer(&from.part.label, &from.name, reason);
        let Inventory {
            decoder,
            columns,
            position,
            rows,
            range,
        } = take_inventory(&from, settings)?;
        let mapping = settings.mapping.as_ref().and_then(|mapping| mapping.of(&from.name));
        let own_name = fields::layer_name(&from.name);
        let given = settings.layer.clone().or_else(|| mapping?.layer.clone());
        let name = given.clone().unwrap_or_else(|| own_name.clone());
        let columns_are_called: Vec<String> = columns.iter().map(|column| column.source_name.clone()).collect();
        let fields = match mapping {
            Some(mapping) => Fields::mapped(columns, mapping, settings.definition(&name).map(|d| &d.layer)),
            None => Fields::assign(columns),
        };
        let fields = fields.map_err(|reason| refuse(&from, reason))?;
        let declared = match position {
            Some(Position::Columns(..)) => Some(GeometryType::Point),
            Some(Position::Wkt(_)) => None,
            None => match &from.rows {
                Rows::Gdal(layer) => declared_type(ogr::layer_geometry_type(layer)),
                Rows::Osm(extract, at) => Some(extract.layers[*at].geometry_type),
            },
        };
        let mut findings = Vec::new();
        let mut notes = Notes {
            layer: &name,
            findings: &mut findings,
        };
        notes.of_names(&from.name, &own_name, given.is_some(), &fields);
        for title in from.part.sheet.iter().flat_map(|sheet| &sheet.titles) {
            let title: String = title.chars().take(60).collect();
            notes.add(
                FindingCode::TitleLeftOut,
                format!("the row {title:?} above the header was left out"),
            );
        }
        notes.of_vct(&from);
        if let Some(reason) = &decoder.reason {
            notes.add(
                FindingCode::EncodingDetected,
                format!("texts are {}: {reason}", decoder.name()),
            );
        }
        let mut reprojector = None;
        let mut crs_label = None;
        if declared != Some(GeometryType::None) {
            let (way, label) = match (settings.web_map, &settings.local) {
                (Some(web), _) => notes.of_web_map(web, &from, target),
                (None, Some(local)) => notes.of_local(local, &from, settings.force, target),
                (None, None) => notes.of_crs(&from, settings, range, target),
            }
            .map_err(|reason| refuse(&from, reason))?;
            (reprojector, crs_label) = (Some(way), Some(label));
        }
        let layer =
            build_layer(name, declared, target, &fields, &from, settings).map_err(|reason| refuse(&from, reason))?;
        messages::forget();
        let (mut layer, mut declared, mut rules, mut refused) = (layer, declared, Arc::default(), None);
        if let Some(definition) = settings.definition(layer.name()) {
            match defined_as(&definition.layer, &layer, settings) {
                Ok(defined) => layer = defined,
                Err(reason) => refused = Some(reason),
            }
            if definition.layer.geometry_type == GeometryType::None {
                // A format that gives every table a geometry (GeoJSON) says nothing by it.
                (reprojector, crs_label) = (None, None);
                declared = Some(GeometryType::None);
                layer.geometry_type = GeometryType::None;
            }
            declared = declared.or(Some(definition.layer.geometry_type));
            rules = Arc::new(definition.rules.clone());
        }
        let called: Vec<&str> = columns_are_called.iter().map(String::as_str).collect();
        let suggestion = settings
            .definition(layer.name())
            .filter(|_| mapping.is_none())
            .map(|definition| suggest::suggest(&from.name, &called, definition))
            .filter(Suggestion::says_anything);
        if let Some(suggestion) = &suggestion {
            let mut notes = Notes {
                layer: layer.name(),
                findings: &mut findings,
            };
            notes.of_suggestion(suggestion);
        }
        let source_name = source_name.to_owned();
        Ok(Self {
            source_name,
            from,
            fields,
            decoder,
            position,
            reprojector,
            crs_label,
            declared,
            layer,
            rows,
            findings,
            rules,
            suggestion,
            mapping: mapping.cloned(),
            repair: settings.repair.clone(),
            refused,
            is_known: false,
        })
    }
}

/// What is in a layer before its rows are read.
struct Inventory {
    decoder: Decoder,
    columns: Vec<Column>,
    position: Option<Position>,
    rows: Option<u64>,
    range: Option<Bbox>,
}

fn take_inventory(from: &SourceLayer<'_>, settings: &Settings) -> Result<Inventory> {
    let layer = match &from.rows {
        Rows::Gdal(layer) => layer,
        Rows::Osm(extract, at) => {
            return Ok(Inventory {
                decoder: Decoder::utf8(),
                columns: extract.layers[*at].columns.clone(),
                position: None,
                rows: None,
                range: None,
            });
        }
    };
    if matches!(from.part.format, Format::Csv | Format::Xlsx) {
        let given = from.part.decoder.as_ref().or(settings.encoding.as_ref());
        let survey = table::survey(layer, given)?;
        let table::Survey {
            decoder,
            columns,
            position,
            rows,
            range,
        } = survey;
        return Ok(Inventory {
            decoder,
            columns,
            position,
            rows: Some(rows),
            range,
        });
    }
    let decoder = from.part.decoder.clone().unwrap_or_else(Decoder::utf8);
    let mut columns = fields::columns(&ogr::field_defns(layer), |name| decoder.decode_name(name));
    if let Some(table) = from.table {
        let wrong = |reason| Error::layer(&from.part.label, &from.name, reason);
        table.must_be_kept_whole(&from.part.dataset).map_err(wrong)?;
        if !table.is_stored {
            fields::add_number(&decoder.decode_name(&ogr::number_column(layer)), &mut columns);
        }
    }
    if from.part.is_store || from.table.is_some_and(|table| table.is_stored) {
        // The store's own column for recorded time; the rows get a new one.
        columns.retain(|column| column.source_name != "since");
    }
    if from.part.format == Format::Osm {
        add_osm_key(&from.name, &mut columns);
    }
    let rows = match from.part.format {
        Format::Osm => None,
        // Where the rows of a table are deleted but still there, GDAL counts them.
        _ => layer
            .try_feature_count()
            .map(|count| count.saturating_sub(from.part.deleted)),
    };
    Ok(Inventory {
        decoder,
        columns,
        position: None,
        rows,
        range: None,
    })
}

/// Puts `id` before the columns of an OSM layer: the type's letter and the number, `w123`.
fn add_osm_key(layer: &str, columns: &mut Vec<Column>) {
    let letter = match layer {
        "points" => 'n',
        "lines" => 'w',
        _ => 'r',
    };
    if let Some(at) = columns
        .iter()
        .find(|column| column.source_name == "osm_id")
        .map(|column| column.at)
    {
        let two = columns
            .iter()
            .any(|column| column.at == at + 1 && column.source_name == "osm_way_id");
        let kind = if two { Kind::OsmArea } else { Kind::OsmId { letter } };
        columns.insert(
            0,
            Column {
                at,
                source_name: "id".into(),
                kind,
            },
        );
    }
}

fn declared_crs(from: &SourceLayer<'_>) -> Result<Option<Horizontal>, String> {
    match (&from.part.vct, &from.rows) {
        (Some(delivery), _) => delivery.declared(),
        (None, Rows::Gdal(layer)) => layer.spatial_ref().map_or(Ok(None), Horizontal::of),
        (None, Rows::Osm(..)) => Horizontal::of_code(Crs::WGS84).map(Some),
    }
}

fn choose_crs(from: &SourceLayer<'_>, settings: &Settings, range: Option<Bbox>) -> Result<Chosen, String> {
    let declared = declared_crs(from)?;
    // A database reads the whole table for it.
    let seen = || range.or_else(|| extent(from));
    let chosen = crs::choose(declared, settings.crs, settings.force)?;
    if let Some(chosen) = &chosen
        && chosen.crs.is_transverse_mercator()
        && let Some(seen) = seen()
        && is_swapped(&seen)
    {
        let [west, south, east, north] = seen.to_array();
        return Err(format!(
            "x {west} to {east}, y {south} to {north}: northing stands where easting is expected in {}: the axes are \
             swapped; exchange the two columns or axes in the file",
            chosen.crs.label()
        ));
    }
    chosen.ok_or_else(|| {
        let range = seen().map_or_else(String::new, |seen| {
            let [west, south, east, north] = seen.to_array();
            let guess = suggestion(&seen).map_or_else(String::new, |guess| format!("; {guess}"));
            format!(" (x {west} to {east}, y {south} to {north}{guess})")
        });
        let why = from.part.vct.as_ref().and_then(|vct| vct.why_undeclared());
        let why = why.map_or_else(String::new, |why| format!(" ({why})"));
        format!("the file declares no coordinate system{why}: state it with --crs EPSG:n{range}")
    })
}

fn extent(from: &SourceLayer<'_>) -> Option<Bbox> {
    let Rows::Gdal(layer) = &from.rows else { return None };
    let envelope = layer.get_extent().ok()?;
    Bbox::new(envelope.MinX, envelope.MinY, envelope.MaxX, envelope.MaxY).ok()
}

fn build_layer(
    name: Name,
    declared: Option<GeometryType>,
    target: Crs,
    fields: &Fields,
    from: &SourceLayer<'_>,
    settings: &Settings,
) -> Result<Layer, String> {
    let geometry_type = declared.unwrap_or(GeometryType::Geometry);
    let mut layer = Layer::new(name, geometry_type, target, fields.fields.clone()).map_err(|e| e.to_string())?;
    layer.title.clone_from(from.title.as_ref().unwrap_or(&from.name));
    layer.access = settings.access.unwrap_or_default();
    let first = fields.inputs.first().map(|input| &input.origin);
    let is_osm_object = first.is_some_and(|origin| matches!(origin, Origin::Column(column) if column.kind.is_osm()));
    match &settings.key {
        Some(key) => layer
            .with_key(fields.find(key).map_or(key.as_str(), Name::as_str))
            .map_err(|e| e.to_string()),
        None if is_osm_object => layer.with_key("id").map_err(|e| e.to_string()),
        None => Ok(layer),
    }
}

/// Findings about a layer as a whole.
struct Notes<'a> {
    layer: &'a Name,
    findings: &'a mut Vec<Finding>,
}

impl Notes<'_> {
    fn add(&mut self, code: FindingCode, message: String) {
        let layer = self.layer.to_string();
        self.findings.push(Finding {
            code,
            layer,
            feature: None,
            place: None,
            message,
        });
    }

    /// The way from the system that the layer is in, and what that is called.
    fn of_crs(
        &mut self,
        from: &SourceLayer<'_>,
        settings: &Settings,
        range: Option<Bbox>,
        target: Crs,
    ) -> Result<(Reprojector, String), String> {
        let chosen = choose_crs(from, settings, range)?;
        let label = chosen.crs.label().to_owned();
        if let Some(over) = chosen.forced_over {
            self.add(
                FindingCode::CrsForced,
                format!("{label} was taken, the file declares {over}"),
            );
        }
        Ok((Reprojector::new(&chosen.crs, target)?, label))
    }

    /// The way from a web map's coordinates, and what these are called.
    fn of_web_map(
        &mut self,
        web: WebMap,
        from: &SourceLayer<'_>,
        target: Crs,
    ) -> Result<(Reprojector, String), String> {
        let declared = declared_crs(from)?;
        crs::admits(declared.as_ref(), web)?;
        let way = Reprojector::of_web_map(web, target)?;
        let (web, over) = (web.as_str(), declared.map(|declared| declared.label().to_owned()));
        let over = over.map_or_else(String::new, |over| format!(", though the file declares {over}"));
        self.add(
            FindingCode::CrsUnshifted,
            format!(
                "{web}{over}: 公开算法的逆运算误差小于 1 毫米，算法本身与官方约差 1–2 米 / the published formula is \
                 inverted within a millimetre; the formula itself may be a metre or two off: not for surveying"
            ),
        );
        Ok((way, web.to_owned()))
    }

    /// What was found when a VCT file was taken apart.
    fn of_vct(&mut self, from: &SourceLayer<'_>) {
        let told = from.part.vct.iter().flat_map(|vct| &vct.told);
        for told in told.filter(|told| told.layer == from.name) {
            self.findings.push(Finding {
                code: told.code,
                layer: self.layer.to_string(),
                feature: told.feature.clone(),
                place: None,
                message: told.message.clone(),
            });
        }
    }

    /// The way from a local system, and what it is called.
    fn of_local(
        &mut self,
        local: &Arc<LocalSystem>,
        from: &SourceLayer<'_>,
        force: Force,
        target: Crs,
    ) -> Result<(Reprojector, String), String> {
        let label = local.label();
        if let Some(declared) = declared_crs(from)?.filter(|declared| !local.is_declared_by(declared)) {
            let over = declared.label();
            if force == Force::Refuse {
                return Err(format!(
                    "the file declares {over}, --crs says {label}; leave --crs out, or add --force-crs where the file is \
                     wrong"
                ));
            }
            self.add(
                FindingCode::CrsForced,
                format!("{label} was taken, the file declares {over}"),
            );
        }
        Ok((Reprojector::of_local(local, target)?, label))
    }

    fn of_suggestion(&mut self, suggestion: &Suggestion) {
        for found in suggestion.matches.iter().filter(|found| found.because != Because::Name) {
            let (column, field) = (&found.column, &found.field);
            self.add(
                FindingCode::MappingSuggested,
                format!(
                    "column {column:?} looks like the field {field:?}: `onemap-import map` writes that down for --map"
                ),
            );
        }
    }

    fn of_names(&mut self, source_name: &str, own_name: &Name, renamed: bool, fields: &Fields) {
        if !renamed && own_name.as_str() != source_name {
            self.add(
                FindingCode::NameChanged,
                format!("layer {source_name:?} is called {own_name:?} here"),
            );
        }
        for (from, to) in &fields.renamed {
            self.add(
                FindingCode::NameChanged,
                format!("field {from:?} is called {to:?} here"),
            );
        }
    }
}
