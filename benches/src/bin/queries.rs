//! Measures questions to a served city: boxes beside tipg and bare PostGIS, pages, filters, counts. Appends what it found
//! to `benches/RESULTS.md`.

use anyhow::{Context, Result};
use clap::Parser;
use onemap_benches::machine::Machine;
use onemap_benches::postgis::ready::Server;
use onemap_benches::program;
use onemap_benches::queries::peers::{self, Answer, Tipg};
use onemap_benches::queries::report::Report;
use onemap_benches::queries::{boxes, ours, wrk};
use onemap_testing::Cluster;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Filters by kind; `#` stands for a number that differs from one to the next.
const FILTERS: [&str; 12] = [
    "zdmj > 400#",
    "zdmj BETWEEN 100# AND 200#",
    "zdmj * 2 > 900#",
    "yt_name = '水田' OR zdmj < 1#",
    "yt IN ('0101','0102','070#')",
    "bdcdyh = '42020543408#JD00105W00000000'",
    "zl LIKE '%路13#号'",
    "CASEI(zddm) = CASEI('42020543408#jd00105')",
    "CASEI(zl) LIKE CASEI('%路13#号')",
    "ACCENTI(zl) LIKE ACCENTI('%路14#号')",
    "ACCENTI(CASEI(zl)) LIKE ACCENTI(CASEI('%路15#号'))",
    "qlxz IS NULL AND zdmj > 1#",
];
/// Values that each filter is asked with.
const VALUES: usize = 7;
/// Sides of the boxes that are counted in, in degrees.
const SIDES: [f64; 4] = [0.003, 0.01, 0.05, 0.2];
const CONNECTIONS: u32 = 8;

#[derive(Parser)]
#[command(about = "Measures questions to a sample city in a throw-away PostGIS, beside tipg and pgbench")]
struct Arguments {
    /// Parcels of the city.
    #[arg(long, default_value_t = 500_000)]
    features: u64,
    /// A city that is there already.
    #[arg(long)]
    city: Option<PathBuf>,
    /// Rounds of what is measured in turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each is asked in each round, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The folder for the city and for tipg.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// Where tipg is, or will be put.
    #[arg(long, default_value = ".tools/tipg")]
    tipg: PathBuf,
    /// The folder of onemap's programs; this program's own where it is absent.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// The report.
    #[arg(long, default_value = "benches/RESULTS.md")]
    report: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.folder)?;
    let programs = match &arguments.programs {
        Some(folder) => folder.clone(),
        None => std::env::current_exe()?.with_file_name(""),
    };
    let importer = programs.join("onemap-import");
    let city = match &arguments.city {
        Some(city) => city.clone(),
        None => make_city(&importer, &arguments)?,
    };
    let cluster = Cluster::builder().setting("shared_buffers", "512MB").start();
    let cluster = cluster.context("PostgreSQL with PostGIS is not here")?;
    let database = cluster.fresh_database();
    let city = city.to_str().context("the city's name is not UTF-8")?;
    eprintln!("loading");
    let load = ["load", city, "--source-layer", "parcels", "--access", "public", "--to"];
    program::run(&importer, &[&load[..], &[&database.url()]].concat())?;
    database.psql("VACUUM ANALYZE parcels");
    let parcels = database.psql("SELECT count(*) FROM parcels").trim().parse()?;
    let server = Server::start(&programs.join("onemap-serve"), &database.url(), &[])?;
    let start_tipg = |processes| Tipg::start(&arguments.tipg, &cluster, &database, processes);
    let tipgs = [start_tipg(1)?, start_tipg(2)?];

    let (squares, in_box) = boxes::around_parcels(&database, 400, 100.0)?;
    let target = |layer: &str| {
        let path = |query: String| format!("/collections/{layer}/items?limit=1000&bbox={query}");
        squares.iter().map(|square| path(square.to_query())).collect::<Vec<_>>()
    };
    let (mine, theirs) = (target("parcels"), target("public.parcels"));
    let (mut ours_rates, mut tipg_rates, mut sql_rates) = (vec![], [vec![], vec![]], [vec![], vec![], vec![]]);
    for round in 1..=arguments.rounds {
        eprintln!("boxes, round {round} of {}", arguments.rounds);
        let ask =
            |address, targets: &[String]| wrk::run(address, targets, CONNECTIONS, arguments.seconds, &arguments.folder);
        let sql = |answer| peers::pgbench(&cluster, &database, &squares, answer, CONNECTIONS, arguments.seconds);
        ours_rates.push(ask(server.address, &mine)?);
        for (tipg, rates) in tipgs.iter().zip(&mut tipg_rates) {
            rates.push(ask(tipg.address, &theirs)?);
        }
        for (answer, rates) in [Answer::Collection, Answer::GeoJson, Answer::Rows]
            .into_iter()
            .zip(&mut sql_rates)
        {
            rates.push(sql(answer)?);
        }
    }
    eprintln!("pages");
    let pages = ours::pages(server.address, 10_000)?;
    let tipg_pages = [0, pages.features.saturating_sub(10_000)].map(|offset| page_of(tipgs[0].address, offset));
    let [first, last] = tipg_pages;
    drop(tipgs);
    eprintln!("filters");
    let report = Report {
        machine: Machine::here(),
        parcels,
        in_box,
        ours: ours_rates,
        tipg: tipg_rates,
        sql: sql_rates,
        pages,
        tipg_pages: [first?, last?],
        filters: filters(server.address)?,
        counts: counts(server.address, &database)?,
    };
    eprintln!("{}", report.to_markdown());
    onemap_benches::report::append(&arguments.report, &report.to_markdown())
}

