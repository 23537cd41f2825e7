//! The stored objects of one model.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// One object: the properties of a model.
pub(crate) type Row = Map<String, Value>;

/// Objects by id, in the order of their ids: numbers first, in numeric order.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<(u64, String), Entry>,
    last: u64,
}

/// An object and the path that it was created under, unless its properties contain it.
#[derive(Debug)]
struct Entry {
    row: Row,
    under: Vec<(&'static str, String)>,
}

fn key(id: &str) -> (u64, String) {
    (id.parse().unwrap_or(u64::MAX), id.to_owned())
}

impl Table {
    /// An id that was never used before.
    pub(crate) fn new_id(&mut self) -> String {
        self.last += 1;
        self.last.to_string()
    }

    /// Stores an object under an id, replacing any object that has it.
    pub(crate) fn put(&mut self, id: &str, row: Row) {
        self.put_under(id, row, Vec::new());
    }

    /// The same for an object created under a path with these values, for example `user_id` 5.
    pub(crate) fn put_under(&mut self, id: &str, row: Row, under: Vec<(&'static str, String)>) {
        if let Ok(number) = id.parse::<u64>() {
            self.last = self.last.max(number);
        }
        self.rows.insert(key(id), Entry { row, under });
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Row> {
        self.rows.get(&key(id)).map(|entry| &entry.row)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Row> {
        self.rows.get_mut(&key(id)).map(|entry| &mut entry.row)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Row> {
        self.rows.remove(&key(id)).map(|entry| entry.row)
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().map(|entry| &entry.row)
    }

    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.values_mut().map(|entry| &mut entry.row)
    }

    /// The objects under a path with these values. An object that does not say where it belongs is included.
    pub(crate) fn rows_under<'a>(&'a self, path: &'a [(&'static str, String)]) -> impl Iterator<Item = &'a Row> {
        self.rows
            .values()
            .filter(|entry| path.iter().all(|(name, value)| entry.lies_under(name, value)))
            .map(|entry| &entry.row)
    }
}

impl Entry {
    fn lies_under(&self, name: &str, value: &str) -> bool {
        let made_under = || self.under.iter().find(|(candidate, _)| *candidate == name).map(|(_, made)| made.as_str());
        match self.row.get(name) {
            Some(Value::String(own)) => own == value,
            _ => made_under().is_none_or(|made| made == value),
        }
    }
}
