//! The filters of a query: a small part of Looker's filter expressions.

use super::rows::{Cell, Field};
use crate::search::like;

/// One field and its condition: `Amber`, `Amber,Birch`, `-Amber`, `A%`, `>5`, `<=10`, `5`. An empty one matches everything.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    pub(crate) field: Field,
    /// The expression as it was written.
    pub(crate) written: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone)]
enum Term {
    Like(String),
    NotLike(String),
    Below(i64),
    AtMost(i64),
    Above(i64),
    AtLeast(i64),
}

impl Filter {
    pub(crate) fn new(field: Field, written: &str) -> Self {
        let terms = written.split(',').map(str::trim).filter(|term| !term.is_empty()).map(Term::new).collect();
        Self { field, written: written.to_owned(), terms }
    }

    /// Matches if one of the terms does and no excluding term does.
    pub(crate) fn accepts(&self, cell: &Cell) -> bool {
        let excludes = |term: &&Term| matches!(term, Term::NotLike(_));
        let (excluding, including): (Vec<&Term>, Vec<&Term>) = self.terms.iter().partition(excludes);
        excluding.iter().all(|term| term.fits(cell))
            && (including.is_empty() || including.iter().any(|term| term.fits(cell)))
    }
}

impl Term {
    fn new(term: &str) -> Self {
        let number = |text: &str| text.trim().parse().ok();
        // Longer operators first: `>=5` also begins with `>`.
        let compared = [
            term.strip_prefix(">=").and_then(number).map(Self::AtLeast),
            term.strip_prefix("<=").and_then(number).map(Self::AtMost),
            term.strip_prefix('>').and_then(number).map(Self::Above),
            term.strip_prefix('<').and_then(number).map(Self::Below),
        ];
        let excluded = term.strip_prefix('-').filter(|rest| number(rest).is_none());
        match (compared.into_iter().flatten().next(), excluded) {
            (Some(term), _) => term,
            (None, Some(rest)) => Self::NotLike(rest.to_owned()),
            (None, None) => Self::Like(term.to_owned()),
        }
    }

    fn fits(&self, cell: &Cell) -> bool {
        let compare = |fits: fn(i64, i64) -> bool, wanted: i64| match cell {
            Cell::Integer(number) => fits(*number, wanted),
            Cell::Text(_) => false,
        };
        match self {
            Self::Like(pattern) => like(&cell.plain(), pattern),
            Self::NotLike(pattern) => !like(&cell.plain(), pattern),
            Self::Below(wanted) => compare(|number, wanted| number < wanted, *wanted),
            Self::AtMost(wanted) => compare(|number, wanted| number <= wanted, *wanted),
            Self::Above(wanted) => compare(|number, wanted| number > wanted, *wanted),
            Self::AtLeast(wanted) => compare(|number, wanted| number >= wanted, *wanted),
        }
    }
}
