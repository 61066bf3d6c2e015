//! What every store must do alike. A store is entered by name at the end of this file.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "contract/batches.rs"]
mod batches;
#[path = "contract/edits.rs"]
mod edits;
#[path = "contract/loads.rs"]
mod loads;
#[path = "contract/pasts.rs"]
mod pasts;
#[path = "contract/prepared.rs"]
mod prepared;
#[path = "contract/reads.rs"]
mod reads;
mod support;

use onemap_model::Crs;
use onemap_store::{OpenMode, Store};

/// A place where one store can be made and opened again.
pub trait Harness {
    /// Whether what it needs is there; where not, it says so, and the test is skipped.
    fn is_there() -> bool {
        true
    }
    /// A fresh place, with no store yet.
    fn new() -> Self;
    /// Opens the store; makes it in EPSG:4490 where it is missing.
    fn open(&self) -> Box<dyn Store>;
}

/// A GeoPackage in a temporary folder.
pub struct InGeoPackage(tempfile::TempDir);

impl Harness for InGeoPackage {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self) -> Box<dyn Store> {
        let path = self.0.path().join("city.gpkg");
        onemap_store::open(path.to_str().unwrap(), OpenMode::CreateIn(Crs::CGCS2000)).unwrap()
    }
}

/// A fresh database in the cluster of this process.
pub struct InPostgis(onemap_testing::Database<'static>);

impl Harness for InPostgis {
    fn is_there() -> bool {
        onemap_testing::Cluster::shared().is_some()
    }

    fn new() -> Self {
        Self(onemap_testing::Cluster::shared().unwrap().fresh_database())
    }

    fn open(&self) -> Box<dyn Store> {
        onemap_store::open(&self.0.url(), OpenMode::CreateIn(Crs::CGCS2000)).unwrap()
    }
}

macro_rules! contract {
    ($($store:ident: $harness:ty;)+) => { $(mod $store {
        contract!(@tests $harness, loads:
            a_first_load_is_version_one_and_everything_is_new,
            the_same_load_again_changes_nothing_and_makes_no_version,
            a_replace_touches_only_what_differs,
            without_a_key_equal_rows_are_matched_as_often_as_they_come,
            the_key_with_the_beginning_of_validity_tells_rows_apart,
            a_row_without_a_key_is_matched_by_content,
            an_append_adds_and_leaves_the_rest,
            an_upsert_replaces_by_key_and_leaves_the_rest,
            an_upsert_with_a_key_twice_changes_nothing,
            an_upsert_without_a_key_is_refused,
            an_append_that_lacks_a_field_leaves_it_null,
            an_append_of_other_fields_is_refused,
            a_dropped_load_leaves_no_trace,
            several_layers_are_one_version,
            a_layer_twice_in_one_load_is_refused,
            a_second_load_is_refused_while_one_is_under_way,
            rows_that_do_not_fit_are_refused,
            a_layer_in_another_crs_is_refused,
            a_layer_of_other_fields_takes_over_and_the_old_one_stays_in_its_versions,
            a_field_of_another_type_keeps_the_old_values_in_old_versions,
            a_new_title_alone_is_a_version_without_changes,
            numbers_are_never_used_again,
            geometries_of_another_kind_widen_the_layer,
            an_empty_layer_and_a_layer_without_geometry_are_kept,
            every_kind_of_value_and_geometry_comes_back,
            names_and_values_may_be_chinese_or_sql,
            fields_may_have_the_names_that_a_store_uses_inside,
            a_commit_tells_how_far_it_is,
            a_large_replace_is_like_a_small_one,
        );
        contract!(@tests $harness, edits:
            edits_are_one_version_and_collapse,
            edits_that_come_to_nothing_make_no_version,
            an_edit_of_what_is_not_there_changes_nothing,
            an_edit_that_does_not_fit_changes_nothing,
            the_log_has_old_and_new_states_in_order,
            the_log_can_be_read_in_pages_of_any_size,
            the_log_of_layers_comes_by_name,
        );
        contract!(@tests $harness, prepared:
            a_prepared_load_is_committed_like_any_other,
            what_is_prepared_is_seen_by_nobody_and_goes_without_a_trace,
            nothing_is_added_to_a_prepared_load,
            what_is_said_after_preparing_is_kept_with_the_batch,
        );
        contract!(@tests $harness, reads:
            a_fresh_store_is_empty_at_version_zero,
            a_store_is_the_same_when_opened_again,
            every_version_can_be_read_again,
            a_version_that_never_was_is_refused_with_those_that_are,
            a_reading_sees_nothing_of_what_is_committed_meanwhile,
            an_unknown_layer_is_named,
            reading_can_be_broken_off,
            one_feature_is_found_by_its_number_at_any_version,
            the_digest_tells_content_and_nothing_else,
            what_another_process_committed_shows_after_catching_up,
        );
        contract!(@tests $harness, pasts:
            commits_tell_who_did_what_to_which_layer,
            the_version_at_a_time_is_the_newest_then,
            the_states_of_a_feature_tell_when_they_were,
            a_difference_is_each_feature_once_and_reads_backwards_too,
            a_difference_over_another_definition_is_none,
            a_wait_ends_when_another_process_commits,
            what_is_pruned_is_gone_and_the_rest_is_as_it_was,
            a_version_that_is_not_kept_cannot_be_pruned_to,
            numbers_are_not_used_again_after_pruning,
        );
        contract!(@tests $harness, batches:
            a_load_leaves_a_batch_that_says_who_brought_what,
            what_makes_no_version_leaves_no_batch,
            a_version_of_single_edits_is_no_batch_but_can_be_shown_and_rolled_back,
            a_rollback_restores_rows_with_their_numbers_times_and_bytes,
            a_rollback_can_be_rolled_back,
            rolling_back_a_first_load_takes_the_layer_away_and_back_again,
            rolling_back_a_load_with_other_fields_brings_the_old_ones_back,
            rolling_back_brings_titles_and_keys_back,
            geometries_of_a_wider_kind_are_rolled_back_out_of_the_layer,
            a_rollback_leaves_what_other_batches_did,
            rows_that_were_changed_again_stop_a_rollback_and_are_named,
            a_key_that_was_given_again_stops_a_rollback,
            a_first_load_that_others_built_on_is_not_taken_away,
            several_layers_are_rolled_back_together_or_not_at_all,
            batches_are_rolled_back_one_after_the_other_down_to_nothing,
            a_version_that_is_not_there_or_not_kept_is_not_rolled_back,
            a_large_rollback_is_like_a_small_one,
            a_preview_says_what_a_load_would_do_and_does_nothing,
        );
    })+ };
    (@tests $harness:ty, $file:ident: $($test:ident,)+) => {
        mod $file { $(#[test] fn $test() {
            if <$harness as crate::Harness>::is_there() {
                crate::$file::$test::<$harness>();
            }
        })+ }
    };
}

contract! {
    geopackage: crate::InGeoPackage;
    postgis: crate::InPostgis;
}
