use super::*;
use crate::cql2::{Expr, Kind, Literal};

fn geometry(wkt: &str) -> Option<Geometry> {
    match Expr::from_text(wkt).ok()?.kind() {
        Kind::Literal(Literal::Geometry(shape)) => Some(shape.to_geometry()),
        _ => None,
    }
}

#[test]
fn adhoc() {
    let Ok(list) = std::env::var("GEOS_CASES") else { return };
    let text = std::fs::read_to_string(list).unwrap();
    let (mut ok, mut bad, mut skipped) = (0, 0, 0);
    for line in text.lines() {
        let p: Vec<&str> = line.split('\t').collect();
        let (Some(a), Some(b)) = (geometry(p[1]), geometry(p[2])) else {
            skipped += 1;
            continue;
        };
        let m = relate(&Figure::new(&a), &Figure::new(&b)).pattern();
        let fits = m
            .chars()
            .zip(p[3].chars())
            .all(|(m, w)| w == '*' || (w == 'T' && m != 'F') || w == m);
        if fits {
            ok += 1
        } else {
            bad += 1;
            println!(
                "{} expected {} got {m}\n  {}\n  {}",
                p[0],
                p[3],
                &p[1][..p[1].len().min(200)],
                &p[2][..p[2].len().min(200)]
            )
        }
    }
    println!("ok {ok} bad {bad} skipped {skipped}");
}
