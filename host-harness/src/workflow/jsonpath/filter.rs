//! Filters: whether an expression holds for a node.

use super::budget::Exhausted;
use super::compare::{Operand, compare};
use super::evaluate::Evaluation;
use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, Literal, SingularQuery, Test, TestFunction,
};
use serde_json::Value;

/// The node that a filter looks at: `@`.
#[derive(Clone, Copy)]
pub(super) struct Node<'a>(pub(super) &'a Value);

/// Whether a filter holds for a node.
pub(super) fn holds<'a>(
    evaluation: &mut Evaluation<'a, '_>,
    filter: &Filter,
    node: Node<'a>,
) -> Result<bool, Exhausted> {
    evaluation.budget.step(1)?;
    match filter {
        Filter::Or(filters) => {
            for filter in filters {
                if holds(evaluation, filter, node)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Filter::And(filters) => {
            for filter in filters {
                if !holds(evaluation, filter, node)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Filter::Atom(FilterAtom::Filter { expr, not }) => Ok(holds(evaluation, expr, node)? != *not),
        Filter::Atom(FilterAtom::Test { expr, not }) => Ok(passes(evaluation, expr, node)? != *not),
        Filter::Atom(FilterAtom::Comparison(comparison)) => compares(evaluation, comparison, node),
    }
}

/// Whether a query finds something, or a function says true.
fn passes<'a>(evaluation: &mut Evaluation<'a, '_>, test: &Test, node: Node<'a>) -> Result<bool, Exhausted> {
    match test {
        Test::RelQuery(segments) => Ok(!evaluation.select(segments, node.0)?.is_empty()),
        Test::AbsQuery(query) => {
            let root = evaluation.root;
            Ok(!evaluation.select(&query.segments, root)?.is_empty())
        }
        Test::Function(function) => Ok(matches!(apply(evaluation, function, node)?, Operand::Logical(true))),
    }
}

fn compares<'a>(
    evaluation: &mut Evaluation<'a, '_>,
    comparison: &Comparison,
    node: Node<'a>,
) -> Result<bool, Exhausted> {
    let (left, right) = comparison.vals();
    let left = operand(evaluation, left, node)?;
    let right = operand(evaluation, right, node)?;
    compare(evaluation.budget, comparison, &left, &right)
}

fn operand<'a>(
    evaluation: &mut Evaluation<'a, '_>,
    comparable: &Comparable,
    node: Node<'a>,
) -> Result<Operand<'a>, Exhausted> {
    Ok(match comparable {
        Comparable::Literal(literal) => Operand::Owned(value(literal)),
        Comparable::SingularQuery(SingularQuery::Current(segments)) => {
            Operand::of(evaluation.single(segments, node.0)?)
        }
        Comparable::SingularQuery(SingularQuery::Root(segments)) => {
            let root = evaluation.root;
            Operand::of(evaluation.single(segments, root)?)
        }
        Comparable::Function(function) => apply(evaluation, function, node)?,
    })
}

fn value(literal: &Literal) -> Value {
    match literal {
        Literal::Int(number) => Value::from(*number),
        Literal::Float(number) => Value::from(*number),
        Literal::String(text) => Value::from(text.as_str()),
        Literal::Bool(value) => Value::from(*value),
        Literal::Null => Value::Null,
    }
}

/// What a function gives.
fn apply<'a>(
    evaluation: &mut Evaluation<'a, '_>,
    function: &TestFunction,
    node: Node<'a>,
) -> Result<Operand<'a>, Exhausted> {
    Ok(match function {
        TestFunction::Length(argument) => {
            let argument = single_argument(evaluation, argument, node)?;
            let length = match argument.value() {
                Some(Value::String(text)) => {
                    evaluation.budget.text(text)?;
                    Some(text.chars().count())
                }
                Some(Value::Array(items)) => Some(items.len()),
                Some(Value::Object(properties)) => Some(properties.len()),
                _ => None,
            };
            length.map_or(Operand::Nothing, |length| Operand::Owned(Value::from(length)))
        }
        TestFunction::Count(argument) => Operand::Owned(Value::from(nodes(evaluation, argument, node)?.len())),
        TestFunction::Value(argument) => match nodes(evaluation, argument, node)?[..] {
            [only] => Operand::Found(only),
            _ => Operand::Nothing,
        },
        TestFunction::Match(text, pattern) => matched(evaluation, text, pattern, node, true)?,
        TestFunction::Search(text, pattern) => matched(evaluation, text, pattern, node, false)?,
        // Refused when the path is read.
        TestFunction::Custom(..) => Operand::Nothing,
    })
}

fn matched<'a>(
    evaluation: &mut Evaluation<'a, '_>,
    text: &FnArg,
    pattern: &FnArg,
    node: Node<'a>,
    whole: bool,
) -> Result<Operand<'a>, Exhausted> {
    let text = single_argument(evaluation, text, node)?;
    let pattern = single_argument(evaluation, pattern, node)?;
    let (Some(Value::String(text)), Some(Value::String(pattern))) = (text.value(), pattern.value()) else {
        return Ok(Operand::Logical(false));
    };
    evaluation.patterns.matches(evaluation.budget, text, pattern, whole).map(Operand::Logical)
}

/// The nodes that an argument finds.
fn nodes<'a>(
    evaluation: &mut Evaluation<'a, '_>,
    argument: &FnArg,
    node: Node<'a>,
) -> Result<Vec<&'a Value>, Exhausted> {
    let FnArg::Test(test) = argument else { return Ok(Vec::new()) };
    match &**test {
        Test::RelQuery(segments) => evaluation.select(segments, node.0),
        Test::AbsQuery(query) => {
            let root = evaluation.root;
            evaluation.select(&query.segments, root)
        }
        Test::Function(_) => Ok(Vec::new()),
    }
}

/// The one value of an argument.
fn single_argument<'a>(
    evaluation: &mut Evaluation<'a, '_>,
    argument: &FnArg,
    node: Node<'a>,
) -> Result<Operand<'a>, Exhausted> {
    match argument {
        FnArg::Literal(literal) => Ok(Operand::Owned(value(literal))),
        FnArg::Filter(filter) => holds(evaluation, filter, node).map(Operand::Logical),
        FnArg::Test(test) => match &**test {
            Test::Function(function) => apply(evaluation, function, node),
            _ => Ok(match nodes(evaluation, argument, node)?[..] {
                [only] => Operand::Found(only),
                _ => Operand::Nothing,
            }),
        },
    }
}
