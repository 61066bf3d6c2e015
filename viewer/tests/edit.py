"""Edits a GeoPackage as another program does: edit.py FILE SQL, with the functions that its R-tree triggers call."""

import sqlite3
import struct
import sys


def envelope(blob):
    """min x, max x, min y, max y: from the header, or of a point."""
    order = "<" if blob[3] & 1 else ">"
    if blob[3] >> 1 & 7:
        return struct.unpack_from(order + "4d", blob, 8)
    x, y = struct.unpack_from(("<" if blob[8] else ">") + "2d", blob, 13)
    return x, x, y, y


db = sqlite3.connect(sys.argv[1], timeout=30)
for at, name in enumerate(["ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"]):
    db.create_function(name, 1, lambda blob, at=at: envelope(blob)[at], deterministic=True)
db.create_function("ST_IsEmpty", 1, lambda blob: blob[3] >> 4 & 1, deterministic=True)
changed = db.execute(sys.argv[2]).rowcount
db.commit()
print(changed)
