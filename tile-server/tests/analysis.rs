//! Questions that are answered with numbers: sums by attributes and areas, overlays, distances.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::city::{feature, layer, path, square};
use common::memory::Memory;
use common::random::Random;
use common::{Running, config, serve_city};
use onemap_model::{Access, Crs, Feature, FieldType, Geometry, GeometryType, Layer, Polygon, Value as Cell};
use onemap_store::OpenMode;
use onemap_testing::Cluster;
use serde_json::{Value, json};

/// Squares of 0.001 degrees with their lower left corners at (x, y), and rooms and prices; one has no geometry.
fn lots() -> (Layer, Vec<Feature>) {
    let fields = [
        ("use", FieldType::Text),
        ("rooms", FieldType::Int),
        ("price", FieldType::Float),
    ];
    let layer = layer("lots", GeometryType::MultiPolygon, Access::Public, &fields);
    let one = |fid: i64, at: Option<(f64, f64)>, used: Option<&str>, rooms: Option<i64>, price: Option<f64>| {
        let price = price.map_or(Cell::Null, |price| Cell::float(price).unwrap());
        let values = vec![
            used.map_or(Cell::Null, Cell::text),
            rooms.map_or(Cell::Null, Cell::Int),
            price,
        ];
        feature(fid, at.map(|(x, y)| rectangle(x, y, x + 0.001, y + 0.001)), values)
    };
    let lots = vec![
        one(1, Some((115.000, 30.0)), Some("住宅"), Some(3), Some(0.25)),
        one(2, Some((115.002, 30.0)), Some("住宅"), None, Some(0.5)),
        one(3, Some((115.004, 30.0)), Some("=商业"), Some(i64::MAX), None),
        one(4, Some((115.0095, 30.0)), None, Some(i64::MAX), Some(1.5)),
        one(5, None, None, Some(5), None),
    ];
    (layer, lots)
}

/// Two areas side by side, the border at 115.010, and one far off that crosses itself.
fn wards() -> (Layer, Vec<Feature>) {
    let layer = layer(
        "wards",
        GeometryType::MultiPolygon,
        Access::Public,
        &[("name", FieldType::Text)],
    );
    let bow = path(&[
        (116.0, 30.0),
        (116.001, 30.001),
        (116.001, 30.0),
        (116.0, 30.001),
        (116.0, 30.0),
    ]);
    let bow = Geometry::Polygons(vec![Polygon { rings: vec![bow] }]);
    let one = |fid: i64, geometry, name: &str| feature(fid, Some(geometry), vec![Cell::text(name)]);
    let wards = vec![
        one(1, rectangle(114.99, 29.99, 115.01, 30.01), "西区"),
        one(2, rectangle(115.01, 29.99, 115.03, 30.01), "东区"),
        one(3, bow, "bow"),
    ];
    (layer, wards)
}

fn rectangle(west: f64, south: f64, east: f64, north: f64) -> Geometry {
    let ring = path(&[
        (west, south),
        (east, south),
        (east, north),
        (west, north),
        (west, south),
    ]);
    Geometry::Polygons(vec![Polygon { rings: vec![ring] }])
}

fn serve() -> (Running, Memory) {
    let secret = layer("secret", GeometryType::MultiPolygon, Access::Restricted, &[]);
    let hidden = feature(1, Some(square(115.0, 115.1)), vec![]);
    let empty = layer(
        "empty",
        GeometryType::MultiPolygon,
        Access::Public,
        &[("what", FieldType::Int)],
    );
    let memory = Memory::new(vec![(empty, vec![]), lots(), (secret, vec![hidden]), wards()]);
    let server = Running::start(config(""), memory.opener());
    server.wait_ready();
    (server, memory)
}

/// The area of a lot: that of PostGIS's `ST_Area(geography)` on GRS 80.
const LOT_M2: f64 = 10_695.6;

