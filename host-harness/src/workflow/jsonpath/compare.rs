//! Comparisons in filters, as section 2.3.5.2.2 of RFC 9535 has them.

use super::budget::{Budget, Exhausted};
use jsonpath_rust::parser::model::Comparison;
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// One side of a comparison, or what a function gives.
pub(super) enum Operand<'a> {
    /// A value of the document.
    Found(&'a Value),
    /// A value that was made.
    Owned(Value),
    /// The absence of a value, which equals itself only.
    Nothing,
    /// What `match` and `search` give. It is no value, so nothing is compared with it.
    Logical(bool),
}

impl<'a> Operand<'a> {
    pub(super) fn of(found: Option<&'a Value>) -> Self {
        found.map_or(Self::Nothing, Self::Found)
    }

    pub(super) fn value(&self) -> Option<&Value> {
        match self {
            Self::Found(value) => Some(value),
            Self::Owned(value) => Some(value),
            Self::Nothing | Self::Logical(_) => None,
        }
    }
}

/// Whether a comparison holds.
pub(super) fn compare(
    budget: &mut Budget,
    comparison: &Comparison,
    left: &Operand<'_>,
    right: &Operand<'_>,
) -> Result<bool, Exhausted> {
    if matches!(left, Operand::Logical(_)) || matches!(right, Operand::Logical(_)) {
        return Ok(false);
    }
    let (left, right) = (left.value(), right.value());
    let equal = |budget: &mut Budget| match (left, right) {
        (Some(left), Some(right)) => equal(budget, left, right),
        (None, None) => Ok(true),
        _ => Ok(false),
    };
    let ordered = |budget: &mut Budget, expected: Ordering| match (left, right) {
        (Some(left), Some(right)) => Ok(order(budget, left, right)? == Some(expected)),
        _ => Ok(false),
    };
    Ok(match comparison {
        Comparison::Eq(..) => equal(budget)?,
        Comparison::Ne(..) => !equal(budget)?,
        Comparison::Lt(..) => ordered(budget, Ordering::Less)?,
        Comparison::Gt(..) => ordered(budget, Ordering::Greater)?,
        Comparison::Lte(..) => ordered(budget, Ordering::Less)? || equal(budget)?,
        Comparison::Gte(..) => ordered(budget, Ordering::Greater)? || equal(budget)?,
    })
}

/// Numbers and texts have an order; nothing else has.
fn order(budget: &mut Budget, left: &Value, right: &Value) -> Result<Option<Ordering>, Exhausted> {
    Ok(match (left, right) {
        (Value::Number(left), Value::Number(right)) => numbers(left, right),
        (Value::String(left), Value::String(right)) => {
            budget.text(if left.len() < right.len() { left } else { right })?;
            Some(left.cmp(right))
        }
        _ => None,
    })
}

fn equal(budget: &mut Budget, left: &Value, right: &Value) -> Result<bool, Exhausted> {
    budget.step(1)?;
    Ok(match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right) {
                if !equal(budget, left, right)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Object(left), Value::Object(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (name, left) in left {
                match right.get(name) {
                    Some(right) if equal(budget, left, right)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Value::Number(_), Value::Number(_)) | (Value::String(_), Value::String(_)) => {
            order(budget, left, right)? == Some(Ordering::Equal)
        }
        _ => left == right,
    })
}

/// Exact for integers, whatever their size; by floating point where one is none.
fn numbers(left: &Number, right: &Number) -> Option<Ordering> {
    let integers = left.as_i128().zip(right.as_i128());
    match integers {
        Some((left, right)) => Some(left.cmp(&right)),
        None => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
