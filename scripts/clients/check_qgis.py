"""Opens a served sample city in QGIS, without a screen, as OGC API - Features layers; run by the Python that has it.

Called by scripts/clients/run with the address of a server and its log (with RUST_LOG=debug).
"""

import json
import os
import re
import sys
import urllib.parse
import urllib.request

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import (  # noqa: E402
    Qgis,
    QgsApplication,
    QgsFeatureRequest,
    QgsRectangle,
    QgsVectorLayer,
)

BASE, LOG = sys.argv[1], sys.argv[2]
BOX = (115.03, 30.19, 115.05, 30.21)


def matched(**query):
    query = urllib.parse.urlencode({"limit": 1, "bbox": ",".join(map(str, BOX)), **query})
    with urllib.request.urlopen(f"{BASE}/collections/pois/items?{query}", timeout=60) as answer:
        return json.load(answer)["numberMatched"]


def asked():
    with open(LOG, encoding="utf-8", errors="replace") as log:
        text = re.sub(r"\x1b\[[0-9;]*m", "", log.read())
    return re.findall(r'path="?/collections/pois/items"? query="([^"]*)"', text)


def main():
    application = QgsApplication([], False)
    application.initQgis()
    uri = f"url='{BASE}/' typename='pois' pageSize='100' restrictToRequestBBOX='1'"
    layer = QgsVectorLayer(uri, "pois", "OAPIF")
    assert layer.isValid(), layer.error().summary()
    mark = len(asked())
    request = QgsFeatureRequest().setFilterRect(QgsRectangle(*BOX))
    features = list(layer.getFeatures(request))
    assert len(features) == matched() > 100, (len(features), matched())
    pages = [query for query in asked()[mark:] if "bbox=" in query]
    assert len(pages) > len(features) // 100, pages
    inside = [one for one in features if QgsRectangle(*BOX).contains(one.geometry().asPoint())]
    assert len(inside) == len(features), (len(inside), len(features))
    kind = features[0]["class"]
    assert layer.setSubsetString(f"\"class\" = '{kind}'")
    some = list(layer.getFeatures(request))
    expected = matched(filter=f"class = '{kind}'")
    assert len(some) == expected > 0, (len(some), expected)
    sent = any("filter=" in query or "class=" in query for query in asked()[mark:])
    print(
        f"ok      QGIS {Qgis.QGIS_VERSION}: {len(features)} in a box in {len(pages)} requests, {expected} with a filter, "
        f"which {'the server' if sent else 'QGIS itself'} applied"
    )


main()
