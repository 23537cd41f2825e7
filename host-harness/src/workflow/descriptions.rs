//! What a connector says about the operations that a workflow uses.

use super::file::Workflow;
use super::inputs;
use connector_host::{Connector, Effect, ExecutionFailure, Failure, OperationSummary};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A connector's list of operations, and the schemas of some of them.
///
/// ```no_run
/// # async fn example(connector: connector_host::Connector) -> Result<(), Box<dyn std::error::Error>> {
/// use host_harness::workflow::{Descriptions, Workflow, check};
///
/// let workflow = Workflow::from_file("workflow.yaml".as_ref())?;
/// let mut descriptions = Descriptions::list(&connector).await?;
/// descriptions.load(&connector, &workflow).await?;
/// for problem in check(&workflow, &descriptions) {
///     eprintln!("{problem}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Descriptions {
    summaries: Arc<BTreeMap<String, OperationSummary>>,
    operations: BTreeMap<String, Arc<Description>>,
}

/// One operation with its schemas.
#[derive(Debug, Clone)]
pub struct Description {
    /// Its entry in the list.
    pub summary: OperationSummary,
    /// The JSON Schema of its input.
    pub input_schema: Value,
    /// The JSON Schema of its output, where that is JSON.
    pub output_schema: Value,
    /// The media types that its output can have.
    pub media_types: Vec<String>,
}

impl Descriptions {
    /// Asks a connector for its list of operations. No schema is loaded yet.
    ///
    /// # Errors
    ///
    /// As [`Connector::list_operations`].
    pub async fn list(connector: &Connector) -> Result<Self, Failure> {
        let summaries = connector.list_operations().await?;
        let summaries = summaries.into_iter().map(|summary| (summary.name.clone(), summary)).collect();
        Ok(Self { summaries: Arc::new(summaries), operations: BTreeMap::new() })
    }

    /// Loads the schemas of the operations that a workflow uses, where they are not loaded yet. Operations that the
    /// connector does not have are left out; [`check`](super::check()) tells them.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe_operation`], and if a schema is not JSON.
    pub async fn load(&mut self, connector: &Connector, workflow: &Workflow) -> Result<(), Failure> {
        let mut sandbox = None;
        for step in &workflow.steps {
            let name = &step.operation;
            let Some(summary) = self.summaries.get(name) else { continue };
            if self.operations.contains_key(name) {
                continue;
            }
            let sandbox = match &mut sandbox {
                Some(sandbox) => sandbox,
                None => sandbox.insert(connector.sandbox().await?),
            };
            let operation = sandbox.describe_operation(name).await?;
            let description = Description {
                summary: summary.clone(),
                input_schema: document("input-schema", &operation.input_schema)?,
                output_schema: document("output-schema", &operation.output_schema)?,
                media_types: operation.media_types,
            };
            self.operations.insert(name.clone(), Arc::new(description));
        }
        Ok(())
    }

    /// Descriptions that are known already.
    #[cfg(test)]
    pub(super) fn of(descriptions: impl IntoIterator<Item = Description>) -> Self {
        let operations: BTreeMap<String, Arc<Description>> =
            descriptions.into_iter().map(|one| (one.summary.name.clone(), Arc::new(one))).collect();
        let summaries = operations.iter().map(|(name, one)| (name.clone(), one.summary.clone())).collect();
        Self { summaries: Arc::new(summaries), operations }
    }

    /// The description of an operation. `None` if it is not loaded, or if the connector does not have it.
    pub fn get(&self, operation: &str) -> Option<&Arc<Description>> {
        self.operations.get(operation)
    }

    /// The entry of an operation in the connector's list.
    pub fn summary(&self, operation: &str) -> Option<&OperationSummary> {
        self.summaries.get(operation)
    }

    /// The names of all operations of the connector.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.summaries.keys().map(String::as_str)
    }
}

impl Description {
    /// Whether a call with this input may be repeated when its outcome is unknown.
    pub fn is_idempotent(&self, input: &Value) -> bool {
        if self.summary.idempotent {
            return true;
        }
        let Some(schema) = self.input_schema.get("x-idempotent") else { return false };
        inputs::validator(schema).is_ok_and(|validator| validator.is_valid(input))
    }

    /// Whether a call can change data.
    pub fn changes_data(&self) -> bool {
        self.summary.effect != Effect::Read
    }
}

fn document(name: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .map_err(|error| ExecutionFailure::Interface(format!("its {name} is not JSON: {error}")).into())
}
