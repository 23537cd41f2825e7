//! The things of one kind that Looker keeps.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// One thing: the properties of a model.
pub(crate) type Row = Map<String, Value>;

/// Things by their id, in the order of their ids: numbers first, and as numbers.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<(u64, String), Kept>,
    last: u64,
}

/// A thing, and the path that it was made under where that is not among its properties.
#[derive(Debug)]
struct Kept {
    row: Row,
    under: Vec<(&'static str, String)>,
}

fn key(id: &str) -> (u64, String) {
    (id.parse().unwrap_or(u64::MAX), id.to_owned())
}

impl Table {
    /// An id that was never given before.
    pub(crate) fn new_id(&mut self) -> String {
        self.last += 1;
        self.last.to_string()
    }

    /// Keeps a thing under an id, in place of the one that had it.
    pub(crate) fn put(&mut self, id: &str, row: Row) {
        self.put_under(id, row, Vec::new());
    }

    /// The same, made under a path with these values: `user_id` is 5.
    pub(crate) fn put_under(&mut self, id: &str, row: Row, under: Vec<(&'static str, String)>) {
        if let Ok(number) = id.parse::<u64>() {
            self.last = self.last.max(number);
        }
        self.rows.insert(key(id), Kept { row, under });
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Row> {
        self.rows.get(&key(id)).map(|kept| &kept.row)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Row> {
        self.rows.get_mut(&key(id)).map(|kept| &mut kept.row)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Row> {
        self.rows.remove(&key(id)).map(|kept| kept.row)
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().map(|kept| &kept.row)
    }

    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.values_mut().map(|kept| &mut kept.row)
    }

    /// The things that lie under a path with these values, as far as they say where they lie.
    pub(crate) fn rows_under<'a>(&'a self, path: &'a [(&'static str, String)]) -> impl Iterator<Item = &'a Row> {
        self.rows
            .values()
            .filter(|kept| path.iter().all(|(name, value)| kept.lies_under(name, value)))
            .map(|kept| &kept.row)
    }
}

impl Kept {
    fn lies_under(&self, name: &str, value: &str) -> bool {
        let made_under = || self.under.iter().find(|(candidate, _)| *candidate == name).map(|(_, made)| made.as_str());
        match self.row.get(name) {
            Some(Value::String(own)) => own == value,
            _ => made_under().is_none_or(|made| made == value),
        }
    }
}
