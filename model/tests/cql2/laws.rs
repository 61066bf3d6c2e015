//! What always holds, for any filter and any feature.

use super::{fields, house, layer};
use onemap_model::cql2::{
    Arithmetic, ArrayOp, Comparison, Corners, Expr, FeatureOf, Filter, Kind, Literal, Place, Shape, SpatialOp,
    TemporalOp,
};
use onemap_model::{Coord, Date, Feature, FieldType, Finite, Geometry, Instant, Path, Polygon, Value};
use proptest::prelude::*;
use proptest::sample::select;

fn expr(kind: Kind) -> Expr {
    Expr::new(kind, Place::default())
}

fn literal(literal: Literal) -> Expr {
    expr(Kind::Literal(literal))
}

fn arb_coord() -> impl Strategy<Value = Coord> {
    // Few places, so that geometries meet, touch and share edges.
    (0..5_i32, 0..5_i32).prop_map(|(x, y)| Coord {
        x: f64::from(x),
        y: f64::from(y),
    })
}

fn path(coords: Vec<Coord>) -> Path {
    Path::new(coords).unwrap()
}

fn arb_polygon() -> impl Strategy<Value = Polygon> {
    // Rings that cross themselves are among them: nothing may break.
    prop::collection::vec(arb_coord(), 3..6).prop_map(|mut coords| {
        coords.push(coords[0]);
        Polygon {
            rings: vec![path(coords)],
        }
    })
}

fn arb_shape() -> impl Strategy<Value = Shape> {
    let points = |least: usize| prop::collection::vec(arb_coord(), least..4).prop_map(path);
    let leaf = prop_oneof![
        arb_coord().prop_map(|at| Shape::Point(path(vec![at]))),
        Just(Shape::Point(Path::default())),
        points(0).prop_map(Shape::MultiPoint),
        points(2).prop_map(Shape::LineString),
        prop::collection::vec(points(2), 0..3).prop_map(Shape::MultiLineString),
        arb_polygon().prop_map(Shape::Polygon),
        prop::collection::vec(arb_polygon(), 0..3).prop_map(Shape::MultiPolygon),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Shape::GeometryCollection)
    })
}

fn arb_date() -> impl Strategy<Value = Date> {
    (2019..2022_i16, 1..13_i8, 1..29_i8).prop_map(|(y, m, d)| Date::new(y, m, d).unwrap())
}

fn arb_instant() -> impl Strategy<Value = Instant> {
    (1_580_000_000_000_000_i64..1_600_000_000_000_000).prop_map(|micros| Instant::from_micros(micros).unwrap())
}

fn arb_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-cA-C%_'\\\\øß地]{0,5}", ".{0,4}"]
}

fn numbers() -> impl Strategy<Value = Expr> {
    let property = select(vec!["floors", "height", "nothing", "fid"]);
    let leaf = prop_oneof![
        property.prop_map(|name| expr(Kind::Property(name.into()))),
        any::<i64>().prop_map(|number| literal(Literal::Int(number))),
        (-3..3_i64).prop_map(|number| literal(Literal::Int(number))),
        any::<f64>()
            .prop_filter_map("finite", Finite::new)
            .prop_map(|number| literal(Literal::Float(number))),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let ops = select(vec![
            Arithmetic::Add,
            Arithmetic::Subtract,
            Arithmetic::Multiply,
            Arithmetic::Divide,
            Arithmetic::WholeDivide,
            Arithmetic::Modulo,
            Arithmetic::Power,
        ]);
        let functions = select(vec!["abs", "ceil", "floor", "round", "sqrt"]);
        prop_oneof![
            (ops, inner.clone(), inner.clone()).prop_map(|(op, a, b)| expr(Kind::Arithmetic(op, Box::new([a, b])))),
            (functions, inner).prop_map(|(name, a)| expr(Kind::Call(name.into(), vec![a]))),
        ]
    })
}

fn texts() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        select(vec!["name", "no_text", "id"]).prop_map(|name| expr(Kind::Property(name.into()))),
        arb_text().prop_map(|text| literal(Literal::Text(text.into()))),
    ];
    leaf.prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|text| expr(Kind::CaseI(Box::new(text)))),
            inner.clone().prop_map(|text| expr(Kind::AccentI(Box::new(text)))),
            (inner.clone(), inner).prop_map(|(a, b)| expr(Kind::Call("concat".into(), vec![a, b]))),
        ]
    })
}

