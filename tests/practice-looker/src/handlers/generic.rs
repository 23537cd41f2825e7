//! The operations that have no handler of their own: they create, read, change and delete things by what the catalog says.
//!
//! Every kind of thing begins with two of them, made from the catalog. Where the id is no number but a name that people
//! choose (a connection, a branch), a thing that was never made is made up when it is asked for.

use looker_connector::catalog::{Format, Method, Model, OPERATIONS, Operation, Type};
use serde_json::{Value, json};

use super::{Outcome, success};
use crate::{
    answer::{Answer, Content},
    call::Call,
    present::{kept_as, present},
    refusal::Refusal,
    results::files,
    router, sample, search,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Result<Outcome, Refusal> {
    let Some(success) = success(call) else {
        return Ok(Outcome::Nothing);
    };
    if call.operation.method == Method::Delete {
        delete(state, call)?;
    }
    let Some(media_type) = success.media_types.first().filter(|_| success.status != 204) else {
        if success.status == 204 {
            return Ok(Outcome::Nothing);
        }
        return Ok(Outcome::Answer(Answer::empty(success.status)));
    };
    if !success.media_types.contains(&"application/json") {
        return Ok(Outcome::Answer(file(media_type)));
    }
    match success.kind {
        Type::Model(model) => one(state, call, model).map(Outcome::Item),
        Type::Array(Type::Model(model)) => many(state, call, model).map(Outcome::List),
        kind => Ok(Outcome::Json(sample::value(kind))),
    }
}

/// Something of a media type that is not JSON.
fn file(media_type: &'static str) -> Answer {
    match media_type {
        "image/svg+xml" => Answer::content(200, "image/svg+xml", Content::Whole(files::SVG.into())),
        "image/png" => Answer::content(200, "image/png", Content::Whole(files::PNG.into())),
        "image/jpeg" => Answer::content(200, "image/jpeg", Content::Whole(files::JPEG.into())),
        "application/pdf" => Answer::content(200, "application/pdf", Content::Whole(files::pdf("Practice").into())),
        _ => Answer::content(200, "text/plain;charset=utf-8", Content::Whole("practice text\n".into())),
    }
}

/// Where in the path of a call its thing is named: the last segment, if that is a parameter.
fn named_by(operation: &'static Operation) -> Option<&'static str> {
    router::parameter(operation.path.rsplit('/').next()?)
}

/// The operation that reads one thing of a model by its id; where there is none, another one that names such a thing.
fn reader(model: &Model) -> Option<&'static Operation> {
    let is_shown = |kind: Type| matches!(kind, Type::Model(shown) if kept_as(shown.name) == kept_as(model.name));
    let names_one = |operation: &&'static Operation| {
        named_by(operation).is_some() && operation.responses.iter().any(|answer| is_shown(answer.kind))
    };
    let reads = |operation: &&'static Operation| operation.method == Method::Get && names_one(operation);
    OPERATIONS.iter().find(reads).or_else(|| OPERATIONS.iter().find(names_one))
}