#[test]
fn features_are_counted_and_summed_by_attributes_and_null_is_a_group() {
    let (server, _) = serve();
    let answer = server
        .get("/collections/lots/aggregate?group-by=use&sum=rooms,price&avg=rooms&min=price&max=use&area&count")
        .json();
    assert_eq!((&answer["version"], &answer["numberMatched"]), (&json!(1), &json!(5)));
    let groups = answer["groups"].as_array().unwrap();
    let uses: Vec<_> = groups.iter().map(|group| &group["group"]["use"]).collect();
    assert_eq!(uses, [&json!("=商业"), &json!("住宅"), &Value::Null]);
    let homes = &groups[1];
    assert_eq!(homes["count"], 2);
    assert_eq!(homes["sum"], json!({"rooms": 3, "price": 0.75}));
    assert_eq!(
        (&homes["avg"]["rooms"], &homes["min"]["price"]),
        (&json!(3.0), &json!(0.25))
    );
    assert_eq!(homes["max"]["use"], "住宅");
    let area = homes["area"].as_f64().unwrap();
    assert!((area - 2.0 * LOT_M2).abs() < 1.0, "{area}");
    // No price there is null, not 0; whole numbers beyond 64 bits do not wrap.
    assert_eq!(groups[0]["sum"]["price"], Value::Null);
    assert_eq!(groups[2]["sum"]["rooms"].as_f64(), Some(i64::MAX as f64 + 5.0));
    let how = &answer["measured"]["area"];
    assert_eq!((&how["method"], &how["unit"]), (&json!("ellipsoidal"), &json!("m²")));
    let planar = server.get("/collections/lots/aggregate?area=planar:EPSG:4547").json();
    assert_eq!(
        planar["measured"]["area"]["crs"],
        "http://www.opengis.net/def/crs/EPSG/0/4547"
    );
    let plain = planar["groups"][0]["area"].as_f64().unwrap();
    assert!((plain - 4.0 * LOT_M2).abs() < 50.0, "{plain}");
}

#[test]
fn filters_boxes_and_fields_narrow_a_sum_and_nothing_sums_to_nothing() {
    let (server, _) = serve();
    let count = |query: &str| {
        let answer = server.get(&format!("/collections/lots/aggregate?{query}")).json();
        answer["groups"][0]["count"].as_u64()
    };
    assert_eq!(count(""), Some(5));
    assert_eq!(count("bbox=114.9995,29.9,115.0025,30.1"), Some(2));
    assert_eq!(count("rooms=3"), Some(1));
    assert_eq!(count("filter=rooms%20IS%20NULL"), Some(1));
    assert_eq!(count("filter=S_DWITHIN(geom,POINT(115.006%2030.0005),100)"), Some(1));
    let empty = server.get("/collections/empty/aggregate?sum=what&area").json();
    assert_eq!(
        empty["groups"],
        json!([{"group": {}, "count": 0, "sum": {"what": null}, "area": 0.0}])
    );
    assert_eq!(
        server.get("/collections/empty/aggregate?group-by=what").json()["groups"],
        json!([])
    );
    assert_eq!(
        server.get("/collections/lots/aggregate?by=empty").json()["groups"][0]["count"],
        5
    );
}

#[test]
fn the_areas_of_another_layer_make_groups_whole_or_by_shares() {
    let (server, _) = serve();
    let groups = |query: &str| {
        let answer = server
            .get(&format!("/collections/lots/aggregate?by=wards&by-field=name&{query}"))
            .json();
        let groups = answer["groups"].as_array().unwrap().iter();
        let one = |group: &Value| (group["group"]["wards.name"].clone(), group["count"].as_f64().unwrap());
        groups.map(one).collect::<Vec<_>>()
    };
    // The middle of the fourth lot is on the border, which both have: the first ward counts it.
    let expected = [(json!("西区"), 4.0), (Value::Null, 1.0)];
    assert_eq!(groups(""), expected);
    let expected = [(json!("西区"), 3.5), (json!("东区"), 0.5), (Value::Null, 1.0)];
    for ((name, count), (expected_name, expected)) in groups("share=area").iter().zip(&expected) {
        assert_eq!(name, expected_name);
        assert!((count - expected).abs() < 1e-6, "{count} {expected}");
    }
}

