//! A proxy between the company's network and the internet.
//!
//! HTTPS requests go through the proxy by HTTP `CONNECT`. TLS runs end to end with the server, so the proxy sees the host name
//! and nothing of the request. The connection to the proxy itself is plain (`http://`, the default) or TLS (`https://`).
//!
//! [`Proxy::from_environment`] reads the variables that curl and most other programs read:
//!
//! | variable | meaning |
//! | --- | --- |
//! | `HTTPS_PROXY`, else `https_proxy` | the proxy: `proxy.example.com:3128`, `http://user:password@proxy.example.com:3128` |
//! | `NO_PROXY`, else `no_proxy` | hosts to connect to directly, separated by commas: `example.com` (and all below it), `192.168.0.0/16`, `*` for all |
//!
//! It does not read `HTTP_PROXY` and `ALL_PROXY`. Plain HTTP always goes directly, since a proxy could read the secrets in it.
//! So do requests to this machine (`localhost` and loopback addresses), because the proxy would connect to its own machine.
//!
//! # The policy with a proxy
//!
//! With a proxy, DNS happens at the proxy, so the proxy must block internal addresses. What the host still checks:
//!
//! - A rule must allow the host.
//! - A host that is an IP address is checked as usual.
//! - A host name that a rule of the operator's names exactly goes to the proxy. Any other (the connector requested it, or the
//!   rule has a `*`) must resolve here too, and the rules must allow all its addresses.
//! - Other notations of an address (`2130706433`, `0x7f.1`) are not valid names in TLS.
//! - The server needs a trusted certificate for the name.
//!
//! The proxy's own address is not checked, because the operator chose it.

use crate::egress::destination::Destination;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use redact::Redactor;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// A proxy, and the hosts that bypass it; see the [module](self).
#[derive(Clone)]
pub struct Proxy {
    matcher: Arc<Matcher>,
}

/// A proxy setting that is not valid. The message never shows the URL, which may contain a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_name}: {problem}; write HOST:PORT, http://HOST:PORT or http://USER:PASSWORD@HOST:PORT")]
pub struct ProxyError {
    source_name: String,
    problem: &'static str,
}

/// A proxy did not connect to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyFailure {
    /// The proxy's host and port.
    pub proxy: String,
    /// The server that it should have connected to.
    pub destination: Destination,
    /// Why it did not.
    pub cause: ProxyFailureCause,
}

/// Why a proxy did not connect.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyFailureCause {
    /// The host could not connect to the proxy itself: why.
    Unreachable(String),
    /// The proxy requires a user name and a password, or does not accept those that it got.
    Authorization,
    /// The proxy refused, or could not connect to the server: why.
    Refused(String),
}

impl ProxyFailure {
    /// The same without secrets in what the proxy said.
    pub(super) fn without(self, secrets: &Redactor) -> Self {
        let cause = match self.cause {
            ProxyFailureCause::Unreachable(why) => ProxyFailureCause::Unreachable(secrets.redact(&why)),
            ProxyFailureCause::Refused(why) => ProxyFailureCause::Refused(secrets.redact(&why)),
            ProxyFailureCause::Authorization => ProxyFailureCause::Authorization,
        };
        Self { cause, ..self }
    }
}

/// What a connection through the proxy needs.
pub(super) struct Route {
    pub(super) proxy: Uri,
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy at a URL, which may contain a user name and a password (percent-encoded). `no_proxy` lists the hosts that
    /// bypass it, in the form of the variable `NO_PROXY`.
    ///
    /// # Errors
    ///
    /// Returns an error where the URL is not the URL of an HTTP proxy.
    pub fn new(url: &str, no_proxy: &str) -> Result<Self, ProxyError> {
        Self::named("the proxy", url, no_proxy)
    }

    /// The proxy that environment variables name. [`None`] where they name none. `variable` gives the value of one variable:
    /// `|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    ///
    /// As [`Proxy::new`].
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, ProxyError> {
        let either = |upper: &'static str, lower: &'static str| {
            [upper, lower].into_iter().find_map(|name| Some((name, variable(name).filter(|value| !value.is_empty())?)))
        };
        let no_proxy = either("NO_PROXY", "no_proxy").map(|(_, value)| value).unwrap_or_default();
        either("HTTPS_PROXY", "https_proxy").map(|(name, url)| Self::named(name, &url, &no_proxy)).transpose()
    }

