//! What triggers cannot see.
