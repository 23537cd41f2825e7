//! `list_everything`: all pages of a list, as one list or as JSON lines.

use super::{Job, Outcome, Rows};
use crate::catalog::{self, Location, Operation, Type};
use crate::failure::{Failure, FieldProblems, Reason, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// The input by which a call that goes on finds its place.
const OFFSET: &str = "offset";
/// The same for the operations that have no offset.
const TOKEN: &str = "next_page_token";
/// The media type of JSON lines.
const LINES: &str = "application/x-ndjson";
/// How long a list becomes in one output, in bytes. Hosts bound outputs, usually at 32 MiB, and a sandbox's memory.
const MOST_BYTES: usize = 8 * 1024 * 1024;

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    let pages = Pages::new(job)?;
    if job.streams() { Ok(Outcome::Rows(LINES, Box::new(pages))) } else { whole(job, pages) }
}

/// Everything as one list. If not all of it can be read in this call, the rest is the next page.
fn whole(job: &mut Job, mut pages: Pages) -> Result<Outcome> {
    let (mut list, mut count) = (String::from("["), 0_usize);
    while !pages.is_over {
        if count > 0 && (job.requests_left() == 0 || list.len() >= MOST_BYTES) {
            break;
        }
        let items = match pages.read(job) {
            Ok(items) => items,
            // What was read is not read again.
            Err(Failure::Retryable(_)) if count > 0 => break,
            Err(failure) => return Err(failure),
        };
        for item in items {
            if count > 0 {
                list.push(',');
            }
            list.push_str(&item);
            count += 1;
        }
    }
    list.push(']');
    let next = (!pages.is_over).then(|| job.next_input(pages.place()));
    Ok(Outcome::Json(list, next))
}

/// How an operation's list is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Division {
    /// By `limit` and `offset`.
    Offset,
    /// By `limit` and a token.
    Token,
    /// Not at all.
    Whole,
}

/// The pages of a list, read one after another.
struct Pages {
    operation: &'static Operation,
    division: Division,
    input: Map<String, Value>,
    /// Whether `sorts` is the job's own.
    sorts: bool,
    page_size: u64,
    /// How many more items are wanted.
    left: Option<u64>,
    offset: u64,
    token: Option<String>,
    /// Hashes of the ids that were read: a row that moves to a later page while the list is read comes once.
    seen: HashSet<u64>,
    /// The hash of the last page. An older Looker may ignore the offset of a list and return the same page again.
    last: Option<u64>,
    hasher: RandomState,
    is_over: bool,
}

#[derive(Deserialize)]
struct WithId<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

impl Pages {
    fn new(job: &Job) -> Result<Self> {
        let name = job.text("operation").unwrap_or_default();
        let Some(operation) = catalog::operation(&name) else {
            return Err(job.fail_input(
                "operation",
                "invalid",
                Reason::InvalidInput,
                format!("There is no list {name}."),
            ));
        };
        let has = |name: &str| query_parameter(operation, name);
        let division = match () {
            () if has("limit") && has(OFFSET) => Division::Offset,
            () if has("limit") && has(TOKEN) => Division::Token,
            () => Division::Whole,
        };
        let mut input = job.input("input").as_object().cloned().unwrap_or_default();
        let mut problems = FieldProblems::default();
        if division != Division::Whole {
            for own in ["limit", OFFSET, "page", "per_page", TOKEN].into_iter().filter(|name| input.contains_key(*name))
            {
                let message = format!("list_everything sets {own} of {name} itself: leave it out, and use page_size.");
                problems.add("input", "conflict", message);
            }
        }
        problems.into_result(Reason::InvalidInput)?;
        let sorts = division == Division::Offset && has("sorts") && has_id(operation) && !input.contains_key("sorts");
        if sorts {
            input.insert("sorts".to_owned(), "id".into());
        }
        Ok(Self {
            operation,
            division,
            input,
            sorts,
            page_size: job.input("page_size").as_u64().unwrap_or(500),
            left: job.input("max_items").as_u64(),
            offset: job.input(OFFSET).as_u64().unwrap_or(0),
            token: job.text(TOKEN),
            seen: HashSet::new(),
            last: None,
            hasher: RandomState::new(),
            is_over: false,
        })
    }

