//! What the parts of the server share.

use super::auth_form::AuthForm;
use super::auths::Auths;
use super::files::WorkflowFiles;
use super::gate::Gate;
use super::oauth::Flows;
use super::outputs::Outputs;
use connector_host::Connector;
use serde_json::Value;
use std::sync::Arc;

/// What the parts of the server share.
pub(super) struct App {
    pub(super) connector: Connector,
    /// The connector's description, and its list of operations.
    pub(super) description: Value,
    pub(super) operations: Value,
    pub(super) form: AuthForm,
    pub(super) auths: Arc<Auths>,
    pub(super) files: WorkflowFiles,
    pub(super) outputs: Outputs,
    pub(super) flows: Flows,
    pub(super) gate: Gate,
    pub(super) port: u16,
}
