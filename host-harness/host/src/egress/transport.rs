//! How the HTTP client gets to where the policy lets it go.

use crate::egress::proxy::Proxy;
use crate::egress::resolve::{Resolve, SystemResolver};
use crate::egress::tls::{self, TlsConfigs};
use rustls::ClientConfig;
use std::fmt;
use std::sync::Arc;

/// How connections are made: whose certificates are trusted, through which proxy, with which resolver. Clones are cheap.
///
/// The default trusts the system's and Mozilla's certificate authorities, uses no proxy (it does not read the
/// environment), and asks the system's resolver.
///
/// ```
/// use connector_host::egress::proxy::Proxy;
/// use connector_host::egress::transport::Transport;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut transport = Transport::new();
/// if let Some(proxy) = Proxy::from_environment(|name| std::env::var(name).ok())? {
///     transport = transport.with_proxy(proxy);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Transport {
    tls: Option<TlsConfigs>,
    proxy: Option<Proxy>,
    resolver: Arc<dyn Resolve>,
}

impl Transport {
    /// The default transport.
    pub fn new() -> Self {
        Self { tls: None, proxy: None, resolver: Arc::new(SystemResolver) }
    }

    /// Uses a TLS configuration in place of the default one; [`tls::trusting`] makes one that trusts additional
    /// certificate authorities. Its ALPN protocols are ignored: the client sets its own.
    #[must_use]
    pub fn with_tls(self, config: &ClientConfig) -> Self {
        Self { tls: Some(TlsConfigs::of(config)), ..self }
    }

    /// Sends HTTPS requests through a proxy. Plain HTTP never goes through it.
    #[must_use]
    pub fn with_proxy(self, proxy: Proxy) -> Self {
        Self { proxy: Some(proxy), ..self }
    }

    /// Resolves host names, the proxy's included, with another resolver.
    #[must_use]
    pub fn with_resolver(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self }
    }

    /// Loads the trusted certificates now, so that the first connection need not wait for it.
    pub(crate) async fn load(&self) {
        self.tls().await;
    }

    /// The TLS configurations. The default ones are loaded once, on a thread for blocking work.
    pub(super) async fn tls(&self) -> TlsConfigs {
        match &self.tls {
            Some(configs) => configs.clone(),
            None => tls::default_configs().await,
        }
    }

    pub(super) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    pub(super) fn resolver(&self) -> &dyn Resolve {
        &*self.resolver
    }
}

impl Default for Transport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transport").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}
