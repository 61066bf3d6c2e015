//! Loading: all sources become one version of the store, or nothing changes.

use crate::delivery::{self, Hashing};
use crate::error::{Error, Result};
use crate::interrupt::{self, Phase, Removable};
use crate::plan::{self, Plan};
use crate::progress::{Position, Progress};
use crate::pushed;
use crate::quality::City;
use crate::quality::backdrop::Backdrop;
use crate::quarantine::Quarantine;
use crate::rows;
use crate::settings::Settings;
use crate::source::{self, Beside, FileId, Rows, database};
use crate::summary::{LayerSummary, Made, Summary};
use onemap_model::{Crs, Findings, Layer, Version};
use onemap_store::{At, Batch, CommitStep, Committed, LoadMode, OpenMode, Store, without_password};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What is to be loaded, and where to.
#[derive(Debug, Clone)]
pub struct Request {
    /// The sources as the user named them.
    pub sources: Vec<String>,
    /// The store as the user named it.
    pub store: String,
    /// The CRS of a new store; that of one which is there must be the same.
    pub store_crs: Option<Crs>,
    /// What becomes of rows that are there.
    pub mode: LoadMode,
    /// How sources are read.
    pub settings: Settings,
    /// How many findings of each code of a layer are kept in full.
    pub kept_findings: usize,
}

/// Loads all layers of all sources as one version.
///
/// Memory does not grow with the sources, but for what the checks keep (see [`crate::quality`]).
///
/// # Errors
/// Where a source cannot be read whole, the request makes no sense, or the store refuses; nothing is changed then.
pub fn load(request: &Request, progress: &mut Progress) -> Result<Summary> {
    let start = Instant::now();
    refuse_itself(request)?;
    let mut destination = Destination::find(&request.store, request.store_crs)?;
    let sources = source::open_all_beside(&request.sources, &request.settings, &destination.beside())?;
    let mut plans = plan::agreed(&sources, &request.settings, destination.crs)?;
    plan::keep_definitions(&mut plans, &destination.layers()?, &request.settings)?;
    let mut findings = Findings::keeping(request.kept_findings);
    let batch = Batch {
        who: user(),
        what: format!("load {} ({})", all_shown(&request.sources), mode_word(request.mode)),
    };
    let hashing = Hashing::start(&request.sources)?;
    let mut quarantine = Quarantine::new(request.settings.quarantine.as_deref())?;
    let kept = (&mut findings, &mut quarantine);
    let result = into_store(
        &plans,
        request.mode,
        &mut destination,
        (&batch, hashing),
        kept,
        progress,
    );
    progress.end();
    let (layers, version, backdrop) = result.inspect_err(|_| destination.undo())?;
    Ok(Summary {
        layers,
        findings,
        version: Some(version),
        quarantine: quarantine.finish()?,
        backdrop,
        took: start.elapsed(),
    })
}

/// The sources as they are kept with the version that they made: for all to read, and so without passwords.
pub fn all_shown(sources: &[String]) -> String {
    let named = |source: &String| match database::is_named(source) {
        true => database::shown(source),
        false => source.clone(),
    };
    sources.iter().map(named).collect::<Vec<_>>().join(" ")
}

/// The store that is loaded into.
pub struct Destination {
    text: String,
    store: Option<Box<dyn Store>>,
    /// The CRS that it has, or will have.
    pub crs: Crs,
    /// The file that this import made; none where it was there.
    made: Option<PathBuf>,
    /// The file that was opened, to be known again.
    file: Option<FileId>,
}

impl Destination {
    /// Looks for the store without making it.
    ///
    /// # Errors
    /// Where it cannot be opened, or is in another CRS than `wanted`.
    pub fn find(text: &str, wanted: Option<Crs>) -> Result<Self> {
        let is_new = !onemap_store::is_connection(text) && !Path::new(text).exists();
        let mut crs = wanted.unwrap_or(Crs::CGCS2000);
        let mut store = None;
        let file = FileId::of(Path::new(text));
        if !is_new {
            let mut there = onemap_store::open(text, OpenMode::CreateIn(crs))?;
            let own = there.read(At::Now)?.layers()?.first().map(|state| state.layer.crs);
            match (own, wanted) {
                (Some(own), Some(wanted)) if own != wanted => {
                    let named = without_password(text);
                    let reason = format!("{named} is in {own}; --store-crs {wanted} cannot change that");
                    return Err(Error::Usage(reason));
                }
                (own, _) => crs = own.unwrap_or(crs),
            }
            store = Some(there);
        }
        Ok(Self {
            text: text.to_owned(),
            store,
            crs,
            made: None,
            file,
        })
    }

    /// What none of the sources may be.
    fn beside(&self) -> Beside {
        Beside {
            file: self.file,
            ..Beside::of(&self.text)
        }
    }

    /// The layers that it has.
    fn layers(&mut self) -> Result<Vec<Layer>> {
        let Some(store) = &mut self.store else {
            return Ok(Vec::new());
        };
        let states = store.read(At::Now)?.layers()?;
        Ok(states.into_iter().map(|state| state.layer).collect())
    }

