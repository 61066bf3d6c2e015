//! Loads that are prepared before they are committed.

use crate::Harness;
use crate::support::{batch, contents, counts, features, load, pois, row, stage, state};
use onemap_model::{Row, Version};
use onemap_store::{At, Delivery, Error, LoadMode, Store};
use std::ops::ControlFlow;

fn some(range: std::ops::Range<i64>) -> Vec<Row> {
    range.map(|n| row(&format!("p{n}"), n)).collect()
}

fn assert_sound(store: &mut dyn Store) {
    assert_eq!(store.verify().unwrap(), Vec::<String>::new());
}

pub fn a_prepared_load_is_committed_like_any_other<H: Harness>() {
    let (harness, other) = (H::new(), H::new());
    let (mut store, mut plain) = (harness.open(), other.open());
    for (mode, rows) in [
        (LoadMode::Replace, some(0..40)),
        (LoadMode::Append, some(40..60)),
        (LoadMode::Upsert, vec![row("p3", 300), row("new", 1)]),
        (LoadMode::Replace, some(5..50)),
        (LoadMode::Replace, some(5..50)),
    ] {
        let mut begun = store.begin(&batch()).unwrap();
        stage(&mut *begun, &pois(), mode, &rows).unwrap();
        let (mut steps, mut more) = (0, 0);
        begun.prepare(&mut |_| steps += 1).unwrap();
        let committed = begun.commit(&mut |_| more += 1).unwrap();
        assert!(steps + more > 1, "nobody hears of the work");
        assert!(
            steps > 0 || committed.version > Version(1),
            "a new layer was not prepared"
        );
        let expected = load(&mut *plain, &pois(), mode, &rows);
        assert_eq!(
            (committed.version, counts(&committed)),
            (expected.version, counts(&expected))
        );
        assert_eq!(state(&mut *store, At::Now), state(&mut *plain, At::Now));
    }
    assert_sound(&mut *store);
}

pub fn what_is_prepared_is_seen_by_nobody_and_goes_without_a_trace<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    load(&mut *store, &pois(), LoadMode::Replace, &some(0..10));
    let before = state(&mut *store, At::Now);
    let mut begun = store.begin(&batch()).unwrap();
    stage(&mut *begun, &pois(), LoadMode::Replace, &some(5..500)).unwrap();
    begun.prepare(&mut |_| ()).unwrap();
    assert_eq!(features(&mut *harness.open(), At::Now, "pois").len(), 10);
    drop(begun);
    assert_eq!(
        (store.catch_up().unwrap(), state(&mut *store, At::Now)),
        (Version(1), before)
    );
    load(&mut *store, &pois(), LoadMode::Replace, &some(5..10));
    assert_sound(&mut *store);
}

pub fn nothing_is_added_to_a_prepared_load<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let mut begun = store.begin(&batch()).unwrap();
    begun.start_layer(&pois(), LoadMode::Replace).unwrap();
    begun.push(row("x", 1)).unwrap();
    assert!(begun.prepare(&mut |_| ()).is_err(), "a layer that was not finished");
    begun.finish_layer(pois().geometry_type).unwrap();
    begun.prepare(&mut |_| ()).unwrap();
    begun.prepare(&mut |_| panic!("it was prepared")).unwrap();
    assert!(begun.push(row("y", 1)).is_err());
    assert!(matches!(
        begun.start_layer(&pois(), LoadMode::Replace),
        Err(Error::Misfit { .. })
    ));
    begun.commit(&mut |_| ()).unwrap();
    let codes = contents(&state(&mut *store, At::Now));
    assert_eq!(codes, [("x".to_owned(), "1".to_owned())]);

    let mut begun = store.begin(&batch()).unwrap();
    stage(&mut *begun, &pois(), LoadMode::Replace, &some(0..3)).unwrap();
    begun.prepare(&mut |_| ()).unwrap();
    let told = begun.preview(&mut |_| (), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(told, Err(Error::Misfit { .. })));
    assert_eq!(store.catch_up().unwrap(), Version(1));
    assert_sound(&mut *store);
}

pub fn what_is_said_after_preparing_is_kept_with_the_batch<H: Harness>() {
    let harness = H::new();
    let mut store = harness.open();
    let mut begun = store.begin(&batch()).unwrap();
    stage(&mut *begun, &pois(), LoadMode::Replace, &some(0..3)).unwrap();
    begun.prepare(&mut |_| ()).unwrap();
    let delivery = Delivery {
        mapping: Some("[[layer]]".to_owned()),
        ..Delivery::default()
    };
    begun.describe(delivery.clone());
    begun.commit(&mut |_| ()).unwrap();
    let kept = store.batch(Version(1)).unwrap();
    assert_eq!(kept.delivery, delivery);
}
