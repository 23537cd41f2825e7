//! The list of all operations: those of Looker's API, the jobs, and `call_api`.

use crate::catalog::{self, OPERATIONS, Operation};
use crate::failure::{Problem, Reason, Result};
use crate::summary::Summary;
use crate::{call_api, jobs, schema};

/// An operation with everything that a platform needs to draw its form and to use its output.
#[derive(Debug)]
pub struct Description {
    /// The operation as a list shows it.
    pub summary: Summary,
    /// The JSON Schema of its input.
    pub input_schema: String,
    /// The JSON Schema of its output.
    pub output_schema: String,
    /// The media types that its output can have.
    pub media_types: Vec<&'static str>,
}

/// All operations, in the order of their names.
pub fn operations() -> impl Iterator<Item = Summary> {
    let mut all: Vec<Summary> = OPERATIONS.iter().map(Summary::from).collect();
    all.extend(jobs::DEFINITIONS.iter().map(|job| job.summary));
    all.push(Summary::from(&call_api::OPERATION));
    all.sort_unstable_by_key(|operation| operation.name);
    all.into_iter()
}

/// The catalog's operation with that name.
pub fn find(name: &str) -> Result<&'static Operation> {
    catalog::operation(name).ok_or_else(|| {
        let near = catalog::nearest(name, operations().map(|operation| operation.name));
        let advice = if near.is_empty() {
            "See the list of operations.".to_owned()
        } else {
            format!("Did you mean {}?", near.join(" or "))
        };
        Problem::new(Reason::UnknownOperation, format!("There is no operation {name}. {advice}")).permanent()
    })
}

/// Fails if there is no operation with that name.
pub fn known(name: &str) -> Result<()> {
    if name == call_api::NAME || jobs::definition(name).is_some() { Ok(()) } else { find(name).map(|_| ()) }
}

/// Describes one operation.
pub fn describe(name: &str) -> Result<Description> {
    if name == call_api::NAME {
        return Ok(Description {
            summary: Summary::from(&call_api::OPERATION),
            input_schema: call_api::INPUT_SCHEMA.to_owned(),
            output_schema: call_api::OUTPUT_SCHEMA.to_owned(),
            media_types: schema::media_types(&call_api::OPERATION),
        });
    }
    if let Some(job) = jobs::definition(name) {
        return Ok(Description {
            summary: job.summary,
            input_schema: job.input_schema.to_owned(),
            output_schema: job.output_schema.to_owned(),
            media_types: job.media_types.to_vec(),
        });
    }
    let operation = find(name)?;
    Ok(Description {
        summary: Summary::from(operation),
        input_schema: schema::input_schema(operation),
        output_schema: schema::output_schema(operation),
        media_types: schema::media_types(operation),
    })
}
