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
use std::collections::BTreeMap;
use std::sync::Mutex;

/// The environment variables that the connector is given: where Looker's SDKs look for what `--auth` leaves out.
const ENVIRONMENT: [&str; 3] = ["LOOKERSDK_BASE_URL", "LOOKERSDK_CLIENT_ID", "LOOKERSDK_CLIENT_SECRET"];

/// The name of the auth of the practice Looker.
pub(super) const PRACTICE: &str = "practice";

/// A connector that may connect, and how to sign in.
pub(super) struct Context {
    pub(super) connector: Connector,
    /// How to sign in where nothing else is said. `None` if there are several auths, and each has a name.
    default_auth: Option<Auth>,
    /// The auths with a name.
    pub(super) named_auths: BTreeMap<String, Auth>,
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

/// An auth as it was given.
struct Given {
    name: Option<String>,
    json: String,
    source: TextSource,
}

impl Context {
    /// Makes the connector ready to connect, with one auth.
    pub(super) async fn start(shared: &Shared) -> Result<Self, CliError> {
        if shared.auth.len() > 1 {
            return Err(CliError::usage("--auth: only `run` and `serve` take more than one; give one"));
        }
        Self::start_with(shared, []).await
    }

    /// Makes the connector ready to connect, with any number of auths. The practice Looker has the names too that are
    /// needed and were not given.
    pub(super) async fn start_with(shared: &Shared, needed: impl IntoIterator<Item = &str>) -> Result<Self, CliError> {
        let mut given = Vec::new();
        for argument in &shared.auth {
            if given.iter().any(|other: &Given| other.name == argument.name) {
                let flag = argument.flag();
                return Err(CliError::usage(format!(
                    "{flag} is given twice; several auths need a name each: --auth NAME=@FILE"
                )));
            }
            let json = argument.source.read_object(&argument.flag()).await?;
            given.push(Given { name: argument.name.clone(), json, source: argument.source.clone() });
        }
        let builder = builder(shared).await?.transport(transport(shared).await?);
        let mut allowed = shared.allow_host.clone();
        let (mut builder, practice) = if let Some(practice) = practice(shared)? {
            // Credentials of a real Looker in the environment are none of the practice Looker's business.
            allowed.push(practice.base_url().parse::<Rule>().map_err(|error| CliError::Host(error.to_string()))?);
            for name in needed.into_iter().map(str::to_owned) {
                if !given.iter().any(|given| given.name.as_ref() == Some(&name)) {
                    let source = TextSource::Text(String::new());
                    given.push(Given { name: Some(name), json: "{}".to_owned(), source });
                }
            }
            (builder, Some(practice))
        } else {
            (builder.environment(environment()), None)
        };
        let has_default = given.iter().any(|given| given.name.is_none());
        if !has_default && (given.is_empty() || shared.practice) {
            given.push(Given { name: None, json: "{}".to_owned(), source: TextSource::Text(String::new()) });
        }
        let (mut default_auth, mut named_auths) = (None, BTreeMap::new());
        let mut sources = Vec::new();
        for Given { name, json, source } in given {
            let json = match &practice {
                Some(practice) => practice_auth(&json, practice)?,
                None => json,
            };
            let auth = Auth::from_json(json).map_err(|error| CliError::usage(format!("--auth: {error}")))?;
            sources.push((auth.clone(), source));
            match name {
                Some(name) => {
                    named_auths.insert(name, auth);
                }
                None => default_auth = Some(auth),
            }
        }
        if let (None, 1, Some(only)) = (&default_auth, named_auths.len(), named_auths.values().next()) {
            default_auth = Some(only.clone());
        }
        let json = shared.json;
        let sources = Mutex::new(sources);
        builder = builder.on_renewed_auth(move |old, renewed| {
            let Ok(mut sources) = sources.lock() else { return };
            for (auth, source) in sources.iter_mut().filter(|(auth, _)| auth.expose_json() == old.expose_json()) {
                auth_file::keep(source, renewed, json);
                *auth = renewed.clone();
            }
        });
        let connector = builder.allow_requested_hosts(allowed).build().await?;
        Ok(Self { connector, default_auth, named_auths, _practice: practice })
    }

    /// How to sign in.
    ///
    /// # Errors
    ///
    /// Returns an error if there are several auths, and each has a name.
    pub(super) fn auth(&self) -> Result<&Auth, CliError> {
        self.default_auth.as_ref().ok_or_else(|| CliError::usage("--auth: several are given, and none without a name"))
    }

    /// How to sign in where nothing else is said, if that is known.
    pub(super) fn default_auth(&self) -> Option<&Auth> {
        self.default_auth.as_ref()
    }
}

/// What identifies an auth between two runs: where it connects to and whose it is. Secrets are left out, since they
/// change: an OAuth refresh token with each use.
pub(super) async fn identity(connector: &Connector, auth: &Auth) -> Result<String, CliError> {
    let schema = connector.auth_schema().await.map_err(CliError::failed)?;
    let schema: Value = super::operations::document("auth-schema", &schema)?;
    let mut fields: Map<String, Value> = serde_json::from_str(auth.expose_json()).unwrap_or_default();
    let refresh_token = schema["x-oauth"]["fields"]["refresh_token"].as_str();
    fields.retain(|name, _| {
        schema["properties"][name.as_str()]["format"] != "password" && Some(name.as_str()) != refresh_token
    });
    let hosts = connector.hosts(auth).await.map_err(CliError::failed)?;
    let user = std::env::var("LOOKERSDK_CLIENT_ID").ok().filter(|_| !fields.contains_key("client_id"));
    Ok(serde_json::json!([fields, hosts, user]).to_string())
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
