//! Parcels tile blocks, districts tile the city, streets hang together: exactly, without any tolerance.

use super::super::blocks;
use super::super::divide::{Divided, Piece};
use super::super::frame;
use super::super::streets::Streets;
use super::{City, SIZES, grid, rows, text};
use onemap_model::{Coord, Geometry, Row};
use std::collections::{HashMap, HashSet};

type Node = (i64, i64);

/// Twice the area of a closed ring, exactly.
fn double_area(ring: &[Node]) -> i128 {
    let cross = |a: Node, b: Node| i128::from(a.0) * i128::from(b.1) - i128::from(b.0) * i128::from(a.1);
    ring.windows(2).map(|w| cross(w[0], w[1])).sum()
}

/// Asserts that counter-clockwise rings fill `outline` without gap or overlap: no directed edge comes twice, each has
/// its reverse in a neighbour or is the outline's, and the areas add up exactly.
fn assert_tiles(rings: &[Vec<Node>], outline: Option<&[Node]>, what: &str) {
    let mut edges = HashSet::new();
    for ring in rings {
        assert!(double_area(ring) > 0, "{what}: a piece without area, or clockwise");
        assert_eq!(ring.first(), ring.last(), "{what}: a ring is not closed");
        for w in ring.windows(2) {
            assert!(
                edges.insert((w[0], w[1])),
                "{what}: two pieces on the same side of {w:?}"
            );
        }
    }
    let Some(outline) = outline else { return };
    let border: HashSet<(Node, Node)> = outline.windows(2).map(|w| (w[0], w[1])).collect();
    for &(a, b) in &edges {
        assert!(
            edges.contains(&(b, a)) != border.contains(&(a, b)),
            "{what}: the edge {a:?} {b:?} has no one neighbour"
        );
    }
    assert!(
        border.is_subset(&edges),
        "{what}: an edge of the outline belongs to no piece"
    );
    let sum: i128 = rings.iter().map(|ring| double_area(ring)).sum();
    assert_eq!(sum, double_area(outline), "{what}: the areas do not add up");
}

fn nodes(points: &[super::super::plane::Pt]) -> Vec<Node> {
    frame::closed(points).coords().iter().map(grid).collect()
}

#[test]
fn at_any_time_parcels_tile_their_blocks_exactly() {
    for size in SIZES {
        let city = City::new(size).unwrap();
        let mut blocks_seen = 0;
        for quarter in &city.plan.quarters {
            let streets = Streets::of(&city.plan, quarter);
            for block in blocks::of(&city.plan, quarter, &streets)
                .iter()
                .filter(|block| block.parcels > 0)
            {
                let divided = Divided::new(quarter.a, quarter.b, block);
                let outline = nodes(&divided.outline());
                let mut days: Vec<u32> = divided.events.iter().map(|event| event.day).collect();
                days.extend([0, u32::MAX]);
                for day in days {
                    let stands = |piece: &&Piece| piece.born <= day && piece.died.is_none_or(|died| died > day);
                    let rings: Vec<_> = divided
                        .pieces
                        .iter()
                        .filter(stands)
                        .map(|p| nodes(&divided.ring(p)))
                        .collect();
                    assert_tiles(
                        &rings,
                        Some(&outline),
                        &format!("N {size}, quarter {}, block {}, day {day}", quarter.rank, block.number),
                    );
                }
                blocks_seen += 1;
            }
        }
        assert!(blocks_seen > 50, "{blocks_seen} blocks");
    }
}

#[test]
fn districts_share_their_borders_without_gap_or_overlap() {
    for size in [1_000, 12_000, 150_000] {
        let city = City::new(size).unwrap();
        let rings: Vec<Vec<Node>> = rows(&city, "districts")
            .iter()
            .map(|row| row.geometry.as_ref().unwrap().coords().map(|c| grid(&c)).collect())
            .collect();
        assert_tiles(&rings, None, "districts");
        // What has no neighbour must be one ring around all.
        let edges: HashSet<(Node, Node)> = rings
            .iter()
            .flat_map(|ring| ring.windows(2).map(|w| (w[0], w[1])))
            .collect();
        let outer: HashMap<Node, Node> = edges
            .iter()
            .filter(|(a, b)| !edges.contains(&(*b, *a)))
            .copied()
            .collect();
        let start = *outer.keys().next().unwrap();
        let mut ring = vec![start];
        while ring.len() == 1 || ring.last() != Some(&start) {
            ring.push(outer[ring.last().unwrap()]);
        }
        assert_eq!(
            ring.len() - 1,
            outer.len(),
            "N {size}: the border around all is not one ring"
        );
        let sum: i128 = rings.iter().map(|ring| double_area(ring)).sum();
        assert_eq!(sum, double_area(&ring), "N {size}");
    }
}

fn line(row: &Row) -> Vec<Coord> {
    let Some(Geometry::Lines(lines)) = &row.geometry else {
        panic!("a road is lines")
    };
    lines[0].coords().to_vec()
}

#[test]
fn all_streets_hang_together_by_shared_points() {
    for size in SIZES {
        let roads = rows(&City::new(size).unwrap(), "roads");
        let mut seen: HashMap<(u64, u64), usize> = HashMap::new();
        let mut parent: Vec<usize> = (0..roads.len()).collect();
        fn root(parent: &mut [usize], mut i: usize) -> usize {
            while parent[i] != i {
                parent[i] = parent[parent[i]];
                i = parent[i];
            }
            i
        }
        for (i, road) in roads.iter().enumerate() {
            for c in line(road) {
                let other = *seen.entry((c.x.to_bits(), c.y.to_bits())).or_insert(i);
                let (a, b) = (root(&mut parent, i), root(&mut parent, other));
                parent[a] = b;
            }
        }
        let roots: HashSet<usize> = (0..roads.len()).map(|i| root(&mut parent, i)).collect();
        assert_eq!(roots.len(), 1, "N {size}: the network falls into pieces");
        let classes: HashSet<&str> = roads.iter().map(|road| text(road, 3)).collect();
        assert_eq!(classes.len(), 7, "N {size}: {classes:?}");
    }
}

#[test]
fn no_street_crosses_another_of_its_name() {
    for size in SIZES {
        let roads = rows(&City::new(size).unwrap(), "roads");
        let mut at: HashMap<(u64, u64), Vec<(usize, bool)>> = HashMap::new();
        for (i, road) in roads.iter().enumerate() {
            let line = line(road);
            for (k, c) in line.iter().enumerate() {
                let is_end = k == 0 || k + 1 == line.len();
                at.entry((c.x.to_bits(), c.y.to_bits())).or_default().push((i, is_end));
            }
        }
        for meeting in at.values() {
            for (n, &(i, i_ends)) in meeting.iter().enumerate() {
                for &(j, j_ends) in &meeting[n + 1..] {
                    let same = text(&roads[i], 1) == text(&roads[j], 1);
                    assert!(
                        !same || (i_ends && j_ends),
                        "N {size}: {} meets itself",
                        text(&roads[i], 1)
                    );
                    assert!(
                        !same || text(&roads[i], 3) == text(&roads[j], 3),
                        "N {size}: {} changes class",
                        text(&roads[i], 1)
                    );
                }
            }
            let ends_of = |name: &str| meeting.iter().filter(|&&(i, _)| text(&roads[i], 1) == name).count();
            assert!(
                meeting.iter().all(|&(i, _)| ends_of(text(&roads[i], 1)) <= 2),
                "N {size}: one name in three directions"
            );
        }
    }
}
