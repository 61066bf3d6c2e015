//! `onemap-export`: layers of a store as files.
//!
//! - `arguments`: what is asked for; `target`: what kind of file that is;
//! - `features`: layers as features, in the forms that answers have; `pick`: which of them;
//! - `tiles`, [`pmtiles`]: layers as tiles;
//! - `place`: files that come to their place when they are whole; `tell`: how far it is.

mod arguments;
mod error;
mod features;
mod pick;
mod place;
pub mod pmtiles;
mod target;
mod tell;
mod tiles;

use arguments::Arguments;
use clap::Parser;
use error::Error;
use std::process::ExitCode;
use target::Target;

/// Runs the program on its arguments.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { 1 } else { 0 };
            // Where even that cannot be printed, the exit code must do.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    // A panic has been printed by then; it is a fault, not the user's data.
    let Ok(result) = std::panic::catch_unwind(|| run(&arguments)) else {
        return ExitCode::from(2);
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onemap-export: {}", error::one_line(&error.to_string()));
            ExitCode::from(error.code())
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let target = Target::of(arguments)?;
    place::listen()?;
    let mut store = onemap_store::open(&arguments.store, onemap_store::OpenMode::Existing)?;
    // What other programs wrote becomes a version first; where somebody is writing now, the last version will do.
    match store.catch_up() {
        Ok(_) | Err(onemap_store::Error::Busy { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    match target {
        Target::Features(form) => features::run(arguments, form, &mut *store),
        Target::Tiles => tiles::run(arguments, &mut *store),
    }
}