#[test]
fn an_overlay_gives_each_class_its_share_and_tells_the_rest() {
    let (server, _) = serve();
    let answer = server.get("/collections/lots/overlay/wards?group-by=name").json();
    assert_eq!(answer["measured"]["area"]["method"], "ellipsoidal");
    let fourth = &answer["features"][3];
    let share = |part: &Value| (part["group"]["name"].clone(), part["share"].as_f64().unwrap());
    let shares: Vec<_> = fourth["parts"].as_array().unwrap().iter().map(share).collect();
    assert_eq!(
        shares.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        ["东区", "西区"]
    );
    assert!(shares.iter().all(|(_, share)| (share - 0.5).abs() < 1e-6), "{shares:?}");
    assert_eq!(answer["features"][4]["flags"], json!(["no-geometry"]));
    let back = server.get("/collections/wards/overlay/lots").json();
    let west = &back["features"][0];
    assert_eq!(west["parts"].as_array().unwrap().len(), 4);
    let rest = west["rest"]["share"].as_f64().unwrap();
    assert!((rest - (1.0 - 3.5 / 400.0)).abs() < 1e-5, "{rest}");
    assert_eq!(back["features"][2]["flags"], json!(["self-crossing"]));
    // Pages go on where the last ended, at the same version.
    let page = server.get("/collections/lots/overlay/wards?limit=2").json();
    let next = page["links"]
        .as_array()
        .unwrap()
        .iter()
        .find(|link| link["rel"] == "next")
        .unwrap();
    let next = next["href"].as_str().unwrap();
    assert!(next.contains("version=1") && next.contains("offset=2"), "{next}");
    let next = server
        .get(next.strip_prefix(&format!("http://{}", server.address)).unwrap())
        .json();
    assert_eq!(next["features"][0]["id"], "3");
}

