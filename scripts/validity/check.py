"""Whether every polygon in many tiles of a server is valid.

    check.py NAME ADDRESS TILES FOLDER

Tiles of all zooms that have something in them, chosen by chance, the same ones every time. Each is read by GDAL's MVT
driver and by mapbox-vector-tile; both must see equally many features of each layer, and GEOS must find every polygon of
both valid. Coordinates are those of the tile, whole numbers, so that nothing is rounded on the way.
"""

import math
import random
import sys
import urllib.request
from json import load
from pathlib import Path

import mapbox_vector_tile
import pyogrio
import shapely

ZOOMS = range(0, 21)
# Tries for one zoom: cities have wide empty places around them.
MOST_TRIES = 20_000


def ask(address):
    with urllib.request.urlopen(address) as answer:
        return answer.read()


def tiles_of(bounds, z):
    """The tiles of a zoom that meet the bounds, in an order without sense; at most MOST_TRIES of them."""
    n = 2**z

    def at(lon, lat):
        down = math.asinh(math.tan(math.radians(lat)))
        x, y = (lon + 180) / 360 * n, (1 - down / math.pi) / 2 * n
        return min(max(int(x), 0), n - 1), min(max(int(y), 0), n - 1)

    (west, north), (east, south) = at(bounds[0], bounds[3]), at(bounds[2], bounds[1])
    width, height = east - west + 1, south - north + 1
    chosen = random.Random(z).sample(range(width * height), min(width * height, MOST_TRIES))
    return [(west + i % width, north + i // width) for i in chosen]


def by_gdal(tile, folder):
    """The polygons of each layer, as GDAL reads them, and how many features there are."""
    path = Path(folder, "tile.mvt")
    path.write_bytes(tile)
    for name, _ in pyogrio.list_layers(f"MVT:{path}"):
        _, _, geometries, _ = pyogrio.raw.read(f"MVT:{path}", layer=name, columns=[])
        yield name, shapely.from_wkb(geometries)


def by_mapbox(tile):
    options = {"y_coord_down": True}
    for name, layer in mapbox_vector_tile.decode(tile, default_options=options).items():
        yield name, [shapely.geometry.shape(feature["geometry"]) for feature in layer["features"]]


def faults(geometries):
    polygons = [one for one in geometries if one is not None and "Polygon" in one.geom_type]
    good = shapely.is_valid(polygons)
    return len(polygons), [shapely.is_valid_reason(one) for one, is_good in zip(polygons, good) if not is_good]


def main(name, address, wanted, folder):
    with urllib.request.urlopen(f"{address}/xyz/basemap.json") as answer:
        bounds = load(answer)["bounds"]
    seen, polygons, bad = 0, 0, 0
    for z in ZOOMS:
        # What shallow zooms have too few of, the deeper ones make up for.
        quota = -(-(wanted - seen) // (len(ZOOMS) - z))
        for x, y in tiles_of(bounds, z):
            if quota == 0:
                break
            tile = ask(f"{address}/xyz/basemap/{z}/{x}/{y}.mvt")
            if not tile:
                continue
            quota, seen = quota - 1, seen + 1
            counts = []
            for decoder, layers in (("GDAL", by_gdal(tile, folder)), ("mapbox-vector-tile", by_mapbox(tile))):
                counted = {}
                for layer, geometries in layers:
                    counted[layer] = len(geometries)
                    count, reasons = faults(geometries)
                    polygons += count
                    bad += len(reasons)
                    for reason in reasons[:3]:
                        print(f"{name}: {z}/{x}/{y} {layer}, by {decoder}: {reason}", file=sys.stderr)
                counts.append(counted)
            if counts[0] != counts[1]:
                bad += 1
                print(f"{name}: {z}/{x}/{y}: the decoders see {counts[0]} and {counts[1]} features", file=sys.stderr)
            if seen % 500 == 0:
                print(f"{name}: {seen} tiles, {polygons} polygons, {bad} faults", file=sys.stderr)
    print(f"{name}: {seen} of {wanted} tiles, {polygons} polygons read by two decoders, {bad} faults")
    return 1 if bad or seen < wanted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
