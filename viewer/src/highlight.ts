// Marks the chosen feature on the map with its full geometry, above everything else.

import type { ExpressionSpecification, GeoJSONSource, Map as MapLibre, StyleSpecification } from "maplibre-gl";

const SOURCE = "onemap-chosen";
const COLOUR = "#e0457b";
const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

/** Marks `geometry`, or nothing where it is null. */
export function highlight(map: MapLibre, geometry: GeoJSON.Geometry | null): void {
  const source = map.getSource<GeoJSONSource>(SOURCE) ?? addTo(map);
  source.setData(geometry === null ? NOTHING : { type: "Feature", properties: {}, geometry });
}

/** The style `next`, with the mark of `previous`: for MapLibre's `transformStyle`. */
export function keepHighlight(previous: StyleSpecification | undefined, next: StyleSpecification): StyleSpecification {
  const source = previous?.sources[SOURCE];
  if (previous === undefined || source === undefined) return next;
  const mark = previous.layers.filter((layer) => "source" in layer && layer.source === SOURCE);
  return { ...next, sources: { ...next.sources, [SOURCE]: source }, layers: [...next.layers, ...mark] };
}

function addTo(map: MapLibre): GeoJSONSource {
  map.addSource(SOURCE, { type: "geojson", data: NOTHING });
  const points: ExpressionSpecification = ["match", ["geometry-type"], ["Point", "MultiPoint"], true, false];
  const areas: ExpressionSpecification = ["match", ["geometry-type"], ["Polygon", "MultiPolygon"], true, false];
  const base = { source: SOURCE } as const;
  map.addLayer({ ...base, id: `${SOURCE}-area`, type: "fill", filter: areas, paint: { "fill-color": COLOUR, "fill-opacity": 0.14 } });
  map.addLayer({ ...base, id: `${SOURCE}-edge`, type: "line", layout: { "line-join": "round", "line-cap": "round" }, paint: { "line-color": COLOUR, "line-width": 2.5 } });
  map.addLayer({
    ...base,
    id: `${SOURCE}-point`,
    type: "circle",
    filter: points,
    paint: { "circle-radius": 9, "circle-color": COLOUR, "circle-opacity": 0.2, "circle-stroke-color": COLOUR, "circle-stroke-width": 2.5 },
  });
  return map.getSource<GeoJSONSource>(SOURCE) as GeoJSONSource;
}