#[test]
fn answers_come_as_tables_for_spreadsheets_and_people() {
    let (server, _) = serve();
    let csv = server.get("/collections/lots/aggregate?group-by=use&sum=price&f=csv");
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    // What a spreadsheet would take for a formula is none.
    let expected = "use,count,sum_price\r\n'=商业,1,\r\n住宅,2,0.75\r\n,2,1.5\r\n";
    assert_eq!(csv.text(), expected);
    let page = server
        .get("/collections/lots/aggregate?group-by=use&area&f=html")
        .text();
    for part in [
        "统计 · Statistics",
        "Title of use",
        "面积 · Area [m²]",
        "<meter",
        "椭球面",
        "f=csv",
        "by=wards",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = server.get("/collections/lots/overlay/wards?f=html").text();
    assert!(page.contains("比例 · Share") && page.contains("叠加"), "{page}");
    assert!(server.get("/collections/lots?f=html").text().contains("lots/aggregate"));
}

#[test]
fn what_is_hidden_stays_hidden_and_what_cannot_be_says_why() {
    let (server, _) = serve();
    let remote = |path: &str| server.get_remote(path);
    remote("/collections/secret/aggregate").is_problem(404, "secret");
    remote("/collections/lots/aggregate?by=secret").is_problem(404, "secret");
    remote("/collections/lots/overlay/secret").is_problem(404, "secret");
    let page = remote("/collections/lots/aggregate?f=html").text();
    assert!(!page.contains("secret") && page.contains("wards"), "{page}");
    assert_eq!(server.get("/collections/lots/aggregate?by=secret").status, 200);
    let refused = |query: &str, part: &str| server.get(&format!("/collections/lots/{query}")).is_problem(400, part);
    refused("aggregate?group-by=nonsense", "nonsense");
    refused("aggregate?sum=use", "a field of numbers");
    refused("aggregate?area=nonsense", "nonsense");
    refused("aggregate?area=planar:EPSG:4490", "degrees");
    refused("aggregate?share=area", "by, which is missing");
    refused("aggregate?by=wards&share=half", "half");
    refused("aggregate?by=wards&by-field=a,name", "by-field");
    refused("aggregate?f=geojson", "geojson");
    refused("aggregate?nonsense=1", "nonsense");
    refused("aggregate?limit=1", "limit");
    refused("aggregate?nearest=115,30", "nearest");
    refused("overlay/wards?limit=0", "limit");
    refused("items?nearest=115", "nearest");
    refused("items?nearest=115,30&k=0", "k");
    refused("items?nearest=115,30&sortby=use", "sortby");
    refused("items?k=5", "nearest");
}

#[test]
fn sums_are_of_the_version_that_is_asked_for() {
    let (server, memory) = serve();
    let changed = memory.change("lots", |lots| lots.truncate(2));
    server.wait_until(|| server.get("/collections/lots/aggregate").json()["version"] == changed.0);
    let count =
        |query: &str| server.get(&format!("/collections/lots/aggregate?{query}")).json()["numberMatched"].clone();
    assert_eq!((count(""), count("version=1")), (json!(2), json!(5)));
    let (server, _) = serve_city("");
    let count = |time: &str| {
        let answer = server.get(&format!("/collections/%E5%AE%97%E5%9C%B0/aggregate?datetime={time}"));
        answer.json()["numberMatched"].clone()
    };
    assert_eq!((count("2019-01-01"), count("2021-01-01")), (json!(1), json!(2)));
}

#[test]
fn the_nearest_come_first_with_their_distance_over_the_antimeridian_too() {
    let (server, _) = serve_city("");
    let page = server.get("/collections/pacific/items?nearest=179.9,0&k=3").json();
    let found = page["features"].as_array().unwrap().iter();
    let found: Vec<_> = found.map(|one| (one["id"].clone(), one["distance"].as_f64())).collect();
    assert_eq!(
        found.iter().map(|(id, _)| id).collect::<Vec<_>>(),
        ["3", "1", "2"],
        "{page}"
    );
    // Degrees of the equator are 111 319.49 m each.
    for ((_, metres), degrees) in found.iter().zip([0.1, 0.4, 0.6]) {
        assert!((metres.unwrap() - degrees * 111_319.490_8).abs() < 0.01, "{found:?}");
    }
    let near = "/collections/pacific/items?filter=S_DWITHIN(geom,POINT(-179.9%200),50000)";
    assert_eq!(server.get(near).json()["features"].as_array().unwrap().len(), 2);
}

/// Four-cornered lots all over two wards whose border runs askew, in PostGIS and served from there.
fn askew() -> Vec<(Layer, Vec<Feature>)> {
    let (lots, wards) = (lots().0, wards().0);
    let mut random = Random::new(7);
    let quad = |corners: [(f64, f64); 4]| {
        let ring = path(&[corners[0], corners[1], corners[2], corners[3], corners[0]]);
        Some(Geometry::Polygons(vec![Polygon { rings: vec![ring] }]))
    };
    let one = |fid: i64| {
        let (x, y) = (115.0 + 0.002 * (fid % 12) as f64, 30.0 + 0.002 * (fid / 12) as f64);
        let mut near = |dx: f64, dy: f64| {
            (
                x + dx + random.between(0.0, 0.0006),
                y + dy + random.between(0.0, 0.0006),
            )
        };
        let corners = [
            near(0.0, 0.0),
            near(0.0013, 0.0),
            near(0.0013, 0.0013),
            near(0.0, 0.0013),
        ];
        let used = ["住宅", "商业", "工业"][fid as usize % 3];
        feature(
            fid + 1,
            quad(corners),
            vec![Cell::text(used), Cell::Int(fid), Cell::Null],
        )
    };
    let lots = (lots, (0..144).map(one).collect());
    let (a, b) = ((115.0101, 29.99), (115.0147, 30.03));
    let wards_of = [
        ("西", [(114.99, 29.99), a, b, (114.99, 30.03)]),
        ("东", [a, (115.03, 29.99), (115.03, 30.03), b]),
    ];
    let ward = |fid: i64, name: &str, corners: [(f64, f64); 4]| feature(fid, quad(corners), vec![Cell::text(name)]);
    let wards_of = (1..)
        .zip(wards_of)
        .map(|(fid, (name, corners))| ward(fid, name, corners));
    vec![lots, (wards, wards_of.collect())]
}

#[test]
fn answers_are_those_of_postgis() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.fresh_database();
    let url = database.url();
    let mut store = onemap_store::open(&url, OpenMode::CreateIn(Crs::CGCS2000)).unwrap();
    common::gpkg::load(&mut *store, &askew());
    let mut config = config("");
    config.store = url.clone();
    let server = Running::start(config, move || onemap_store::open(&url, OpenMode::Existing));
    server.wait_ready();
    let rows = |sql: &str| -> Vec<Vec<String>> {
        let text = database.psql(sql);
        text.lines()
            .map(|line| line.split('|').map(str::to_owned).collect())
            .collect()
    };
    let same = |own: &Value, theirs: &str, least: f64| {
        let (own, theirs) = (own.as_f64().unwrap(), theirs.parse::<f64>().unwrap());
        assert!((own - theirs).abs() <= least + theirs.abs() * 1e-8, "{own} {theirs}");
    };

    let sums = rows(
        "SELECT \"use\", count(*), sum(rooms), sum(ST_Area(geom::geography)) FROM lots GROUP BY 1 ORDER BY \"use\" COLLATE \"C\"",
    );
    let answer = server
        .get("/collections/lots/aggregate?group-by=use&sum=rooms&area")
        .json();
    assert_eq!((sums.len(), answer["groups"].as_array().unwrap().len()), (3, 3));
    for (own, theirs) in answer["groups"].as_array().unwrap().iter().zip(&sums) {
        assert_eq!(own["group"]["use"], theirs[0].as_str());
        assert_eq!(
            (own["count"].to_string(), own["sum"]["rooms"].to_string()),
            (theirs[1].clone(), theirs[2].clone())
        );
        same(&own["area"], &theirs[3], 1e-3);
    }

    // Cut in longitude and latitude, and measured.
    let shares = rows(
        "SELECT w.name, l.\"use\", sum(ST_Area(ST_Intersection(l.geom, w.geom)::geography)) FROM lots l JOIN wards w \
         ON ST_Intersects(l.geom, w.geom) GROUP BY 1, 2 ORDER BY w.name COLLATE \"C\", l.\"use\" COLLATE \"C\"",
    );
    let answer = server.get("/collections/wards/overlay/lots?group-by=use").json();
    let mut own = Vec::new();
    for (ward, name) in answer["features"].as_array().unwrap().iter().zip(["西", "东"]) {
        let parts = ward["parts"].as_array().unwrap().iter();
        own.extend(parts.map(|part| (name, part["group"]["use"].as_str().unwrap(), &part["area"])));
    }
    own.sort_by_key(|(name, used, _)| (*name, *used));
    assert_eq!(own.len(), 6);
    for ((name, used, area), theirs) in own.iter().zip(&shares) {
        assert_eq!([*name, *used], [&theirs[0], &theirs[1]]);
        same(area, &theirs[2], 0.01);
    }
    let by = server
        .get("/collections/lots/aggregate?by=wards&by-field=name&group-by=use&share=area&area")
        .json();
    for (own, (name, used, area)) in by["groups"].as_array().unwrap().iter().map(|group| {
        let (name, used) = (
            group["group"]["wards.name"].as_str().unwrap(),
            group["group"]["use"].as_str().unwrap(),
        );
        let whole = own.iter().find(|one| (one.0, one.1) == (name, used)).unwrap();
        (group, *whole)
    }) {
        same(&own["area"], &area.to_string(), 0.01);
        assert!(!name.is_empty() && !used.is_empty());
    }

    let here = "ST_SetSRID(ST_MakePoint(115.0118, 30.0119), 4490)::geography";
    let nearest = rows(&format!(
        "SELECT fid, ST_Distance(geom::geography, {here}) FROM lots ORDER BY 2, 1 LIMIT 20"
    ));
    let page = server
        .get("/collections/lots/items?nearest=115.0118,30.0119&k=20")
        .json();
    let found = page["features"].as_array().unwrap();
    assert_eq!(found.len(), 20);
    for (own, theirs) in found.iter().zip(&nearest) {
        assert_eq!(own["id"], theirs[0].as_str());
        same(&own["distance"], &theirs[1], 1e-3);
    }
    for metres in [0, 50, 333, 1000, 2500] {
        for shape in [
            "POINT(115.0118 30.0119)",
            "LINESTRING(115.003 30.001, 115.02 30.017)",
            "POLYGON((115.001 30.001, 115.004 30.001, 115.002 30.005, 115.001 30.001))",
        ] {
            let count = rows(&format!(
                "SELECT count(*) FROM lots WHERE ST_DWithin(geom::geography, ST_GeomFromText('{shape}', 4490)::geography, {metres})"
            ));
            let filter = format!("S_DWITHIN(geom,{shape},{metres})").replace(' ', "%20");
            let page = server
                .get(&format!("/collections/lots/items?limit=1&filter={filter}"))
                .json();
            assert_eq!(page["numberMatched"].to_string(), count[0][0], "{shape} {metres}");
        }
    }
}
