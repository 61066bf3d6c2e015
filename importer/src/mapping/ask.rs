//! Asking the one at the terminal whether a suggestion is right.

use super::Mapping;
use crate::error::{Error, Result};
use crate::plan::Plan;
use std::io::{IsTerminal, Write};

/// What mapping files are called that nobody wrote.
const AGREED: &str = "the mapping that was agreed to";

/// Shows what the columns of `plans` look like, and gives the mapping where somebody at the terminal agrees. Nothing is
/// asked where there is nothing to suggest, or nobody to ask.
///
/// # Errors
/// Where the one at the terminal ends it, or the terminal is gone.
pub fn agree(plans: &[Plan<'_>]) -> Result<Option<Mapping>> {
    let suggested = suggested(plans);
    if suggested.layers.is_empty() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    let lost = |error| Error::io("the terminal".as_ref(), error);
    let mut out = std::io::stderr();
    for suggestion in plans.iter().filter_map(|plan| plan.suggestion.as_ref()) {
        write!(out, "{}\n{suggestion}", suggestion.source).map_err(lost)?;
    }
    let question =
        "Map the columns so? 是否按此对应？ y: yes 是, n: leave them as they are 保持原样, q: quit 退出 [n] ";
    loop {
        write!(out, "{question}").and_then(|()| out.flush()).map_err(lost)?;
        let mut answer = String::new();
        if std::io::stdin().read_line(&mut answer).map_err(lost)? == 0 {
            return Err(Error::Interrupted);
        }
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" | "是" => return Ok(Some(suggested)),
            "" | "n" | "no" | "否" => return Ok(None),
            "q" | "quit" | "退出" => return Err(Error::Interrupted),
            _ => {}
        }
    }
}

/// The mapping that is suggested for all layers whose columns are called otherwise than in their definition.
pub fn suggested(plans: &[Plan<'_>]) -> Mapping {
    let layer = |plan: &Plan<'_>| {
        let suggestion = plan.suggestion.as_ref()?;
        Some(suggestion.to_mapping(&plan.layer))
    };
    Mapping {
        file: AGREED.to_owned(),
        layers: plans.iter().filter_map(layer).collect(),
    }
}