fn times() -> impl Strategy<Value = Expr> {
    prop_oneof![
        select(vec!["built", "seen", "no_time", "valid_from", "valid_to"])
            .prop_map(|name| expr(Kind::Property(name.into()))),
        arb_date().prop_map(|day| literal(Literal::Date(day))),
        arb_instant().prop_map(|time| literal(Literal::Timestamp(time))),
    ]
}

fn periods() -> impl Strategy<Value = Expr> {
    let bound = prop_oneof![3 => times(), 1 => Just(literal(Literal::Open))];
    let interval = (bound.clone(), bound).prop_map(|(a, b)| expr(Kind::Interval(Box::new([a, b]))));
    prop_oneof![times(), interval]
}

fn geometries() -> impl Strategy<Value = Expr> {
    let corners =
        (arb_coord(), arb_coord()).prop_map(|(a, b)| Corners::new(vec![a.x, a.y.min(b.y), b.x, a.y.max(b.y)]).unwrap());
    prop_oneof![
        Just(expr(Kind::Property("geom".into()))),
        arb_shape().prop_map(|shape| literal(Literal::Geometry(Box::new(shape)))),
        corners.prop_map(|corners| literal(Literal::Bbox(corners))),
    ]
}

fn lists() -> impl Strategy<Value = Expr> {
    let element = prop_oneof![numbers(), texts(), times()];
    let list = prop::collection::vec(element, 0..4).prop_map(|elements| expr(Kind::List(elements)));
    let nested = prop::collection::vec(list.clone(), 0..3).prop_map(|elements| expr(Kind::List(elements)));
    let property = select(vec!["tags", "no_list"]).prop_map(|name| expr(Kind::Property(name.into())));
    prop_oneof![property, list, nested]
}

fn comparisons() -> impl Strategy<Value = Comparison> {
    use Comparison::*;
    select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual])
}

fn spatial_ops() -> impl Strategy<Value = SpatialOp> {
    use SpatialOp::*;
    select(vec![
        Intersects, Equals, Disjoint, Touches, Within, Overlaps, Crosses, Contains,
    ])
}

fn temporal_ops() -> impl Strategy<Value = TemporalOp> {
    use TemporalOp::*;
    select(vec![
        After,
        Before,
        Contains,
        Disjoint,
        During,
        Equals,
        FinishedBy,
        Finishes,
        Intersects,
        Meets,
        MetBy,
        OverlappedBy,
        Overlaps,
        StartedBy,
        Starts,
    ])
}

fn conditions() -> impl Strategy<Value = Expr> {
    let compare = |op, a, b| expr(Kind::Compare(op, Box::new([a, b])));
    let leaf = prop_oneof![
        any::<bool>().prop_map(|value| literal(Literal::Bool(value))),
        Just(expr(Kind::Property("listed".into()))),
        (comparisons(), numbers(), numbers()).prop_map(move |(op, a, b)| compare(op, a, b)),
        (comparisons(), texts(), texts()).prop_map(move |(op, a, b)| compare(op, a, b)),
        (comparisons(), times(), times()).prop_map(move |(op, a, b)| compare(op, a, b)),
        (numbers(), numbers(), numbers()).prop_map(|(a, b, c)| expr(Kind::Between(Box::new([a, b, c])))),
        (texts(), prop::collection::vec(texts(), 1..4)).prop_map(|(a, list)| expr(Kind::In(Box::new(a), list))),
        (numbers(), prop::collection::vec(numbers(), 1..4)).prop_map(|(a, list)| expr(Kind::In(Box::new(a), list))),
        (texts(), arb_text()).prop_map(|(a, b)| expr(Kind::Like(Box::new([a, literal(Literal::Text(b.into()))])))),
        prop_oneof![numbers(), texts(), times()].prop_map(|a| expr(Kind::IsNull(Box::new(a)))),
        (spatial_ops(), geometries(), geometries()).prop_map(|(op, a, b)| expr(Kind::Spatial(op, Box::new([a, b])))),
        (temporal_ops(), periods(), periods()).prop_map(|(op, a, b)| expr(Kind::Temporal(op, Box::new([a, b])))),
        (
            select(vec![
                ArrayOp::ContainedBy,
                ArrayOp::Contains,
                ArrayOp::Equals,
                ArrayOp::Overlaps
            ]),
            lists(),
            lists()
        )
            .prop_map(|(op, a, b)| expr(Kind::Array(op, Box::new([a, b])))),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let some = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            some.clone().prop_map(|parts| expr(Kind::And(parts))),
            some.prop_map(|parts| expr(Kind::Or(parts))),
            inner.prop_map(|part| expr(Kind::Not(Box::new(part)))),
        ]
    })
}

