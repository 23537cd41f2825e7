//! The floor: the same request by the same HTTP client, in the same runtime, with no sandbox.

use crate::server::TOKEN;
use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::sync::Arc;

/// hyper's pooled client as the host configures it.
#[derive(Clone)]
pub struct Floor {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Floor {
    /// A client without connections yet.
    ///
    /// # Errors
    ///
    /// If TLS cannot be configured.
    pub fn new() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(connector_host::egress::IDLE_TIMEOUT)
            .build(connector);
        Ok(Self { client })
    }

    /// Makes a GET with the connector's headers and reads the whole response into one buffer.
    ///
    /// # Errors
    ///
    /// If the response is not a success.
    pub async fn get(&self, uri: &Uri) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
        let response = self.client.request(request(uri)?).await?;
        if !response.status().is_success() {
            return Err(format!("{uri}: {}", response.status()).into());
        }
        Ok(response.into_body().collect().await?.to_bytes())
    }

    /// Makes a GET and counts the bytes of the response as they arrive.
    ///
    /// # Errors
    ///
    /// As [`Floor::get`].
    pub async fn count(&self, uri: &Uri) -> Result<u64, Box<dyn Error + Send + Sync>> {
        let mut body = self.client.request(request(uri)?).await?.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame?.data_ref().map_or(0, Bytes::len) as u64;
        }
        Ok(bytes)
    }
}

fn request(uri: &Uri) -> Result<Request<Empty<Bytes>>, http::Error> {
    Request::get(uri)
        .header("accept", "*/*")
        .header("user-agent", "looker-connector/0.1.0")
        .header("x-looker-appid", "looker-connector 0.1.0")
        .header("authorization", format!("token {TOKEN}"))
        .body(Empty::new())
}
