//! What the parts of the server share.

use super::auth_form::AuthForm;
use super::auths::Auths;
use super::files::WorkflowFiles;
use super::gate::Gate;
use super::oauth_flows::Flows;
use super::outputs::Outputs;
use super::runs::Runs;
use crate::workflow::Descriptions;
use connector_host::Connector;
use serde_json::Value;
use std::sync::Arc;

/// What the parts of the server share.
pub(super) struct App {
    pub(super) connector: Connector,
    /// The connector's description, and its list of operations.
    pub(super) description: Value,
    pub(super) operations: Value,
    /// The same as the checks of workflows need it. No schema is loaded.
    pub(super) descriptions: Descriptions,
    pub(super) form: AuthForm,
    pub(super) auths: Arc<Auths>,
    pub(super) files: WorkflowFiles,
    pub(super) outputs: Outputs,
    pub(super) runs: Runs,
    pub(super) flows: Flows,
    pub(super) gate: Gate,
    pub(super) port: u16,
}