    /// The store, made now where it is missing.
    fn open(&mut self) -> Result<()> {
        if self.store.is_none() {
            let path = PathBuf::from(&self.text);
            // Only who creates the file may remove it again. Where that fails, the store says why better.
            let claim = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
            self.file = FileId::of(&path);
            self.made = claim.is_ok().then_some(path);
            let mut store = onemap_store::open(&self.text, OpenMode::CreateIn(self.crs))?;
            if self.made.is_none() && !store.read(At::Now)?.layers()?.is_empty() {
                let named = without_password(&self.text);
                let reason = format!("{named} was made by another import meanwhile; try again");
                return Err(Error::Usage(reason));
            }
            self.store = Some(store);
        }
        Ok(())
    }

    /// Takes away a store that this import made, where nothing came into it.
    pub fn undo(&mut self) {
        self.store = None;
        if let Some(made) = &self.made {
            // What is not removed is an empty store: harmless.
            let _ = remove_unused(made);
        }
    }

    /// Runs `fill` as one version.
    ///
    /// # Errors
    /// Those of `fill` and of the store; nothing is changed then.
    pub fn commit(
        &mut self,
        batch: &Batch,
        progress: &mut Progress,
        fill: impl FnOnce(&mut dyn onemap_store::Load, &mut Progress) -> Result<()>,
    ) -> Result<(Committed, Made)> {
        self.open()?;
        let store = self.store.as_mut().expect("it was opened just now");
        must_be(&self.text, self.file)?;
        let before = store.catch_up()?;
        let mut load = store.begin(batch)?;
        // Who removes a store does it as its only writer, and this is that from here on.
        must_be(&self.text, self.file)?;
        // Without its file a journal undoes nothing, and another file of that name must not meet it. Dropped before the
        // load, and so before anybody else can write.
        let new = self.made.iter().filter(|_| before == Version::default());
        let _removable = Removable::new(
            new.flat_map(|made| [made.clone(), PathBuf::from(format!("{}-journal", made.display()))])
                .collect(),
        );
        fill(load.as_mut(), progress)?;
        interrupt::check()?;
        let mut phase = String::new();
        let committed = load.commit(&mut |step| follow(&step, &mut phase, progress))?;
        interrupt::enter(Phase::Durable);
        let made = if committed.version == before {
            Made::Nothing
        } else {
            Made::New
        };
        Ok((committed, made))
    }
}

/// Shows how far a commit is, and holds interruptions off from where on it may be durable.
pub fn follow(step: &CommitStep, phase: &mut String, progress: &mut Progress) {
    if step.what == "syncing" {
        interrupt::enter(Phase::Durable);
    } else if interrupt::is_asked() {
        interrupt::leave_if_revocable();
    }
    let now = step
        .layer
        .as_ref()
        .map_or_else(|| step.what.to_owned(), |layer| format!("{} {layer}", step.what));
    if *phase != now {
        progress.begin(&now);
        *phase = now;
    }
    let total = (step.total > 0).then_some(step.total);
    progress.at(Position {
        rows: step.done,
        total,
        fraction: None,
    });
}

type Loaded = (Vec<LayerSummary>, (Version, Made), Backdrop);

fn into_store(
    plans: &[Plan<'_>],
    mode: LoadMode,
    destination: &mut Destination,
    (batch, hashing): (&Batch, Hashing),
    (findings, quarantine): (&mut Findings, &mut Quarantine),
    progress: &mut Progress,
) -> Result<Loaded> {
    let (mut layers, mut backdrop) = (Vec::new(), Backdrop::default());
    let (committed, made) = destination.commit(batch, progress, |load, progress| {
        let mut city = plan::city(plans);
        for plan in plans {
            layers.push(one_layer(
                plan,
                (&mut city, quarantine),
                mode,
                load,
                findings,
                progress,
            )?);
        }
        backdrop = check_and_prepare(city, findings, load, progress)?;
        load.describe(delivery::delivery(hashing.finish()?, plans, &layers, findings));
        interrupt::check()
    })?;
    for (layer, (_, counts)) in layers.iter_mut().zip(&committed.layers) {
        layer.counts = Some(*counts);
    }
    Ok((layers, (committed.version, made), backdrop))
}

/// Looks at all that was read together, while the store writes it.
fn check_and_prepare(
    city: City,
    findings: &mut Findings,
    load: &mut dyn onemap_store::Load,
    progress: &mut Progress,
) -> Result<Backdrop> {
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || {
            let mut phase = String::new();
            load.prepare(&mut |step| follow(&step, &mut phase, progress))?;
            progress.begin("checking");
            Ok(())
        });
        let backdrop = city.finish(findings);
        let written: Result<()> = writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        written.map(|()| backdrop)
    })
}

