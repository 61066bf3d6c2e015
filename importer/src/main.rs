//! `onemap-import`: brings a city's files into its one map. Everything is in the library.

fn main() -> std::process::ExitCode {
    onemap_importer::commands::main()
}