    /// The inputs with which another call goes on here.
    fn place(&self) -> Vec<(&'static str, Value)> {
        let mut place = match (&self.token, self.division) {
            (Some(token), Division::Token) => vec![(TOKEN, token.clone().into())],
            _ => vec![(OFFSET, self.offset.into())],
        };
        if let Some(left) = self.left {
            place.push(("max_items", left.into()));
        }
        place
    }

    /// Reads the next page and returns its items that are new, as Looker wrote them. The list is over at the first empty
    /// page: Looker can leave out what the user may not see after it has selected a page, so that any page can be short.
    fn read(&mut self, job: &mut Job) -> Result<Vec<String>> {
        let (document, next) = self.request(job)?;
        let items = items(&document);
        let hash = Some(self.hasher.hash_one(&document));
        let is_same = self.last == hash;
        self.last = hash;
        let mut new = Vec::new();
        for item in items.iter().filter(|_| !is_same) {
            if self.left == Some(0) {
                break;
            }
            if self.is_new(item) {
                new.push(item.get().to_owned());
                self.left = self.left.map(|left| left - 1);
            }
        }
        self.token = next.as_deref().and_then(token);
        self.offset += self.page_size;
        let ends = match self.division {
            Division::Whole => true,
            Division::Token => self.token.is_none(),
            Division::Offset => items.is_empty(),
        };
        self.is_over = ends || self.left == Some(0) || new.is_empty();
        Ok(new)
    }

    fn request(&mut self, job: &mut Job) -> Result<(String, Option<String>)> {
        let mut input = self.input.clone();
        if self.division != Division::Whole {
            input.insert("limit".to_owned(), self.page_size.into());
        }
        match (self.division, &self.token) {
            (Division::Offset, _) => input.insert(OFFSET.to_owned(), self.offset.into()),
            (Division::Token, Some(token)) => input.insert(TOKEN.to_owned(), token.clone().into()),
            _ => None,
        };
        match job.read_page(self.operation.name, &Value::Object(input)) {
            // Not every list can be sorted by id, and Looker does not say which.
            Err(failure) if self.sorts && matches!(failure.problem().status, Some(400 | 422)) => {
                self.sorts = false;
                self.input.remove("sorts");
                self.request(job)
            }
            answer => answer,
        }
    }

    /// Whether an item was not read before. An item without an id counts as new.
    fn is_new(&mut self, item: &RawValue) -> bool {
        if self.division == Division::Whole {
            return true;
        }
        match serde_json::from_str::<WithId>(item.get()) {
            Ok(WithId { id: Some(id) }) if id.get() != "null" => self.seen.insert(self.hasher.hash_one(id.get())),
            _ => true,
        }
    }
}

impl Rows for Pages {
    fn next(&mut self, job: &mut Job) -> Result<Option<String>> {
        let mut lines = String::new();
        while lines.is_empty() && !self.is_over {
            for (name, value) in self.place() {
                job.resume_with(name, value);
            }
            for item in self.read(job)? {
                push_line(&mut lines, &item);
            }
        }
        Ok((!lines.is_empty()).then_some(lines))
    }
}

/// Whether an operation has a query parameter.
fn query_parameter(operation: &Operation, name: &str) -> bool {
    operation.parameters.iter().any(|parameter| parameter.location == Location::Query && parameter.input == name)
}

/// Whether the items of a list have an id.
fn has_id(operation: &Operation) -> bool {
    operation.responses.iter().any(|response| {
        let Type::Array(Type::Model(model)) = response.kind else { return false };
        model.properties.iter().any(|property| property.name == "id")
    })
}

/// The items of a list. A document that is no list counts as its only item.
fn items(document: &str) -> Vec<&RawValue> {
    match serde_json::from_str::<Vec<&RawValue>>(document) {
        Ok(items) => items,
        Err(_) => serde_json::from_str::<&RawValue>(document).into_iter().filter(|item| item.get() != "null").collect(),
    }
}

/// The token of the next page in the input for it.
fn token(next: &str) -> Option<String> {
    let next: Map<String, Value> = serde_json::from_str(next).ok()?;
    next.get(TOKEN)?.as_str().map(str::to_owned)
}

/// Adds an item as one line. Only white space between the parts of JSON can be a line break: in texts, it is escaped.
fn push_line(lines: &mut String, item: &str) {
    lines.extend(item.chars().map(|letter| if matches!(letter, '\n' | '\r') { ' ' } else { letter }));
    lines.push('\n');
}

#[cfg(test)]
mod tests;
