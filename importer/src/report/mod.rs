//! Reports: everything that was found, in a file for people (HTML), spreadsheets (CSV) or programs (JSON).

mod csv;
mod html;
mod json;
mod map;

use crate::error::{Error, Result};
use crate::summary::Summary;
use std::path::{Path, PathBuf};

/// How many findings of each code of a layer a report lists in full; all are counted.
pub const LISTED: usize = 100_000;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One object.
    Json,
    /// One finding a row.
    Csv,
    /// One page that needs nothing else.
    Html,
}

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    path: PathBuf,
    form: Form,
}

impl Target {
    /// A report at `path`, in the form that its extension says.
    ///
    /// # Errors
    /// Where that is none of `.json`, `.csv`, `.html`, or nothing can be written there.
    pub fn new(path: &Path) -> Result<Self> {
        let form = match crate::source::archive::extension(path).as_str() {
            "json" => Form::Json,
            "csv" => Form::Csv,
            "html" | "htm" => Form::Html,
            _ => {
                return Err(Error::Usage(format!(
                    "--report {}: expected a .json, .csv or .html file",
                    path.display()
                )));
            }
        };
        let refuse = |reason: String| Error::Usage(format!("--report {}: {reason}", path.display()));
        if path.is_dir() {
            return Err(refuse("it is a folder; expected a file".into()));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return Err(refuse(format!("there is no folder {}", folder.display())));
        }
        // Only writing tells whether a folder can be written to.
        tempfile::tempfile_in(folder)
            .map_err(|e| refuse(format!("nothing can be written to {}: {}", folder.display(), e.kind())))?;
        Ok(Self {
            path: path.to_owned(),
            form,
        })
    }

    /// Writes the report, whole or not at all.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, summary: &Summary) -> Result<()> {
        let text = match self.form {
            Form::Json => json::render(summary),
            Form::Csv => csv::render(summary),
            Form::Html => html::render(summary),
        };
        let mut part = self.path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let written = std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, &self.path));
        written.map_err(|error| {
            // What is left of it is no report, and where the disk is full it is in the way.
            let _ = std::fs::remove_file(&part);
            Error::io(&self.path, error)
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::summary::LayerSummary;
    use onemap_model::{Coord, Finding, FindingCode, Findings};
    use std::time::Duration;

    /// A summary whose texts try to break out of every form.
    pub fn hostile() -> Summary {
        let mut findings = Findings::keeping(10);
        findings.push(Finding {
            code: FindingCode::GeometryInvalid,
            layer: "道路".into(),
            feature: Some("=cmd|' /C calc'!A0".into()),
            place: Some(Coord { x: 115.04, y: 30.2 }),
            message: "<script>alert(1)</script> \"quoted\",\nnext & 'last'".into(),
        });
        let layer = LayerSummary {
            name: "道路".into(),
            source: "<b>.shp".into(),
            source_layer: "x".into(),
            geometry_type: "Point",
            crs: None,
            encoding: "GBK",
            read: 1,
            passed: 1,
            set_aside: 0,
            counts: None,
        };
        Summary {
            layers: vec![layer],
            findings,
            version: None,
            quarantine: Vec::new(),
            backdrop: Default::default(),
            took: Duration::from_secs(1),
        }
    }

    #[test]
    fn the_form_is_told_by_the_extension() {
        assert_eq!(Target::new(Path::new("b.JSON")).unwrap().form, Form::Json);
        assert!(
            Target::new(Path::new("b.pdf"))
                .unwrap_err()
                .to_string()
                .contains("b.pdf")
        );
    }

    #[test]
    fn a_report_is_written_whole() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.json", "a.csv", "a.html"] {
            let path = dir.path().join(name);
            Target::new(&path).unwrap().write(&hostile()).unwrap();
            assert!(std::fs::read_to_string(&path).unwrap().contains("geometry-invalid"));
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3);
    }
}
