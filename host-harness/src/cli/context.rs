//! What a command works with: a connector set up as the shared flags say, and how to sign in.

use super::error::CliError;
use super::text_source::TextSource;
use super::{Shared, auth_file};
use connector_host::egress::proxy::Proxy;
use connector_host::egress::{Transport, tls};
use connector_host::{Auth, Component, Connector, ConnectorBuilder, Rule};
use host_harness::DEFAULT_COMPONENT;
use practice_looker::PracticeLooker;
use serde_json::{Map, Value};

/// The environment variables that the connector is given: where Looker's SDKs look for what `--auth` leaves out.
const ENVIRONMENT: [&str; 3] = ["LOOKERSDK_BASE_URL", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET"];

/// The name of the auth of the practice Looker.
pub(super) const PRACTICE: &str = "practice";

/// A connector that may connect, and how to sign in.
pub(super) struct Context {
    pub(super) connector: Connector,
    pub(super) auth: Auth,
    /// It stops when it is dropped.
    _practice: Option<PracticeLooker>,
}

/// A connector that may connect nowhere.
pub(super) async fn offline(shared: &Shared) -> Result<Connector, CliError> {
    Ok(builder(shared).await?.build().await?)
}

/// A connector that has no transport and no access yet.
pub(super) async fn builder(shared: &Shared) -> Result<ConnectorBuilder, CliError> {
    let host = shared.limits.host().build()?;
    let component = match &shared.component {
        Some(path) => Component::from_file(&host, path).await?,
        None => Component::load(&host, DEFAULT_COMPONENT).await?,
    };
    Ok(Connector::builder(&host, &component).limits(shared.limits.limits()))
}

/// How requests get there: whose certificates are trusted, and which proxy they go through.
pub(super) async fn transport(shared: &Shared) -> Result<Transport, CliError> {
    let mut transport = Transport::new();
    if !shared.ca_file.is_empty() {
        let files = shared.ca_file.clone();
        let config = tokio::task::spawn_blocking(move || tls::trusting(&files));
        let config = config.await.map_err(|error| CliError::Host(error.to_string()))?;
        transport = transport.with_tls(&*config.map_err(|error| CliError::usage(format!("--ca-file: {error}")))?);
    }
    let proxy = Proxy::from_environment(|name| std::env::var(name).ok());
    if let Some(proxy) = proxy.map_err(|error| CliError::usage(error.to_string()))? {
        transport = transport.with_proxy(proxy);
    }
    Ok(transport)
}

impl Context {
    /// Makes the connector ready to connect.
    pub(super) async fn start(shared: &Shared) -> Result<Self, CliError> {
        let source = only_auth(shared)?.cloned();
        let auth = match &source {
            Some(source) => source.read_object("--auth").await?,
            None => "{}".to_owned(),
        };
        let json = shared.json;
        let builder = builder(shared)
            .await?
            .transport(transport(shared).await?)
            .on_renewed_auth(move |_, renewed| auth_file::keep(source.as_ref(), renewed, json));
        let mut allowed = shared.allow_host.clone();
        let (builder, auth, practice) = if let Some(practice) = practice(shared)? {
            // Credentials of a real Looker in the environment are none of the practice Looker's business.
            allowed.push(practice.base_url().parse::<Rule>().map_err(|error| CliError::Host(error.to_string()))?);
            (builder, practice_auth(&auth, &practice)?, Some(practice))
        } else {
            (builder.environment(environment()), auth, None)
        };
        let auth = Auth::from_json(auth).map_err(|error| CliError::usage(format!("--auth: {error}")))?;
        let connector = builder.allow_requested_hosts(allowed).build().await?;
        Ok(Self { connector, auth, _practice: practice })
    }
}

/// The auth of a command that takes one.
pub(super) fn only_auth(shared: &Shared) -> Result<Option<&TextSource>, CliError> {
    match &shared.auth[..] {
        [] => Ok(None),
        [auth] => Ok(Some(&auth.source)),
        _ => Err(CliError::usage("--auth: this command takes one auth; `serve` takes several")),
    }
}

/// The environment variables for the connector.
pub(super) fn environment() -> Vec<(String, String)> {
    ENVIRONMENT.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect()
}

/// The practice Looker, where the user asks for it.
pub(super) fn practice(shared: &Shared) -> Result<Option<PracticeLooker>, CliError> {
    let start = || {
        PracticeLooker::start()
            .map_err(|error| CliError::Host(format!("the practice Looker could not be started: {error}")))
    };
    shared.practice.then(start).transpose()
}

/// Fills in how to sign in to the practice Looker, where the user did not.
pub(super) fn practice_auth(auth: &str, practice: &PracticeLooker) -> Result<String, CliError> {
    let mut auth: Map<String, Value> =
        serde_json::from_str(auth).map_err(|_| CliError::usage("--auth: it must be a JSON object"))?;
    let mut fill = |name: &str, value: String| {
        auth.entry(name).or_insert(Value::String(value));
    };
    fill("domain", practice.base_url().to_string());
    fill("client_id", practice.client_id().to_string());
    fill("client_secret", practice.client_secret().to_string());
    Ok(Value::Object(auth).to_string())
}
