//! What a page can be asked for: coordinate systems, times, fields; and what a feature was.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Running, serve_city};
use onemap_model::{Value as Cell, Version};
use serde_json::{Value, json};

const PARCELS: &str = "/collections/%E5%AE%97%E5%9C%B0";

fn ids(page: &Value) -> Vec<&str> {
    let features = page["features"].as_array().unwrap_or_else(|| panic!("{page}")).iter();
    features.map(|feature| feature["id"].as_str().unwrap()).collect()
}

fn uri(code: u32) -> String {
    format!("http://www.opengis.net/def/crs/EPSG/0/{code}")
}

fn get(server: &Running, path: &str) -> Value {
    server.get(path).json()
}

#[test]
fn an_answer_is_in_the_system_asked_for_in_its_axis_order() {
    let (server, _) = serve_city("");
    let check = |crs: &str, expected: Value| {
        for path in [
            "/collections/pois/items?limit=1&crs=",
            "/collections/pois/items/p0?crs=",
        ] {
            let reply = server.get(&format!("{path}{crs}"));
            let answer = reply.json();
            let feature = if path.contains("limit") {
                &answer["features"][0]
            } else {
                &answer
            };
            assert_eq!(feature["geometry"]["coordinates"], expected, "{path}{crs}");
            let named = format!("<{}>", crs.replace("[EPSG:4547]", &uri(4547)));
            assert_eq!(reply.header("content-crs"), Some(named.as_str()));
        }
    };
    check(
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        json!([115.0401, 30.2001]),
    );
    check(&uri(4490), json!([30.2001, 115.0401]));
    check(&uri(4326), json!([30.2001, 115.0401]));
    // gdaltransform -s_srs EPSG:4490 -t_srs EPSG:n, to the millimetre.
    check(&uri(3857), json!([12_806_205.353, 3_529_296.851]));
    check(&uri(4547), json!([3_342_752.626, 600_156.173]));
    check(&uri(4526), json!([3_342_752.626, 38_600_156.173]));
    check("[EPSG:4547]", json!([3_342_752.626, 600_156.173]));
    let default = server.get("/collections/pois/items?limit=1");
    assert_eq!(
        default.header("content-crs"),
        Some("<http://www.opengis.net/def/crs/OGC/1.3/CRS84>")
    );
    for name in ["crs", "bbox-crs", "filter-crs"] {
        let path = format!("/collections/pois/items?{name}={}", uri(2383));
        server.get(&path).is_problem(400, &format!("{name}: "));
        server.get(&path).is_problem(400, "4491 to 4554");
    }
}

#[test]
fn boxes_in_any_system_find_what_they_touch() {
    let (server, _) = serve_city("");
    // p3 is at 115.0404, 30.2001; the box is a metre around it.
    let check = |crs: u32, bbox: &str, expected: &[&str]| {
        let path = format!("/collections/pois/items?bbox={bbox}&bbox-crs={}", uri(crs));
        let page = get(&server, &path);
        assert_eq!(ids(&page), expected, "{crs} {bbox}");
        assert_eq!(page["numberMatched"], expected.len());
    };
    check(4490, "30.20009,115.04039,30.20011,115.04041", &["p3"]);
    check(3857, "12806237,3529296,12806240,3529298", &["p3"]);
    check(4547, "3342752,600184,3342754,600186", &["p3"]);
    check(4526, "3342752,38600184,3342754,38600186", &["p3"]);
    check(4547, "3342752,0,3342754,1", &[]);
    let all = |layer: &str, bbox: &str| {
        get(
            &server,
            &format!("/collections/{layer}/items?bbox={bbox}&bbox-crs={}", uri(4547)),
        )
    };
    // The road crosses the box with an edge, and no vertex of it is inside.
    assert_eq!(ids(&all("roads", "3342700,600100,3342800,600200")), ["1"]);
    assert_eq!(ids(&all("roads", "3342000,600900,3342100,601000")), Vec::<&str>::new());
    // The parcel holds the box.
    assert_eq!(
        ids(&all("%E5%AE%97%E5%9C%B0", "3342900,600300,3342901,600301")),
        ["west"]
    );
    server
        .get(&format!("/collections/pois/items?bbox=9,9,1,1&bbox-crs={}", uri(4547)))
        .is_problem(400, "south,west,north,east in metres (EPSG:4547)");
    let everywhere = all("pois", "-1e9,-1e9,1e9,1e9");
    assert_eq!(everywhere["numberMatched"], common::city::POIS);
}

