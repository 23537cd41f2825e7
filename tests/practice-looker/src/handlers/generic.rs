//! The operations without a handler of their own: they create, read, change and delete objects by what the catalog says.
//!
//! Every collection starts with two sample objects. If the id of a model is a name that people choose (a connection, a
//! branch), reading an unknown name creates a sample object.

use looker_connector::catalog::{Format, Method, Model, OPERATIONS, Operation, Type};
use serde_json::{Value, json};

use super::{Outcome, success};
use crate::{
    call::Call,
    error_response::ErrorResponse,
    present::{kept_as, present},
    response::{Content, Response},
    results::files,
    router, sample, search,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
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
        return Ok(Outcome::Response(Response::empty(success.status)));
    };
    if !success.media_types.contains(&"application/json") {
        return Ok(Outcome::Response(file(media_type)));
    }
    match success.kind {
        Type::Model(model) => one(state, call, model).map(Outcome::Item),
        Type::Array(Type::Model(model)) => many(state, call, model).map(Outcome::List),
        kind => Ok(Outcome::Json(sample::value(kind))),
    }
}

/// A response whose media type is not JSON.
fn file(media_type: &'static str) -> Response {
    match media_type {
        "image/svg+xml" => Response::content(200, "image/svg+xml", Content::Whole(files::SVG.into())),
        // A description that does not say which file it is: Looker has pictures there.
        "image/png" | "application/octet-stream" => {
            Response::content(200, "image/png", Content::Whole(files::PNG.into()))
        }
        "image/jpeg" => Response::content(200, "image/jpeg", Content::Whole(files::JPEG.into())),
        "application/pdf" => Response::content(200, "application/pdf", Content::Whole(files::pdf("Practice").into())),
        _ => Response::content(200, "text/plain;charset=utf-8", Content::Whole("practice text\n".into())),
    }
}

/// The parameter that names the object of a call: the last segment of the path, if it is a parameter.
fn named_by(operation: &'static Operation) -> Option<&'static str> {
    router::parameter(operation.path.rsplit('/').next()?)
}

/// The operation that reads one object of a model by its id or, failing that, another operation that names one.
fn reader(model: &Model) -> Option<&'static Operation> {
    let is_shown = |kind: Type| matches!(kind, Type::Model(shown) if kept_as(shown.name) == kept_as(model.name));
    let names_one = |operation: &&'static Operation| {
        named_by(operation).is_some() && operation.responses.iter().any(|answer| is_shown(answer.kind))
    };
    let reads = |operation: &&'static Operation| operation.method == Method::Get && names_one(operation);
    OPERATIONS.iter().find(reads).or_else(|| OPERATIONS.iter().find(names_one))
}

/// The property that identifies the objects of a model.
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

/// Sets the id of an object, which is a number in some models.
fn set_id(model: &'static Model, row: &mut Row, property: &'static str, id: &str) {
    let is_number = model.properties.iter().any(|it| it.name == property && matches!(it.kind, Type::Integer));
    let number = id.parse::<i64>().ok().filter(|_| is_number);
    row.insert(property.to_owned(), number.map_or_else(|| json!(id), Value::from));
}

/// Creates the two sample objects of a model, if its collection is empty.
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

/// The path parameters before the one that names the object.
fn parents(call: &Call) -> Vec<(&'static str, String)> {
    let named = named_by(call.operation);
    call.path.iter().filter(|(name, _)| Some(*name) != named).cloned().collect()
}

/// An object by its id. Creates a sample if the id is a name that people choose.
fn find(state: &mut State, model: &'static Model, parameter: &str, id: &str) -> Result<Row, ErrorResponse> {
    begin(state, model);
    let kept = kept_as(model.name);
    if let Ok(row) = state.find(kept, id) {
        return Ok(row.clone());
    }
    let property = id_property(model, parameter);
    if matches!(property, Some("id" | "slug")) || state.gone.contains(&(kept, id.to_owned())) {
        return Err(ErrorResponse::NotFound);
    }
    let mut row = sample::row(model);
    if let Some(property) = property {
        set_id(model, &mut row, property, id);
    }
    Ok(row)
}

fn one(state: &mut State, call: &Call, model: &'static Model) -> Result<Row, ErrorResponse> {
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

/// The path of a singleton.
fn single(call: &Call) -> String {
    let mut path = call.operation.path.to_owned();
    for (name, value) in &call.path {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    path
}

/// Whether a POST creates an object that can be read afterwards: its path is the collection of that object.
fn creates(call: &Call, model: &'static Model) -> bool {
    let Some(reader) = reader(model) else { return false };
    let Some((collection, _)) = reader.path.rsplit_once('/') else {
        return false;
    };
    let path = call.operation.path;
    // Some collections have a plural name where their objects have a singular one.
    path == collection || path == reader.path || path.strip_suffix('s') == Some(collection)
}

fn create(state: &mut State, call: &Call, model: &'static Model, named: Option<&str>) -> Result<Row, ErrorResponse> {
    begin(state, model);
    let reader = reader(model).ok_or(ErrorResponse::NotFound)?;
    let parameter = named_by(reader).unwrap_or_default();
    let property = id_property(model, parameter).unwrap_or("id");
    let mut row = sample::blank(model);
    write_body(call, model, &mut row);
    let id = match (named, property) {
        (Some(_), _) => call.last_of_path().to_owned(),
        (None, "id") => state.table_mut(kept_as(model.name)).new_id(),
        // The body carries the id only if people choose it.
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

/// The result of an action: the object that its path names, if it returns one of that model, otherwise a sample.
fn about(state: &mut State, call: &Call, model: &'static Model) -> Result<Row, ErrorResponse> {
    let named = call
        .path
        .last()
        .filter(|(name, _)| reader(model).and_then(named_by).is_some_and(|parameter| parameter == *name));
    match named {
        Some((name, id)) => find(state, model, name, id),
        None => Ok(sample::row(model)),
    }
}

/// Applies the body. If its model differs from that of the object, only the properties that both have are set.
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

fn many(state: &mut State, call: &Call, model: &'static Model) -> Result<Vec<Row>, ErrorResponse> {
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

/// Replaces a list and returns it as stored.
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

/// Removes the object that the path names, if some operation can read it.
fn delete(state: &mut State, call: &Call) -> Result<(), ErrorResponse> {
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

/// Whether two paths are equal apart from the names of their parameters.
fn same_shape(left: &'static str, right: &'static str) -> bool {
    let shape = |path: &'static str| -> Vec<&'static str> {
        path.split('/').map(|segment| router::parameter(segment).map_or(segment, |_| "{}")).collect()
    };
    shape(left) == shape(right)
}
