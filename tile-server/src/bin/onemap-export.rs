//! `onemap-export`: writes layers of a store into files. Everything is in the library.

fn main() -> std::process::ExitCode {
    onemap_tile_server::export::main()
}
