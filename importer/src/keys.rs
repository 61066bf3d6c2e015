//! Keys that are null or come twice, found in bounded memory: 10 to 20 bytes a row, 30 to 40 where rows have valid times.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use onemap_model::{TimeSpan, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

/// The keys met so far, as 64-bit hashes: among 10 million different ones two share a hash with a chance of 3 in a
/// million, which would cost one finding too many and nothing else.
#[derive(Debug, Default)]
pub struct Keys {
    expected: usize,
    always: HashSet<u64, BuildHasherDefault<Itself>>,
    /// Where in `spans` a key is. Places are small, so that looking for a key seldom leaves the processor's caches.
    places: HashTable<u32>,
    spans: Vec<Span>,
    more: HashMap<u64, BTreeMap<i64, i64>>,
}

/// When a key was seen first, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Span {
    hash: u64,
    from: i64,
    to: i64,
}

/// The hash of what is a hash already.
#[derive(Debug, Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only numbers are hashed here; bytes would be as good as any.
        bytes
            .iter()
            .for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// What is to say of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Fine,
    /// It is null.
    Null,
    /// Another feature had it at the same valid time.
    Twice,
}

/// For how many keys there is room from the beginning, at most: what a source announces is not always so.
const MOST_EXPECTED: u64 = 1 << 20;

impl Keys {
    /// Keys of which so many are expected.
    pub fn expecting(keys: u64) -> Self {
        Self {
            expected: keys.min(MOST_EXPECTED) as usize,
            ..Self::default()
        }
    }

    /// Takes one more key into account.
    pub fn see(&mut self, key: &Value, valid: TimeSpan) -> Verdict {
        if key.is_null() {
            return Verdict::Null;
        }
        let mut hasher = DefaultHasher::new();
        key.to_string().hash(&mut hasher);
        self.see_hash(hasher.finish(), valid)
    }

    /// Takes one more thing that is known by its hash into account.
    pub fn see_hash(&mut self, hash: u64, valid: TimeSpan) -> Verdict {
        let twice = if valid == TimeSpan::ALWAYS {
            self.see_always(hash)
        } else {
            self.see_span(hash, valid)
        };
        if twice { Verdict::Twice } else { Verdict::Fine }
    }

    fn see_always(&mut self, hash: u64) -> bool {
        if self.always.is_empty() {
            self.always.reserve(self.expected);
        }
        !self.always.insert(hash) || self.has_span(hash)
    }

    fn has_span(&self, hash: u64) -> bool {
        let is_same = |at: &u32| self.spans[*at as usize].hash == hash;
        self.places.find(hash, is_same).is_some()
    }

    fn see_span(&mut self, hash: u64, valid: TimeSpan) -> bool {
        let from = valid.from().map_or(i64::MIN, |from| from.micros());
        let to = valid.to().map_or(i64::MAX, |to| to.micros());
        let meets = |(start, end): (i64, i64)| from < end && start < to;
        let spans = &mut self.spans;
        if spans.is_empty() {
            spans.reserve(self.expected);
            self.places
                .reserve(self.expected, |_| unreachable!("there is none yet"));
        }
        let is_same = |at: &u32| spans[*at as usize].hash == hash;
        let first = match self.places.entry(hash, is_same, |at| spans[*at as usize].hash) {
            Entry::Occupied(place) => spans[*place.get() as usize],
            Entry::Vacant(place) => {
                place.insert(u32::try_from(spans.len()).expect("memory ends long before"));
                spans.push(Span { hash, from, to });
                return self.always.contains(&hash);
            }
        };
        // These never overlap one another, so that only the last one that begins before `to` can meet.
        let others = self.more.entry(hash).or_default();
        let last = others.range(..to).next_back().map(|(&from, &to)| (from, to));
        let twice = self.always.contains(&hash) || meets((first.from, first.to)) || last.is_some_and(meets);
        if !twice {
            others.insert(from, to);
        }
        twice
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::Instant;

    fn span(from: i64, to: i64) -> TimeSpan {
        TimeSpan::new(Instant::from_micros(from).ok(), Instant::from_micros(to).ok()).unwrap()
    }

    #[test]
    fn a_key_is_seen_once_for_each_time() {
        let mut keys = Keys::default();
        let key = Value::text("a");
        assert_eq!(keys.see(&Value::Null, TimeSpan::ALWAYS), Verdict::Null);
        assert_eq!(keys.see(&key, span(0, 10)), Verdict::Fine);
        assert_eq!(keys.see(&key, span(10, 20)), Verdict::Fine);
        assert_eq!(keys.see(&key, span(20, 40)), Verdict::Fine);
        assert_eq!(keys.see(&key, span(15, 30)), Verdict::Twice);
        assert_eq!(keys.see(&key, span(9, 11)), Verdict::Twice);
        assert_eq!(keys.see(&key, span(39, 41)), Verdict::Twice);
        assert_eq!(keys.see(&key, TimeSpan::ALWAYS), Verdict::Twice);
        assert_eq!(keys.see(&Value::text("b"), TimeSpan::ALWAYS), Verdict::Fine);
        assert_eq!(keys.see(&Value::text("b"), TimeSpan::ALWAYS), Verdict::Twice);
        assert_eq!(keys.see(&Value::text("b"), span(0, 1)), Verdict::Twice);
    }
}
