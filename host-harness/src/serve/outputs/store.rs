//! The outputs that are kept: one for each step, its latest. Where there is no more room, the oldest go.

use super::kept::Kept;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The memory for all outputs together, with their indexes, in bytes.
pub(in crate::serve) const MAX_BYTES: u64 = 256 << 20;

/// The outputs that are kept.
pub(in crate::serve) struct Outputs {
    /// From the oldest to the newest.
    list: Mutex<Vec<Arc<Kept>>>,
    max: u64,
}

impl Outputs {
    pub(in crate::serve) fn new(max: u64) -> Self {
        Self { list: Mutex::default(), max }
    }

    /// Keeps an output in place of the step's former one. Tells whether there is room for it.
    pub(in crate::serve) fn keep(&self, kept: Arc<Kept>) -> bool {
        let mut list = self.list();
        list.retain(|other| other.step() != kept.step());
        list.push(Arc::clone(&kept));
        self.make_room(&mut list);
        list.iter().any(|other| Arc::ptr_eq(other, &kept))
    }

    /// Removes the oldest while there is too much: an output takes more memory once it is indexed.
    pub(super) fn trim(&self) {
        self.make_room(&mut self.list());
    }

    fn make_room(&self, list: &mut Vec<Arc<Kept>>) {
        let mut bytes: u64 = list.iter().map(|kept| kept.bytes()).sum();
        while bytes > self.max && !list.is_empty() {
            bytes -= list.remove(0).bytes();
        }
    }

    pub(in crate::serve) fn all(&self) -> Vec<Arc<Kept>> {
        self.list().clone()
    }

    pub(in crate::serve) fn get(&self, step: &str) -> Option<Arc<Kept>> {
        self.list().iter().find(|kept| kept.step() == step).cloned()
    }

    /// Forgets the output of a step. Tells whether there was one.
    pub(super) fn remove(&self, step: &str) -> bool {
        let mut list = self.list();
        let before = list.len();
        list.retain(|kept| kept.step() != step);
        list.len() < before
    }

    fn list(&self) -> MutexGuard<'_, Vec<Arc<Kept>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::kept::Content;
    use super::*;

    fn keep(outputs: &Outputs, step: &str, bytes: usize) -> bool {
        let text = Content::Json(format!("\"{}\"", "x".repeat(bytes - 2)).into());
        outputs.keep(Arc::new(Kept::new(step, "get", text, false)))
    }

    fn steps(outputs: &Outputs) -> Vec<String> {
        outputs.all().iter().map(|kept| kept.step().to_owned()).collect()
    }

    #[test]
    fn the_oldest_go_when_there_is_no_more_room() {
        let outputs = Outputs::new(1000);
        for step in ["a", "b", "c"] {
            assert!(keep(&outputs, step, 300));
        }
        assert!(keep(&outputs, "a", 400), "in place of the former one");
        assert_eq!(steps(&outputs), ["b", "c", "a"]);
        assert!(keep(&outputs, "d", 10));
        assert_eq!(steps(&outputs), ["c", "a", "d"], "1010 bytes are too many");
        assert!(!keep(&outputs, "e", 1001));
        assert!(steps(&outputs).is_empty(), "there is no room beside what is too large");
    }

    #[test]
    fn an_index_takes_room_too() {
        let outputs = Outputs::new(1000);
        assert!(keep(&outputs, "a", 400));
        let numbers = Content::Json(format!("[{}1]", "1,".repeat(100)).into());
        outputs.keep(Arc::new(Kept::new("b", "get", numbers, false)));
        assert_eq!(steps(&outputs), ["a", "b"]);
        outputs.all()[0].document().unwrap();
        outputs.trim();
        assert_eq!(steps(&outputs), ["a", "b"], "a long text is one value");
        outputs.all()[1].document().unwrap();
        outputs.trim();
        assert!(steps(&outputs).is_empty(), "a hundred numbers are a hundred values of 20 bytes");
    }

    #[test]
    fn an_output_can_be_forgotten() {
        let outputs = Outputs::new(1000);
        keep(&outputs, "a", 10);
        assert!(outputs.remove("a") && !outputs.remove("a"));
        assert!(outputs.get("a").is_none());
    }
}