/// Reads one layer and pushes its rows into `load`.
///
/// # Errors
/// Where the source breaks off, the store refuses, or a replace would leave nothing of a layer.
pub fn one_layer(
    plan: &Plan<'_>,
    kept: (&mut City, &mut Quarantine),
    mode: LoadMode,
    load: &mut dyn onemap_store::Load,
    findings: &mut Findings,
    progress: &mut Progress,
) -> Result<LayerSummary> {
    progress.begin(&format!("reading {}", plan.layer.name()));
    load.start_layer(&plan.layer, mode)?;
    let total = plan.rows;
    let mut step = |rows, fraction| progress.at(Position { rows, total, fraction });
    let outcome = pushed::push_while(load, |push| rows::read_for(kept, plan, findings, &mut step, push))?;
    if let Some(reason) = &outcome.broken {
        return Err(Error::layer(
            &plan.from.part.label,
            &plan.from.name,
            format!("{reason}; nothing was loaded"),
        ));
    }
    // Of an extract that is cut out of a city some layers may have nothing whole.
    let may_be_empty = matches!(plan.from.rows, Rows::Osm(..)) && !plan.is_known;
    if mode == LoadMode::Replace && outcome.read > 0 && outcome.passed == 0 && !may_be_empty {
        let reason = format!(
            "all {} rows were set aside (onemap-import check says why); nothing was loaded",
            outcome.read
        );
        return Err(Error::layer(&plan.from.part.label, &plan.from.name, reason));
    }
    load.finish_layer(outcome.geometry_type.unwrap_or(plan.layer.geometry_type))?;
    Ok(LayerSummary::of(plan, &outcome))
}

/// Refuses to write where the path names another file than the one that was opened.
fn must_be(store: &str, opened: Option<FileId>) -> Result<()> {
    if FileId::of(Path::new(store)) == opened {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{store} was removed or replaced meanwhile; try again"
    )))
}

/// Removes the store at `path` where nothing was ever committed to it, while nobody else can commit.
fn remove_unused(path: &Path) -> Result<()> {
    let text = path.display().to_string();
    let mut holder = onemap_store::open(&text, OpenMode::Existing)?;
    let _held = holder.begin(&Batch::default())?;
    let version = onemap_store::open(&text, OpenMode::Existing)?.read(At::Now)?.version();
    if version == Version::default() {
        std::fs::remove_file(path).map_err(|e| Error::io(path, e))?;
    }
    Ok(())
}

/// A store must not be read while it is written.
fn refuse_itself(request: &Request) -> Result<()> {
    let identity = |text: &str| FileId::of(Path::new(text));
    let Some(store) = identity(&request.store) else {
        return Ok(());
    };
    match request.sources.iter().find(|source| identity(source) == Some(store)) {
        Some(source) => Err(Error::Usage(format!(
            "{source} is the store itself: it cannot be loaded into itself"
        ))),
        None => Ok(()),
    }
}

/// The user of the operating system, as far as it tells.
pub fn user() -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"];
    names
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .or_else(passwd_name)
        .unwrap_or_else(|| "unknown".into())
}

/// What the machine calls the user that this process runs as, where its environment does not say.
fn passwd_name() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let own = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let of_user = |line: &str| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1) == Some(own.as_str())).then(|| name.to_owned())
    };
    users.lines().find_map(of_user)
}

/// How the command line calls it.
pub fn mode_word(mode: LoadMode) -> &'static str {
    match mode {
        LoadMode::Replace => "replace",
        LoadMode::Append => "append",
        LoadMode::Upsert => "upsert",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::{GeometryType, Name};

    fn load_one(destination: &mut Destination) -> Result<(Committed, Made)> {
        let layer = Layer::new(Name::new("a").unwrap(), GeometryType::Point, Crs::CGCS2000, Vec::new()).unwrap();
        destination.commit(&Batch::default(), &mut Progress::to_stderr(), |load, _| {
            load.start_layer(&layer, LoadMode::Replace)?;
            Ok(load.finish_layer(GeometryType::Point)?)
        })
    }

    #[test]
    fn undoing_never_takes_away_what_another_import_committed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("race.gpkg");
        let text = path.to_str().unwrap();
        let (mut first, mut late) = (
            Destination::find(text, None).unwrap(),
            Destination::find(text, None).unwrap(),
        );
        first.open().unwrap();
        let mut second = Destination::find(text, None).unwrap();
        load_one(&mut second).unwrap();
        first.undo();
        assert!(path.exists());
        assert!(load_one(&mut late).is_err());
        late.undo();
        assert!(path.exists());
    }

    #[test]
    fn a_connection_that_is_no_store_is_refused_and_makes_no_file() {
        let text = "PG:host=127.0.0.1 dbname=city";
        let error = Destination::find(text, None).err().unwrap().to_string();
        assert!(
            error.contains("expected postgres://") && !Path::new(text).exists(),
            "{error}"
        );
    }

    #[test]
    fn an_unused_store_is_removed_and_nobody_commits_into_its_remains() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("race.gpkg");
        let text = path.to_str().unwrap();
        let mut first = Destination::find(text, None).unwrap();
        first.open().unwrap();
        let mut second = Destination::find(text, None).unwrap();
        first.undo();
        assert!(!path.exists());
        let error = load_one(&mut second).err().unwrap().to_string();
        assert!(error.contains("meanwhile"), "{error}");
    }
}
