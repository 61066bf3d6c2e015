//! Files in a city's own system, loaded with the parameters of its survey office, which nobody ever sees again.
#![allow(clippy::unwrap_used, reason = "tests, helpers included")]

use onemap_e2e::loaded::{self, apart, of_store};
use onemap_e2e::programs::{Run, import};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The parameters, as they are written in the file; each is found nowhere else.
const SECRETS: [&str; 4] = ["513579.246", "3302468.135", "-3456.789", "17.9753"];

struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let office = Self { folder };
        let [dx, dy, rotation, scale] = SECRETS;
        let text = format!(
            "[[system]]\nname = \"huangshi\"\nbounds = [-200000, -200000, 200000, 200000]\n[system.plane]\nto = 4547\n\
             dx_m = {dx}\ndy_m = {dy}\nrotation_arcsec = {rotation}\nscale_ppm = {scale}\n"
        );
        fs::write(office.path("systems.toml"), text).unwrap();
        office.allow(0o600);
        office
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn allow(&self, mode: u32) {
        fs::set_permissions(self.path("systems.toml"), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Three parcels in the local plane, a fourth far outside; and the same three in EPSG:4547.
    fn write_parcels(&self) {
        let [dx, dy, rotation, scale] = SECRETS.map(|text| text.parse::<f64>().unwrap());
        let (sin, cos) = (rotation / 3600.0).to_radians().sin_cos();
        let k = 1.0 + scale * 1e-6;
        let turned = |x: f64, y: f64| (dx + k * (cos * x - sin * y), dy + k * (sin * x + cos * y));
        let (mut local, mut national) = ("code,wkt\n".to_owned(), "code,wkt\n".to_owned());
        for (n, x, y) in [
            (1, 45_000.5, 32_000.25),
            (2, 46_000.0, 32_000.0),
            (3, -12_000.0, 71_234.5),
            (4, 9e6, 9e6),
        ] {
            let ring = [(0.0, 0.0), (80.0, 0.0), (80.0, 60.0), (0.0, 60.0), (0.0, 0.0)];
            let wkt = |turn: &dyn Fn(f64, f64) -> (f64, f64)| {
                let points = ring.map(|(dx, dy)| turn(x + dx, y + dy));
                let words = points.map(|(x, y)| format!("{x} {y}"));
                format!("\"POLYGON(({}))\"", words.join(","))
            };
            local += &format!("{n},{}\n", wkt(&|x, y| (x, y)));
            if n < 4 {
                national += &format!("{n},{}\n", wkt(&turned));
            }
        }
        fs::write(self.path("local.csv"), local).unwrap();
        fs::write(self.path("national.csv"), national).unwrap();
    }

    fn run(&self, words: &[&str]) -> Run {
        let place = |word: &&str| match word.strip_prefix('@') {
            Some(name) => self.path(name).display().to_string(),
            None => (*word).to_owned(),
        };
        let run = import(&words.iter().map(place).collect::<Vec<_>>());
        no_secret_in(&run.stdout);
        no_secret_in(&run.stderr);
        run
    }
}

fn no_secret_in(text: &str) {
    for secret in SECRETS {
        let digits = secret.trim_start_matches('-');
        assert!(!text.contains(digits), "{digits} is told: {text}");
    }
}

fn no_secret_in_file(path: &Path) {
    let bytes = fs::read(path).unwrap();
    for secret in SECRETS {
        let digits = secret.trim_start_matches('-');
        let number: f64 = secret.parse().unwrap();
        for secret in [digits.as_bytes(), &number.to_le_bytes(), &number.to_be_bytes()] {
            let found = bytes.windows(secret.len()).any(|part| part == secret);
            assert!(!found, "{digits} is in {}", path.display());
        }
    }
}

const CRS: [&str; 4] = ["--crs", "local:huangshi", "--local-systems", "@systems.toml"];

#[test]
fn a_file_in_the_citys_system_lies_where_it_does_in_the_national_one() {
    let office = Office::new();
    office.write_parcels();
    let local = [
        &[
            "load",
            "@local.csv",
            "--to",
            "@city.gpkg",
            "--layer",
            "a",
            "--report",
            "@report.json",
        ],
        &CRS[..],
    ];
    let told = office.run(&local.concat()).succeeded();
    assert!(
        told.stdout.contains("4 read, 3 loaded") && told.stdout.contains("local:huangshi"),
        "{}",
        told.stdout
    );
    assert!(told.stdout.contains("coordinate-out-of-range"), "{}", told.stdout);
    let national = [
        "load",
        "@national.csv",
        "--to",
        "@city.gpkg",
        "--layer",
        "b",
        "--crs",
        "EPSG:4547",
    ];
    office.run(&national).succeeded();
    let [a, b] = ["a", "b"].map(|layer| loaded::read(&office.path("city.gpkg"), layer));
    assert_eq!((a.features.len(), b.features.len()), (3, 3));
    for one in &a.features {
        let same = |other: &&onemap_model::Feature| other.row.values[0] == one.row.values[0];
        let other = b.features.iter().find(same).unwrap();
        let [one, other] = [one, other].map(|feature| feature.row.geometry.as_ref().map(of_store));
        // A hundredth of a millimetre.
        assert!(apart(one.as_ref(), other.as_ref()) < 1e-10);
    }
    let shown = office.run(&["show", "@city.gpkg", "1"]).succeeded();
    assert!(shown.stdout.contains("local:huangshi"), "{}", shown.stdout);
    no_secret_in_file(&office.path("city.gpkg"));
    no_secret_in_file(&office.path("report.json"));
}

#[test]
fn what_is_wrong_with_the_file_or_the_name_is_told_without_its_values() {
    let office = Office::new();
    office.write_parcels();
    let refused = |words: &[&str], expected: &str| {
        let run = office.run(words);
        assert!(
            run.code != Some(0) && run.stderr.contains(expected),
            "{words:?}: {}",
            run.stderr
        );
    };
    let check = |crs: &str| {
        [
            "check".to_owned(),
            "@local.csv".to_owned(),
            "--crs".to_owned(),
            crs.to_owned(),
        ]
    };
    let with = |crs: &str, more: &[&'static str]| -> Vec<String> {
        check(crs)
            .into_iter()
            .chain(more.iter().map(|word| (*word).to_owned()))
            .collect()
    };
    let try_it = |crs: &str, more: &[&'static str], expected: &str| {
        let words = with(crs, more);
        refused(&words.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    };
    try_it("local:huangshi", &[], "--local-systems");
    try_it(
        "local:wuhan",
        &["--local-systems", "@systems.toml"],
        "there are: huangshi",
    );
    try_it("local:huangshi", &["--local-systems", "@none.toml"], "none.toml");
    office.allow(0o644);
    try_it("local:huangshi", &["--local-systems", "@systems.toml"], "chmod 600");
    office.allow(0o600);
    let text = fs::read_to_string(office.path("systems.toml")).unwrap();
    fs::write(
        office.path("systems.toml"),
        text.replace("to = 4547", "to = \"4547 513579.246\""),
    )
    .unwrap();
    try_it("local:huangshi", &["--local-systems", "@systems.toml"], "line 5");
}

#[test]
fn a_file_that_declares_another_system_is_not_read_as_the_citys_unless_forced() {
    let office = Office::new();
    office.write_parcels();
    let made = std::process::Command::new("ogr2ogr")
        .args(["-f", "GeoJSON"])
        .arg(office.path("declared.json"))
        .arg(office.path("local.csv"))
        .args(["-oo", "GEOM_POSSIBLE_NAMES=wkt", "-a_srs", "EPSG:4526"])
        .status();
    assert!(made.unwrap().success());
    let words = [&["check", "@declared.json"], &CRS[..]].concat();
    let refused = office.run(&words);
    assert!(
        refused.code != Some(0) && refused.stderr.contains("the file declares EPSG:4526"),
        "{}",
        refused.stderr
    );
    let forced = office.run(&[&words[..], &["--force-crs"]].concat()).succeeded();
    assert!(forced.stdout.contains("crs-forced"), "{}", forced.stdout);
}