fn arb_value(kind: FieldType) -> BoxedStrategy<Value> {
    let of_kind = match kind {
        FieldType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        FieldType::Int => prop_oneof![(-3..3_i64), any::<i64>()].prop_map(Value::Int).boxed(),
        FieldType::Float => any::<f64>().prop_filter_map("finite", Value::float).boxed(),
        FieldType::Text => arb_text().prop_map(Value::text).boxed(),
        FieldType::Date => arb_date().prop_map(Value::Date).boxed(),
        FieldType::DateTime => arb_instant().prop_map(Value::DateTime).boxed(),
        FieldType::Bytes => Just(Value::Bytes([7].into())).boxed(),
        FieldType::Array => prop::collection::vec((-3..3_i64).prop_map(Value::Int), 0..4)
            .prop_map(|items| Value::Array(items.into()))
            .boxed(),
    };
    // Now and then a value of another type than the field's: other programs write into stores, too.
    prop_oneof![6 => of_kind, 2 => Just(Value::Null), 1 => Just(Value::text("odd")), 1 => Just(Value::Int(0))].boxed()
}

fn features() -> impl Strategy<Value = Feature> {
    let values: Vec<_> = fields().into_iter().map(|(_, kind, _)| arb_value(kind)).collect();
    let geometry = prop_oneof![1 => Just(None), 8 => arb_shape().prop_map(|shape| Some(shape.to_geometry()))];
    (values, geometry).prop_map(|(values, geometry)| {
        let mut feature = house();
        feature.row.values = values;
        feature.row.geometry = geometry;
        feature
    })
}

fn truth(condition: &Expr, feature: &Feature) -> Option<bool> {
    let filter = Filter::compile(condition, &layer()).unwrap();
    filter.truth(&FeatureOf(&layer(), feature))
}

fn not(condition: Expr) -> Expr {
    expr(Kind::Not(Box::new(condition)))
}

fn spatial(op: SpatialOp, a: &Expr, b: &Expr) -> Expr {
    expr(Kind::Spatial(op, Box::new([a.clone(), b.clone()])))
}