/// The property by which things of a model are told apart.
fn id_property(model: &'static Model, parameter: &str) -> Option<&'static str> {
    let names = || {
        model
            .properties
            .iter()
            .filter(|property| matches!(property.kind, Type::String(_) | Type::Integer))
            .map(|it| it.name)
    };
    let same = names().find(|name| *name == parameter);
    same.or_else(|| names().find(|name| *name == "id" && parameter.ends_with("id")))
        .or_else(|| names().find(|name| parameter.ends_with(&format!("_{name}"))))
        .or_else(|| names().find(|name| *name == "id"))
}

/// Gives a thing its id, which is a number in some models.
fn set_id(model: &'static Model, row: &mut Row, property: &'static str, id: &str) {
    let is_number = model.properties.iter().any(|it| it.name == property && matches!(it.kind, Type::Integer));
    let number = id.parse::<i64>().ok().filter(|_| is_number);
    row.insert(property.to_owned(), number.map_or_else(|| json!(id), Value::from));
}

/// Sees to it that there are two things of a model to begin with.
pub(super) fn begin(state: &mut State, model: &'static Model) {
    let kept = kept_as(model.name);
    let Some(reader) = reader(model) else { return };
    let property = named_by(reader).and_then(|parameter| id_property(model, parameter));
    if state.table(kept).is_some() {
        return;
    }
    for id in ["1", "2"] {
        let mut row = sample::row(model);
        if let Some(property) = property {
            set_id(model, &mut row, property, id);
        }
        state.table_mut(kept).put(id, row);
    }
}

/// The parameters in the path before the one that names the thing.
fn parents(call: &Call) -> Vec<(&'static str, String)> {
    let named = named_by(call.operation);
    call.path.iter().filter(|(name, _)| Some(*name) != named).cloned().collect()
}

/// A thing by its id, made up where that is a name that people choose.
fn find(state: &mut State, model: &'static Model, parameter: &str, id: &str) -> Result<Row, Refusal> {
    begin(state, model);
    let kept = kept_as(model.name);
    if let Ok(row) = state.find(kept, id) {
        return Ok(row.clone());
    }
    let property = id_property(model, parameter);
    if matches!(property, Some("id" | "slug")) || state.gone.contains(&(kept, id.to_owned())) {
        return Err(Refusal::NotFound);
    }
    let mut row = sample::row(model);
    if let Some(property) = property {
        set_id(model, &mut row, property, id);
    }
    Ok(row)
}

fn one(state: &mut State, call: &Call, model: &'static Model) -> Result<Row, Refusal> {
    let row = match (call.operation.method, named_by(call.operation)) {
        (Method::Get, Some(parameter)) => find(state, model, parameter, call.last_of_path())?,
        (Method::Patch | Method::Put, Some(parameter)) => {
            let mut row = find(state, model, parameter, call.last_of_path())?;
            write_body(call, model, &mut row);
            keep(state, call, model, call.last_of_path(), row.clone());
            row
        }
        (Method::Post, named) if creates(call, model) => create(state, call, model, named)?,
        (Method::Get, None) => {
            state.singles.get(&single(call)).cloned().map_or_else(|| about(state, call, model), Ok)?
        }
        (Method::Patch | Method::Put, None) => {
            let mut row = state.singles.remove(&single(call)).map_or_else(|| about(state, call, model), Ok)?;
            write_body(call, model, &mut row);
            state.singles.insert(single(call), row.clone());
            row
        }
        _ => {
            let mut row = about(state, call, model)?;
            write_body(call, model, &mut row);
            row
        }
    };
    Ok(present(state, model, &row))
}

/// The path of a thing of which there is one.
fn single(call: &Call) -> String {
    let mut path = call.operation.path.to_owned();
    for (name, value) in &call.path {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    path
}

/// Whether a POST makes a thing that can be read afterwards: it goes to the collection of that thing.
fn creates(call: &Call, model: &'static Model) -> bool {
    let Some(reader) = reader(model) else { return false };
    let Some((collection, _)) = reader.path.rsplit_once('/') else {
        return false;
    };
    let path = call.operation.path;
    // Some collections are named in the plural, and their things in the singular.
    path == collection || path == reader.path || path.strip_suffix('s') == Some(collection)
}

fn create(state: &mut State, call: &Call, model: &'static Model, named: Option<&str>) -> Result<Row, Refusal> {
    begin(state, model);
    let reader = reader(model).ok_or(Refusal::NotFound)?;
    let parameter = named_by(reader).unwrap_or_default();
    let property = id_property(model, parameter).unwrap_or("id");
    let mut row = sample::blank(model);
    write_body(call, model, &mut row);
    let id = match (named, property) {
        (Some(_), _) => call.last_of_path().to_owned(),
        (None, "id") => state.table_mut(kept_as(model.name)).new_id(),
        // A name that people choose comes with the body; what Looker chooses does not.
        (None, property) => match row.get(property).and_then(Value::as_str).filter(|id| !id.is_empty()) {
            Some(id) => id.to_owned(),
            None => state.random.text(22),
        },
    };
    set_id(model, &mut row, property, &id);
    for property in model.properties.iter().filter(|property| property.name == "created_at") {
        let now = match property.kind {
            Type::String(Format::Date) => sample::value(property.kind),
            _ => json!(super::credentials::now()),
        };
        row.insert(property.name.to_owned(), now);
    }
    keep(state, call, model, &id, row.clone());
    Ok(row)
}

fn keep(state: &mut State, call: &Call, model: &'static Model, id: &str, row: Row) {
    let kept = kept_as(model.name);
    state.gone.remove(&(kept, id.to_owned()));
    state.table_mut(kept).put_under(id, row, parents(call));
}

/// What an action is about: the thing that its path names, if it gives such a thing back, or else a sample.
fn about(state: &mut State, call: &Call, model: &'static Model) -> Result<Row, Refusal> {
    let named = call
        .path
        .last()
        .filter(|(name, _)| reader(model).and_then(named_by).is_some_and(|parameter| parameter == *name));
    match named {
        Some((name, id)) => find(state, model, name, id),
        None => Ok(sample::row(model)),
    }
}

/// Sets what the body says. Its model may be another than that of the thing: what both have counts.
fn write_body(call: &Call, model: &'static Model, row: &mut Row) {
    let body = call.object();
    match call.operation.body.as_ref().map(|body| body.kind) {
        Some(Type::Model(sent)) if sent.name != model.name => {
            let mut accepted = Row::new();
            write::apply(sent, &mut accepted, &body);
            accepted.retain(|name, _| model.properties.iter().any(|property| property.name == name));
            row.extend(accepted);
        }
        _ => write::apply(model, row, &body),
    }
}

fn many(state: &mut State, call: &Call, model: &'static Model) -> Result<Vec<Row>, Refusal> {
    begin(state, model);
    if call.operation.method != Method::Get
        && let Some(Value::Array(items)) = call.body()
        && items.iter().all(Value::is_object)
    {
        return Ok(replace(call, model, items));
    }
    let Some(table) = state.table(kept_as(model.name)) else {
        return Ok(vec![sample::row(model)]);
    };
    let path = &call.path;
    let is_search = call.operation.path.split('/').any(|segment| segment == "search");
    let rows = table.rows_under(path).filter(|row| !is_search || search::matches(call, row));
    Ok(rows.map(|row| present(state, model, row)).collect())
}

/// A list that is sent whole is given back as it is kept.
fn replace(call: &Call, model: &'static Model, items: &[Value]) -> Vec<Row> {
    let sent = items.iter().filter_map(Value::as_object);
    sent.map(|item| {
        let mut row = sample::blank(model);
        for (name, value) in &call.path {
            if model.properties.iter().any(|property| property.name == *name) {
                row.insert((*name).to_owned(), json!(value));
            }
        }
        write::apply(model, &mut row, item);
        row
    })
    .collect()
}

/// Removes the thing that the path names, where some operation can read it.
fn delete(state: &mut State, call: &Call) -> Result<(), Refusal> {
    let Some(parameter) = named_by(call.operation) else {
        state.singles.remove(&single(call));
        return Ok(());
    };
    let same_place =
        |operation: &&Operation| operation.method == Method::Get && same_shape(operation.path, call.operation.path);
    let models =
        OPERATIONS.iter().filter(same_place).flat_map(|operation| operation.responses).filter_map(
            |answer| match answer.kind {
                Type::Model(model) => Some(model),
                _ => None,
            },
        );
    let Some(model) = models.into_iter().next() else {
        return Ok(());
    };
    let id = call.last_of_path();
    find(state, model, parameter, id)?;
    let kept = kept_as(model.name);
    state.table_mut(kept).remove(id);
    state.gone.insert((kept, id.to_owned()));
    Ok(())
}

/// Whether two paths differ at most in the names of their parameters.
fn same_shape(left: &'static str, right: &'static str) -> bool {
    let shape = |path: &'static str| -> Vec<&'static str> {
        path.split('/').map(|segment| router::parameter(segment).map_or(segment, |_| "{}")).collect()
    };
    shape(left) == shape(right)
}