#[test]
fn a_filters_geometries_may_be_in_a_projected_system() {
    let (server, _) = serve_city("");
    let filter = "S_INTERSECTS(geom,BBOX(3342752,600184,3342754,600186))".replace(',', "%2C");
    let path = format!("/collections/pois/items?filter={filter}&filter-crs={}", uri(4547));
    assert_eq!(ids(&get(&server, &path)), ["p3"]);
}

#[test]
fn a_time_finds_what_was_true_then() {
    let (server, _) = serve_city("");
    let check = |datetime: &str, expected: &[&str]| {
        let page = get(&server, &format!("{PARCELS}/items?datetime={datetime}"));
        assert_eq!(ids(&page), expected, "{datetime}");
        assert_eq!(page["numberMatched"], expected.len(), "{datetime}");
    };
    check("2019-06-01T00:00:00Z", &["old"]);
    check("2020-01-01T00:00:00%2B08:00", &["west", "east"]);
    check("2019-12-31", &["old"]);
    check("2019-12-31/2020-01-01", &["old", "west", "east"]);
    check("../2019-12-31T15:59:59Z", &["old"]);
    check("2998-12-31/..", &["west", "east", "future"]);
    check(
        "0000-01-01T00:00:00Z/9999-12-31T23:59:59Z",
        &["old", "west", "east", "future"],
    );
    check("../..", &["old", "west", "east", "future"]);
    server
        .get(&format!("{PARCELS}/items?datetime=x"))
        .is_problem(400, "datetime");
    let one = |id: &str, query: &str| server.get(&format!("{PARCELS}/items/{id}{query}"));
    one("old", "").is_problem(404, "now");
    assert_eq!(one("old", "?datetime=2010-01-01").json()["id"], "old");
    one("west", "?datetime=2010-01-01").is_problem(404, "2010-01-01");
    // The next page is of the same moment.
    let page = get(&server, &format!("{PARCELS}/items?limit=1"));
    let next = page["links"]
        .as_array()
        .unwrap()
        .iter()
        .find(|link| link["rel"] == "next")
        .unwrap();
    assert!(next["href"].as_str().unwrap().contains("&datetime=20"), "{next}");
}

#[test]
fn fields_are_chosen_and_asked_for_by_name() {
    let (server, _) = serve_city("");
    let page = get(&server, "/collections/pois/items?limit=1&properties=stars,code");
    assert_eq!(page["features"][0]["properties"], json!({"stars": 0, "code": "p0"}));
    let page = get(&server, "/collections/pois/items?limit=1&properties=");
    assert_eq!(page["features"][0]["properties"], json!({}));
    let item = get(&server, "/collections/pois/items/p1?properties=name");
    assert_eq!(item["properties"], json!({"name": "第1饭店"}));
    server
        .get("/collections/pois/items?properties=x")
        .is_problem(400, "expected some of code, name, stars");
    let check = |query: &str, expected: &[&str]| {
        let page = get(&server, &format!("/collections/{query}"));
        assert_eq!(ids(&page), expected, "{query}");
    };
    check("pois/items?stars=7", &["p7"]);
    check("pois/items?stars=7&name=%E7%AC%AC7%E9%A5%AD%E5%BA%97", &["p7"]);
    check("pois/items?stars=7&code=p8", &[]);
    check("pois/items?stars=7&filter=code%3D%27p7%27", &["p7"]);
    check("pois/items?id=p7&limit=3", &["p7"]);
    check("roads/items?built=1999-12-31", &["1"]);
    check("roads/items?width=12", &["1"]);
    check("%E5%AE%97%E5%9C%B0/items?zddm=west", &["west"]);
    server
        .get("/collections/pois/items?stars=x")
        .is_problem(400, "a whole number");
    server.get("/collections/roads/items?built=x").is_problem(400, "a day");
    server
        .get("/collections/pois/items?star=7")
        .is_problem(400, "unknown parameter \"star\"");
    server
        .get("/collections/pois/items?geom=7")
        .is_problem(400, "unknown parameter");
}

