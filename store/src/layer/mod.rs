//! What both stores say alike of a layer: how its definition is kept, what a load means for it, which rows it takes.

pub(crate) mod fit;
mod generalise;
pub(crate) mod plan;
pub(crate) mod problems;
pub(crate) mod record;
