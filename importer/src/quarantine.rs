//! Quarantine: the rows that were set aside, as the source has them, so that somebody can mend and load them.
//!
//! A folder with one CSV file for each layer: all columns of the source with their own names and texts, the geometry as
//! WKT in the source's own coordinates (`wkt`; empty where it cannot be decoded or the columns have it), and why
//! (`set_aside`). The files appear when the import is through, whole; none of that name may be there before.

use crate::error::{Error, Result};
use crate::messages;
use crate::plan::Plan;
use crate::stream::Feature;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Where rows go that are set aside.
#[derive(Debug, Default)]
pub struct Quarantine {
    folder: Option<PathBuf>,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    layer: String,
    columns: usize,
    /// Whether its rows have geometries beside their columns.
    drawn: bool,
    to: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl Quarantine {
    /// Keeps rows in a folder, which is made; nowhere where none is named.
    ///
    /// # Errors
    /// Where it cannot be made, or is a file.
    pub fn new(folder: Option<&Path>) -> Result<Self> {
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        }
        Ok(Self {
            folder: folder.map(Path::to_owned),
            files: Vec::new(),
        })
    }

    /// Keeps a row of `plan` that was set aside for these reasons.
    ///
    /// # Errors
    /// Where it cannot be written, or the layer's file is there already.
    pub(crate) fn keep(&mut self, plan: &Plan<'_>, feature: &mut Feature<'_>, reasons: &str) -> Result<()> {
        let Some(folder) = self.folder.clone() else {
            return Ok(());
        };
        let name = plan.layer.name().as_str();
        let at = match self.files.iter().position(|file| file.layer == name) {
            Some(at) => at,
            None => {
                self.files.push(File::new(&folder, plan)?);
                self.files.len() - 1
            }
        };
        let file = &mut self.files[at];
        let mut line = Vec::new();
        for column in 0..file.columns {
            let text = feature.text(plan, column);
            push_cell(&mut line, &text);
            line.push(b',');
        }
        if file.drawn {
            push_cell(&mut line, &feature.wkt().unwrap_or_default());
            line.push(b',');
        }
        push_cell(&mut line, reasons);
        line.extend_from_slice(b"\r\n");
        messages::forget();
        file.write(&line)
    }

    /// Gives the files their names; what they are called.
    ///
    /// # Errors
    /// Where that fails.
    pub fn finish(self) -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for file in self.files {
            let File { to, path, .. } = file;
            let temporary = to.into_inner().map_err(|e| Error::io(&path, e.into_error()))?;
            temporary
                .persist_noclobber(&path)
                .map_err(|e| Error::io(&path, e.error))?;
            paths.push(path);
        }
        Ok(paths)
    }
}

impl File {
    fn new(folder: &Path, plan: &Plan<'_>) -> Result<Self> {
        let layer = plan.layer.name().to_string();
        let path = folder.join(format!("{layer}.csv"));
        if path.exists() {
            let shown = path.display();
            return Err(Error::Usage(format!(
                "--quarantine: {shown} is there already, and is not overwritten: move it away, or name another folder"
            )));
        }
        let temporary = NamedTempFile::new_in(folder).map_err(|e| Error::io(folder, e))?;
        let fields = plan.from.column_names(&plan.decoder);
        let mut line = b"\xef\xbb\xbf".to_vec();
        for field in &fields {
            push_cell(&mut line, field);
            line.push(b',');
        }
        let drawn = plan.position.is_none() && plan.reprojector.is_some();
        line.extend_from_slice(if drawn { b"wkt,".as_slice() } else { b"" });
        line.extend_from_slice(b"set_aside\r\n");
        let mut file = Self {
            layer,
            columns: fields.len(),
            drawn,
            to: BufWriter::new(temporary),
            path,
        };
        file.write(&line)?;
        Ok(file)
    }

    fn write(&mut self, line: &[u8]) -> Result<()> {
        self.to.write_all(line).map_err(|e| Error::io(&self.path, e))
    }
}

fn push_cell(line: &mut Vec<u8>, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        line.push(b'"');
        line.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        line.push(b'"');
    } else {
        line.extend_from_slice(text.as_bytes());
    }
}
