"""Asks a served sample city through GDAL, geopandas and OWSLib as analysts do, and says what each did.

Called by scripts/clients with the address of a server, its log (with RUST_LOG=debug) and the parcels that it has.
Every check is a function; one that does not hold ends the run with its name.
"""

import json
import re
import subprocess
import sys
import time
import urllib.request

BASE, LOG, PARCELS = sys.argv[1], sys.argv[2], int(sys.argv[3])
SMALL = (115.03, 30.19, 115.05, 30.21)


def get(path):
    with urllib.request.urlopen(BASE + path, timeout=60) as answer:
        return json.load(answer)


def count(query):
    return get(f"/collections/parcels/items?limit=1&{query}")["numberMatched"]


def asked():
    """The queries that the server was asked on /collections/parcels/items so far."""
    with open(LOG, encoding="utf-8", errors="replace") as log:
        text = re.sub(r"\x1b\[[0-9;]*m", "", log.read())
    return re.findall(r'path="?/collections/parcels/items"? query="([^"]*)"', text)


def since(mark):
    return asked()[mark:]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ogrinfo(*options):
    options = ("-ro", "-so", *options, f"OAPIF:{BASE}", "parcels")
    text = run("ogrinfo", *options)
    return int(re.search(r"Feature Count: (\d+)", text)[1]), text


def gdal_lists_layers():
    listed = run("ogrinfo", "-ro", f"OAPIF:{BASE}")
    ours = [layer["id"] for layer in get("/collections")["collections"]]
    missing = [name for name in ours if name not in listed]
    assert not missing, missing
    return f"{len(ours)} layers"


def gdal_counts():
    found, text = ogrinfo()
    assert found == PARCELS, (found, PARCELS)
    assert "Extent: (11" in text, text
    return f"{found} parcels"


def gdal_sends_boxes():
    mark = len(asked())
    found, _ = ogrinfo("-spat", *map(str, SMALL))
    expected = count("bbox=" + ",".join(map(str, SMALL)))
    assert found == expected > 0, (found, expected)
    assert any("bbox=" in query for query in since(mark)), since(mark)
    return f"{found} in a box, asked for as bbox="


def text_field():
    """A field of the parcels and a value of it."""
    first = get("/collections/parcels/items?limit=1")["features"][0]["properties"]
    return next((name, value) for name, value in first.items() if isinstance(value, str) and value)


def gdal_sends_conditions():
    mark = len(asked())
    name, value = text_field()
    found, _ = ogrinfo("-where", f"\"{name}\" = '{value}'")
    expected = get(f"/collections/parcels/items?limit=1&{name}={urllib.request.quote(value)}")["numberMatched"]
    assert found == expected > 0, (found, expected)
    sent = since(mark)
    assert any("filter=" in query or f"{name}=" in query for query in sent), sent
    return f"{found} with {name} = {value!r}, asked for as {[q for q in sent if name in q or 'filter=' in q][0]}"


def gdal_pages_and_reprojects(tmp):
    mark = len(asked())
    out = f"{tmp}/parcels.geojson"
    box = ",".join(map(str, SMALL))
    expected = count(f"bbox={box}")
    options = ("-spat", *map(str, SMALL), "-oo", "PAGE_SIZE=100", "-t_srs", "EPSG:4547", "-nln", "parcels")
    run("ogr2ogr", "-f", "GPKG", out.replace("geojson", "gpkg"), f"OAPIF:{BASE}", "parcels", *options)
    text = run("ogrinfo", "-so", out.replace("geojson", "gpkg"), "parcels")
    found = int(re.search(r"Feature Count: (\d+)", text)[1])
    assert found == expected, (found, expected)
    assert "3-degree Gauss-Kruger CM 114E" in text, text
    pages = len([query for query in since(mark) if "bbox" in query])
    assert pages >= expected // 100, pages
    return f"{found} parcels in {pages} requests, in EPSG:4547"


def pyogrio_reads():
    import pyogrio

    layers = [name for name, _ in pyogrio.list_layers(f"OAPIF:{BASE}")]
    assert "parcels" in layers
    mark = len(asked())
    name, value = text_field()
    frame = pyogrio.read_dataframe(f"OAPIF:{BASE}", layer="parcels", bbox=SMALL)
    assert len(frame) == count("bbox=" + ",".join(map(str, SMALL))), len(frame)
    one = pyogrio.read_dataframe(f"OAPIF:{BASE}", layer="parcels", where=f"\"{name}\" = '{value}'")
    assert len(one) == 1 and (one[name] == value).all()
    sent = since(mark)
    assert any("filter=" in query or f"{name}=" in query for query in sent), sent
    return f"GDAL {'.'.join(map(str, pyogrio.__gdal_version__))}: {len(layers)} layers, {len(frame)} in a box"


def geopandas_reads_all():
    import resource

    import geopandas

    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    frame = geopandas.read_file(f"OAPIF:{BASE}", layer="parcels", PAGE_SIZE=10000)
    took = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert len(frame) == PARCELS == frame.geometry.notna().sum(), len(frame)
    west, south, east, north = frame.total_bounds
    assert 113 < west < east < 117 and 28 < south < north < 32, frame.total_bounds
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{len(frame)} parcels in {took:.2f} s, {spent:.2f} s of them the client's CPU"


def owslib_reads():
    from owslib.ogcapi.features import Features

    features = Features(BASE + "/")
    names = features.feature_collections()
    assert "parcels" in names, names
    page = features.collection_items("parcels", bbox=list(SMALL), limit=50)
    assert page["numberMatched"] == count("bbox=" + ",".join(map(str, SMALL)))
    name, value = text_field()
    one = features.collection_items("parcels", filter=f"{name} = '{value}'")
    assert one["numberMatched"] == 1, one["numberMatched"]
    queryables = features.collection_queryables("parcels")
    assert name in queryables["properties"]
    assert features.collection_schema("parcels")["properties"]
    first = page["features"][0]["id"]
    assert features.collection_item("parcels", first)["id"] == first
    return f"{len(names)} layers, {page['numberMatched']} in a box, a filter, an item"


def main():
    checks = [
        ("GDAL of this system lists", gdal_lists_layers),
        ("GDAL counts", gdal_counts),
        ("GDAL, -spat", gdal_sends_boxes),
        ("GDAL, -where", gdal_sends_conditions),
        ("GDAL pages, reprojects", lambda: gdal_pages_and_reprojects(sys.argv[4])),
        ("pyogrio", pyogrio_reads),
        ("geopandas", geopandas_reads_all),
        ("OWSLib", owslib_reads),
    ]
    failed = 0
    for name, check in checks:
        try:
            print(f"ok      {name}: {check()}", flush=True)
        except Exception as error:  # what any client throws is what it did
            failed += 1
            print(f"FAILED  {name}: {type(error).__name__}: {str(error)[:2000]}", flush=True)
    sys.exit(1 if failed else 0)


main()
