//! Which version a request wants: `min-version`, at least, and `version`, exactly.

use crate::app::App;
use crate::problem::{Problem, shorten};
use crate::published::Published;
use onemap_model::Version;
use std::sync::Arc;
use std::time::Duration;

/// The parameter that every read knows: answer from this version or a later one.
pub(crate) const MIN_VERSION: &str = "min-version";
/// The parameter of reads that know what was: answer as of this version.
pub(crate) const VERSION: &str = "version";

/// How long a version is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Waits until the version is served that `min-version` asks for.
///
/// # Errors
/// 400 where it is no number, 503 where it does not come in time.
pub(crate) async fn reach(app: &App, text: &str) -> Result<(), Problem> {
    let least = parse(MIN_VERSION, text)?;
    let mut watch = app.version_watch();
    let reached = watch.wait_for(|served| served.as_ref().is_some_and(|served| served.version >= least));
    match tokio::time::timeout(PATIENCE, reached).await {
        Ok(Ok(_)) => Ok(()),
        _ => Err(Problem::unavailable(match app.published.load().as_ref() {
            Some(published) => format!("version {least} is not here yet: the newest is {}", published.version()),
            None => "the map is being loaded; /health/ready tells how far it is".to_owned(),
        })),
    }
}

/// What was served, or would have been, at the version that `version` asks for.
///
/// # Errors
/// 400 where it is no number, 404 where there is no such version, 410 where it is no longer kept, 503 where it cannot be
/// made at the moment.
pub(crate) async fn past(app: &App, current: &Arc<Published>, text: &str) -> Result<Arc<Published>, Problem> {
    let version = parse(VERSION, text)?;
    if version == current.version() {
        return Ok(Arc::clone(current));
    }
    if version > current.version() {
        let newest = current.version();
        return Err(Problem::not_found(format!(
            "there is no version {version} yet: the newest is {newest}"
        )));
    }
    app.past.at(app, current, version).await
}

/// A version as a parameter names it.
///
/// # Errors
/// 400 where it is no number.
pub(crate) fn parse(name: &str, text: &str) -> Result<Version, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let wrong = || {
        Problem::bad_request(format!(
            "{name}: {:?} is no version: expected a whole number",
            shorten(text)
        ))
    };
    // More digits than a number holds are still a version, only one that will not come.
    digits
        .then(|| Version(text.parse().unwrap_or(u64::MAX)))
        .ok_or_else(wrong)
}