fn make_city(importer: &Path, arguments: &Arguments) -> Result<PathBuf> {
    eprintln!("making a city of {} parcels", arguments.features);
    let city = arguments.folder.join("queries-city.gpkg");
    let _ = std::fs::remove_file(&city);
    let name = city.to_str().context("the folder's name is not UTF-8")?;
    let count = arguments.features.to_string();
    program::run(importer, &["sample", "--features", &count, "--to", name])?;
    Ok(city)
}

/// How long tipg takes for a page; asked through curl, for it sends no length.
fn page_of(tipg: SocketAddr, offset: usize) -> Result<Duration> {
    let began = Instant::now();
    let address = format!("http://{tipg}/collections/public.parcels/items?limit=10000&offset={offset}");
    let status = Command::new("curl")
        .args(["-fsS", "-o", "/dev/null", &address])
        .stdin(Stdio::null())
        .status()
        .context("starting curl")?;
    anyhow::ensure!(status.success(), "{address}: curl: {status}");
    Ok(began.elapsed())
}

fn filters(server: SocketAddr) -> Result<Vec<(String, Vec<Duration>, u64)>> {
    let of_kind = |kind: &&str| {
        let all: Vec<_> = (1..=VALUES).map(|n| kind.replace('#', &n.to_string())).collect();
        let asked = ours::filters(server, &all)?;
        let found = asked.last().map_or(0, |(_, found)| *found);
        Ok((
            kind.replace('#', "…"),
            asked.into_iter().map(|(took, _)| took).collect(),
            found,
        ))
    };
    FILTERS.iter().map(of_kind).collect()
}

fn counts(server: SocketAddr, database: &onemap_testing::Database<'_>) -> Result<Vec<(f64, Vec<Duration>, u64)>> {
    let of_side = |&side: &f64| {
        let squares = boxes::of_side(database, 200, side)?;
        let boxes: Vec<_> = squares.iter().map(|square| square.to_query()).collect();
        let asked = ours::counts(server, &boxes)?;
        let most = asked.iter().map(|(_, found)| *found).max().unwrap_or(0);
        Ok((side, asked.into_iter().map(|(took, _)| took).collect(), most))
    };
    SIDES.iter().map(of_side).collect()
}
