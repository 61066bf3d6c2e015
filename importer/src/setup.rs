//! How GDAL is set up: quiet, local, and never writing beside the sources.

use crate::{messages, ogr};
use gdal::errors::CplErrType;
use std::sync::Once;

/// Options that hold for the whole process.
///
/// No side files are written (`.aux.xml`, `.shx`), nothing is fetched, one GeoJSON object or CSV line cannot take all
/// memory, and OSM's node index spills to disk above 128 MB.
const OPTIONS: [(&str, &str); 16] = [
    ("GDAL_PAM_ENABLED", "NO"),
    ("SHAPE_RESTORE_SHX", "NO"),
    ("GDAL_HTTP_MAX_RETRY", "0"),
    ("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", "{none}"),
    ("OGR_GEOJSON_MAX_OBJ_SIZE", "200"),
    ("OGR_CSV_MAX_LINE_SIZE", "10000000"),
    ("OSM_MAX_TMPFILE_SIZE", "128"),
    ("OSM_COMPRESS_NODES", "YES"),
    // Once one of these is left out for a pass that does without, GDAL never takes it up again.
    ("OSM_INDEX_POINTS", "YES"),
    ("OSM_USE_POINTS_INDEX", "YES"),
    ("OSM_INDEX_WAYS", "YES"),
    ("OSM_USE_WAYS_INDEX", "YES"),
    ("OGR_SQLITE_CACHE", "16"),
    ("OGR_ORGANIZE_POLYGONS", "DEFAULT"),
    ("CPL_DEBUG", "OFF"),
    ("OGR_ENABLE_PARTIAL_REPROJECTION", "NO"),
];

/// Sets GDAL up, once for the process; cheap when it was done.
pub fn gdal() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (key, value) in OPTIONS {
            gdal::config::set_config_option(key, value).expect("the options have no NUL byte");
        }
        gdal::config::set_error_handler(|class, _, text| match class {
            CplErrType::Warning => messages::hear(false, text),
            CplErrType::Failure | CplErrType::Fatal => messages::hear(true, text),
            CplErrType::None | CplErrType::Debug => {}
        });
        ogr::forbid_proj_network();
    });
}