    fn named(source_name: &str, url: &str, no_proxy: &str) -> Result<Self, ProxyError> {
        let error = |problem| ProxyError { source_name: source_name.to_owned(), problem };
        let url = url.trim();
        let uri: Uri = url.parse().map_err(|_| error("it is not a URL"))?;
        if !matches!(uri.scheme_str(), None | Some("http" | "https")) {
            return Err(error("only HTTP proxies are supported"));
        }
        if uri.authority().is_none_or(|authority| authority.host().is_empty()) {
            return Err(error("it names no host"));
        }
        Ok(Self { matcher: Arc::new(Matcher::builder().https(url).no(no_proxy).build()) })
    }

    /// How to reach a destination through the proxy. [`None`]: connect directly.
    pub(super) fn route(&self, uri: &Uri, destination: &Destination) -> Option<Route> {
        if is_this_machine(&destination.host) {
            return None;
        }
        let intercept = self.matcher.intercept(uri)?;
        Some(Route { proxy: intercept.uri().clone(), authorization: intercept.basic_auth().cloned() })
    }
}

/// Shows the proxy without its password.
impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.matcher.fmt(formatter)
    }
}

impl ProxyFailure {
    /// The failure of a proxy, named by its host and port.
    pub fn new(proxy: impl Into<String>, destination: Destination, cause: ProxyFailureCause) -> Self {
        Self { proxy: proxy.into(), destination, cause }
    }
}

impl fmt::Display for ProxyFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { proxy, destination, cause } = self;
        match cause {
            ProxyFailureCause::Unreachable(why) => write!(formatter, "connecting to the proxy {proxy} failed: {why}"),
            ProxyFailureCause::Authorization => {
                write!(formatter, "the proxy {proxy} requires a user name and a password, or rejected those given")
            }
            ProxyFailureCause::Refused(why) => {
                write!(formatter, "the proxy {proxy} did not connect to {destination}: {why}")
            }
        }
    }
}

impl std::error::Error for ProxyFailure {}

fn is_this_machine(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    match name.parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback(),
        Ok(IpAddr::V6(address)) => address == Ipv6Addr::LOCALHOST,
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_proxied(proxy: &Proxy, url: &str) -> bool {
        let uri: Uri = url.parse().unwrap();
        let destination = Destination::of(&uri).unwrap();
        proxy.route(&uri, &destination).is_some()
    }

    #[test]
    fn environment_variables_name_the_proxy_and_its_exceptions() {
        let proxy = |variables: &'static [(&str, &str)]| {
            Proxy::from_environment(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(proxy(&[("HTTP_PROXY", "proxy:1"), ("ALL_PROXY", "proxy:1"), ("NO_PROXY", "a")]).unwrap().is_none());
        assert!(proxy(&[("HTTPS_PROXY", "")]).unwrap().is_none());
        let lower = proxy(&[("https_proxy", "proxy.example:3128"), ("no_proxy", "b.example, 10.0.0.0/8")]);
        let lower = lower.unwrap().unwrap();
        for (url, expected) in [
            ("https://a.example/", true),
            ("https://b.example/", false),
            ("https://c.b.example:8443/", false),
            ("https://10.1.2.3/", false),
            ("https://11.1.2.3/", true),
            ("http://a.example/", false),
            ("https://localhost/", false),
            ("https://MixedCase.localhost./", false),
            ("https://127.9.9.9/", false),
            ("https://[::1]/", false),
        ] {
            assert_eq!(is_proxied(&lower, url), expected, "{url}");
        }
        assert!(!is_proxied(&Proxy::new("proxy.example:3128", "*").unwrap(), "https://a.example/"));
    }

    #[test]
    fn invalid_proxy_errors_name_the_variable_and_hide_the_password() {
        for url in ["socks5://user:hush@proxy:1080", "http://user:hush@proxy:3128:x", "user:hush@", "/hush", "http://"]
        {
            let variable = |name: &str| (name == "HTTPS_PROXY").then(|| url.to_owned());
            let message = Proxy::from_environment(variable).unwrap_err().to_string();
            assert!(message.starts_with("HTTPS_PROXY: ") && !message.contains("hush"), "{message}");
        }
        let proxy = Proxy::new("http://user:hu%20sh@proxy.example", "").unwrap();
        assert!(!format!("{proxy:?}").contains("hu"), "{proxy:?}");
        let uri = Uri::from_static("https://a.example/");
        let route = proxy.route(&uri, &Destination::of(&uri).unwrap()).unwrap();
        assert_eq!(route.authorization.unwrap(), "Basic dXNlcjpodSBzaA==");
    }
}
