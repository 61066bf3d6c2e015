//! Keeps two SQLites apart in one process.
//!
//! The store brings its own SQLite (bundled, linked statically); libgdal brings Debian's. A linker makes the functions
//! of the first visible to the second where both have the name, GDAL then calls some functions of one and some of the
//! other, and crashes. Static libraries are therefore not exported from the programs and tests of this crate. Any
//! other crate that links this one into a program needs the same line.

#![allow(clippy::print_stdout)]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg=-Wl,--exclude-libs,ALL");
}