#[test]
fn a_feature_tells_what_it_was_and_when_that_was_recorded() {
    let (server, memory) = serve_city("");
    let second = memory.change("pois", |features| features[0].row.values[2] = Cell::Int(50));
    let third = memory.change("pois", |features| features[0].row.values[2] = Cell::Int(60));
    server.wait_until(|| get(&server, "/collections/pois/items/p0")["properties"]["stars"] == 60);
    let all = get(&server, "/collections/pois/items/p0/versions");
    let told: Vec<_> = all["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|state| {
            let recorded = &state["recorded"];
            (
                state["properties"]["stars"].as_i64().unwrap(),
                recorded["since"]["version"].as_u64(),
                recorded["until"]["version"].as_u64(),
            )
        })
        .collect();
    let (second, third) = (Some(second.0), Some(third.0));
    assert_eq!(told, [(60, third, None), (50, second, third), (0, Some(1), second)]);
    let first = &all["features"][2];
    assert_eq!(first["recorded"]["since"]["time"], "2023-11-14T22:13:21.000Z");
    // Each state has its own address, where it is as it was.
    let own = first["links"][0]["href"].as_str().unwrap();
    let path = own.strip_prefix(&format!("http://{}", server.address)).unwrap();
    assert_eq!(get(&server, path)["properties"]["stars"], 0);
    let page = get(&server, "/collections/pois/items/p0/versions?limit=2&properties=stars");
    let next = page["links"]
        .as_array()
        .unwrap()
        .iter()
        .find(|link| link["rel"] == "next")
        .unwrap();
    let next = next["href"]
        .as_str()
        .unwrap()
        .strip_prefix(&format!("http://{}", server.address))
        .unwrap();
    let rest = get(&server, next);
    assert_eq!(rest["features"].as_array().unwrap().len(), 1);
    assert_eq!(rest["features"][0]["properties"], json!({"stars": 0}));
    let parcel = get(&server, &format!("{PARCELS}/items/old/versions"));
    assert_eq!(
        parcel["features"][0]["time"]["interval"],
        json!(["..", "2019-12-31T16:00:00.000Z"])
    );
    server
        .get("/collections/pois/items/nobody/versions")
        .is_problem(404, "\"nobody\"");
    server
        .get("/collections/pois/items/p0/versions?after=x")
        .is_problem(400, "after");
}

#[test]
fn what_was_recorded_while_a_layer_was_hidden_stays_hidden() {
    let (server, memory) = serve_city("");
    memory.redefine("pois", |layer| layer.access = onemap_model::Access::Restricted);
    memory.change("pois", |features| features[0].row.values[2] = Cell::Int(50));
    memory.change("pois", |features| features[0].row.values[2] = Cell::Int(60));
    let open: Version = memory.redefine("pois", |layer| layer.access = onemap_model::Access::Public);
    server.wait_until(|| get(&server, "/health/ready")["version"] == open.0);
    let path = "/collections/pois/items/p0/versions";
    let stars = |page: Value| -> Vec<i64> {
        let states = page["features"].as_array().unwrap().iter();
        states
            .map(|state| state["properties"]["stars"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(stars(get(&server, path)), [60, 50, 0]);
    assert_eq!(stars(server.get_remote(path).json()), [60, 0]);
}
