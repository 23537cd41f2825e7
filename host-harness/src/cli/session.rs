//! A connector made ready as the shared flags say.

use super::error::CliError;
use super::text_source::TextSource;
use super::{Shared, renewed_auth};
use connector_host::egress::proxy::Proxy;
use connector_host::egress::{HttpClient, Transport, tls};
use connector_host::{Component, Connector, Host, Policy, Rule};
use host_harness::DEFAULT_COMPONENT;
use practice_looker::PracticeLooker;
use serde_json::{Map, Value};

/// The environment variables that the connector is given: where Looker's SDKs look for what `--auth` leaves out.
const ENVIRONMENT: [&str; 3] = ["LOOKERSDK_BASE_URL", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET"];

/// A connector that may connect, and how to sign in.
pub(super) struct Session {
    pub(super) connector: Connector,
    pub(super) auth: String,
    /// Where the auth comes from.
    source: Option<TextSource>,
    /// Whether programs read what is told.
    json: bool,
    /// It stops when it is dropped.
    _practice: Option<PracticeLooker>,
}

/// A connector that may connect nowhere.
pub(super) fn offline(shared: &Shared) -> Result<Connector, CliError> {
    let mut host = Host::new()?;
    if let Some(most) = shared.limits.concurrent_calls() {
        host = host.with_concurrent_calls(most);
    }
    let component = match &shared.component {
        Some(path) => Component::from_file(&host, path)?,
        None => Component::from_bytes(&host, DEFAULT_COMPONENT)?,
    };
    Ok(Connector::new(&host, &component)?.with_limits(shared.limits.limits()))
}

/// How requests get there: whom they trust, and through which proxy they go.
fn transport(shared: &Shared) -> Result<Transport, CliError> {
    let tls = match &shared.ca_file[..] {
        [] => None,
        files => Some(tls::trusting(files).map_err(|error| CliError::usage(format!("--ca-file: {error}")))?),
    };
    let proxy =
        Proxy::from_environment(|name| std::env::var(name).ok()).map_err(|error| CliError::usage(error.to_string()))?;
    Ok(Transport { tls, proxy })
}

impl Session {
    /// Makes the connector ready to connect.
    pub(super) async fn start(shared: &Shared) -> Result<Self, CliError> {
        let http = HttpClient::with_transport(Policy::deny_all(), transport(shared)?);
        let mut connector = offline(shared)?.with_http_client(http);
        let auth = match &shared.auth {
            Some(source) => source.read_object("--auth").await?,
            None => "{}".to_owned(),
        };
        let mut allowed = shared.allow_host.clone();
        if !shared.practice {
            let variables = ENVIRONMENT.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
            let connector = connector.with_environment(variables);
            return Self::allow(connector, auth, shared, allowed, None).await;
        }
        // A real Looker's credentials in the environment are none of the practice Looker's business.
        connector = connector.with_environment([]);
        let practice = PracticeLooker::start()
            .map_err(|error| CliError::Host(format!("the practice Looker could not be started: {error}")))?;
        let rule = practice.base_url().parse::<Rule>().map_err(|error| CliError::Host(error.to_string()))?;
        allowed.push(rule);
        let auth = practice_auth(&auth, &practice)?;
        Self::allow(connector, auth, shared, allowed, Some(practice)).await
    }

    async fn allow(
        connector: Connector,
        auth: String,
        shared: &Shared,
        allowed: Vec<Rule>,
        practice: Option<PracticeLooker>,
    ) -> Result<Self, CliError> {
        let connector = match connector.clone().allowing_its_hosts(&auth, allowed).await {
            Ok(connector) => connector,
            Err(failure) => return Err(CliError::failed(&connector, failure)),
        };
        Ok(Self { connector, auth, source: shared.auth.clone(), json: shared.json, _practice: practice })
    }
}

/// However a command ends, what has to be kept of its sign-in is kept.
impl Drop for Session {
    fn drop(&mut self) {
        if let Some(renewed) = self.connector.renewed_auth(&self.auth) {
            renewed_auth::keep(self.source.as_ref(), &renewed, self.json);
        }
    }
}

/// Fills in how to sign in to the practice Looker, where the user did not.
fn practice_auth(auth: &str, practice: &PracticeLooker) -> Result<String, CliError> {
    let mut auth: Map<String, Value> =
        serde_json::from_str(auth).map_err(|_| CliError::usage("--auth: it has to be a JSON object"))?;
    let mut fill = |name: &str, value: String| {
        auth.entry(name).or_insert(Value::String(value));
    };
    fill("domain", practice.base_url().to_string());
    fill("client_id", practice.client_id().to_string());
    fill("client_secret", practice.client_secret().to_string());
    Ok(Value::Object(auth).to_string())
}
