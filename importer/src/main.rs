//! `onemap-import`: brings a city's files into its one map. Everything is in the library.

/// Rows are made by one thread and freed by another, millions of them: the system's allocator would have both wait.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    onemap_importer::commands::main()
}
