//! A bounded map that forgets what was used longest ago.
//!
//! It is our own, after a look at three crates. moka decides by itself what goes and tells afterwards, brings eleven crates, and
//! shares every outcome of a single-flight computation, while here only a refusal by the remote service may be shared. quick_cache
//! likewise decides by itself. `lru` does what is wanted over raw pointers, with advisories for unsoundness in 2021, 2022 and 2026.
//! A hash map beside an ordered map takes a logarithm instead of a constant, and needs no `unsafe`.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// At most so many values, each found by its key.
pub(crate) struct Recent<K, V> {
    max: usize,
    entries: HashMap<K, Slot<V>>,
    /// The keys by when they were last used.
    order: BTreeMap<u64, K>,
    clock: u64,
}

struct Slot<V> {
    value: V,
    used: u64,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// An empty map for at most `max` values, which must be at least one.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, entries: HashMap::new(), order: BTreeMap::new(), clock: 0 }
    }

    /// The value of a key, which is now the one that was used last.
    pub(crate) fn get(&mut self, key: &K) -> Option<&V> {
        let slot = self.entries.get_mut(key)?;
        if slot.used != self.clock {
            self.clock += 1;
            self.order.remove(&slot.used);
            slot.used = self.clock;
            self.order.insert(self.clock, *key);
        }
        Some(&slot.value)
    }

    /// Keeps a value, and gives what had to go for it: the key's former value, or the one that was used longest ago.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let mut gone = self.remove(&key);
        if self.entries.len() >= self.max
            && let Some((_, oldest)) = self.order.pop_first()
        {
            gone = self.entries.remove(&oldest).map(|slot| slot.value);
        }
        self.clock += 1;
        self.order.insert(self.clock, key);
        self.entries.insert(key, Slot { value, used: self.clock });
        gone
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let slot = self.entries.remove(key)?;
        self.order.remove(&slot.used);
        Some(slot.value)
    }

    /// How many values there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        assert_eq!(self.entries.len(), self.order.len());
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let mut recent = Recent::new(3);
        for key in 1..=3 {
            assert_eq!(recent.insert(key, key * 10), None);
        }
        assert_eq!(recent.get(&1), Some(&10));
        assert_eq!(recent.insert(4, 40), Some(20));
        assert_eq!(recent.insert(1, 11), Some(10), "the same key takes no other's place");
        assert_eq!(recent.len(), 3);
        assert_eq!((recent.get(&2).copied(), recent.remove(&3), recent.remove(&3)), (None, Some(30), None));
        assert_eq!((recent.insert(5, 50), recent.insert(6, 60)), (None, Some(40)));
        assert_eq!((recent.get(&1).copied(), recent.len()), (Some(11), 3));
    }
}