fn temporal(op: TemporalOp, a: &Expr, b: &Expr) -> Expr {
    expr(Kind::Temporal(op, Box::new([a.clone(), b.clone()])))
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(condition in conditions()) {
        prop_assert_eq!(&Expr::from_json(&condition.to_json()).unwrap(), &condition);
        if let Ok(text) = condition.to_text() {
            prop_assert_eq!(&Expr::from_text(&text).unwrap(), &condition, "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,60}", words in prop::collection::vec(select(vec![
        "(", ")", ",", "NOT", "AND", "floors", "'a'", "1", "-", "=", "IN", "LIKE", "IS", "NULL", "POINT", "Z", "BBOX",
        "INTERVAL", "'..'", "A_EQUALS", "DATE", "^", "EMPTY", "{", "\"op\"", ":", "[", "]", "\"args\"", "\"and\"",
    ]), 0..20)) {
        for filter in [text, words.join(" "), words.concat()] {
            let _ = Expr::from_text(&filter).map(|expr| Filter::compile(&expr, &layer()).is_ok());
            let _ = Expr::from_json(&filter);
        }
    }

    #[test]
    fn every_condition_has_a_truth_for_every_feature(condition in conditions(), feature in features()) {
        let told = truth(&condition, &feature);
        prop_assert_eq!(truth(&not(condition.clone()), &feature), told.map(|truth| !truth));
        let filter = Filter::compile(&condition, &layer()).unwrap();
        prop_assert_eq!(filter.accepts(&FeatureOf(&layer(), &feature)), told == Some(true));
    }

    #[test]
    fn de_morgan_holds_with_three_truths(p in conditions(), q in conditions(), feature in features()) {
        let both = expr(Kind::And(vec![p.clone(), q.clone()]));
        let neither = expr(Kind::Or(vec![not(p.clone()), not(q.clone())]));
        prop_assert_eq!(truth(&not(both), &feature), truth(&neither, &feature));
        let one = expr(Kind::Or(vec![p.clone(), q.clone()]));
        let other = expr(Kind::Or(vec![q, p.clone()]));
        prop_assert_eq!(truth(&one, &feature), truth(&other, &feature));
        let always = expr(Kind::Or(vec![p.clone(), not(p.clone())]));
        prop_assert_ne!(truth(&always, &feature), Some(false));
        prop_assert_eq!(truth(&always, &feature).is_none(), truth(&p, &feature).is_none());
    }

    #[test]
    fn short_forms_say_what_their_long_forms_say(
        a in numbers(), b in numbers(), c in numbers(), list in prop::collection::vec(numbers(), 2..4), feature in features(),
    ) {
        let compare = |op, a: &Expr, b: &Expr| expr(Kind::Compare(op, Box::new([a.clone(), b.clone()])));
        let between = expr(Kind::Between(Box::new([a.clone(), b.clone(), c.clone()])));
        let long = expr(Kind::And(vec![compare(Comparison::GreaterOrEqual, &a, &b), compare(Comparison::LessOrEqual, &a, &c)]));
        prop_assert_eq!(truth(&between, &feature), truth(&long, &feature));
        let any = expr(Kind::Or(list.iter().map(|one| compare(Comparison::Equal, &a, one)).collect()));
        let among = expr(Kind::In(Box::new(a), list));
        prop_assert_eq!(truth(&among, &feature), truth(&any, &feature));
    }

    #[test]
    fn null_compares_with_nothing(op in comparisons(), a in numbers(), feature in features()) {
        let mut feature = feature;
        let at = layer().field_index("nothing").unwrap();
        feature.row.values[at] = Value::Null;
        let nothing = expr(Kind::Property("nothing".into()));
        prop_assert_eq!(truth(&expr(Kind::Compare(op, Box::new([a, nothing]))), &feature), None);
    }

    #[test]
    fn spatial_relations_agree_with_each_other(a in geometries(), b in geometries(), feature in features()) {
        let holds = |op, a: &Expr, b: &Expr| truth(&spatial(op, a, b), &feature);
        prop_assert_eq!(holds(SpatialOp::Disjoint, &a, &b), holds(SpatialOp::Intersects, &a, &b).map(|truth| !truth));
        prop_assert_eq!(holds(SpatialOp::Within, &a, &b), holds(SpatialOp::Contains, &b, &a));
        for op in [SpatialOp::Intersects, SpatialOp::Equals, SpatialOp::Touches, SpatialOp::Overlaps, SpatialOp::Crosses] {
            prop_assert_eq!(holds(op, &a, &b), holds(op, &b, &a), "{:?}", op);
        }
    }

    #[test]
    fn temporal_relations_agree_with_each_other(a in periods(), b in periods(), feature in features()) {
        use TemporalOp::*;
        for (op, mirrored) in [
            (After, Before), (Contains, During), (Disjoint, Disjoint), (Equals, Equals), (FinishedBy, Finishes),
            (Intersects, Intersects), (Meets, MetBy), (OverlappedBy, Overlaps), (StartedBy, Starts),
        ] {
            prop_assert_eq!(truth(&temporal(op, &a, &b), &feature), truth(&temporal(mirrored, &b, &a), &feature), "{:?}", op);
        }
    }

    #[test]
    fn what_is_accepted_is_where_the_hint_says(condition in conditions(), feature in features()) {
        let filter = Filter::compile(&condition, &layer()).unwrap();
        if let Some(hint) = filter.bbox_hint()
            && filter.accepts(&FeatureOf(&layer(), &feature))
        {
            let bbox = feature.row.geometry.as_ref().and_then(Geometry::bbox).unwrap();
            prop_assert!(bbox.intersects(&hint));
        }
    }
}
