//! The proxy that stands between a company's network and the internet.
//!
//! HTTPS requests go through it by HTTP `CONNECT`: it sees which host a request goes to and nothing of what is in it, for
//! TLS is spoken with that host. It may itself be spoken to in the clear (`http://`, the default) or by TLS (`https://`).
//!
//! [`Proxy::from_environment`] reads what curl and most other programs read:
//!
//! | variable | means |
//! | --- | --- |
//! | `HTTPS_PROXY`, else `https_proxy` | the proxy: `proxy.example.com:3128`, `http://user:password@proxy.example.com:3128` |
//! | `NO_PROXY`, else `no_proxy` | hosts that are connected to directly, separated by commas: `example.com` (and all below it), `192.168.0.0/16`, `*` for all |
//!
//! `HTTP_PROXY` and `ALL_PROXY` are not read. Plain HTTP, which the policy allows to hosts that the operator named for it,
//! always goes directly: a proxy would read the secrets in it. So do requests to this machine (`localhost` and
//! loopback addresses), which a proxy would take for its own.
//!
//! # What the policy means then
//!
//! The proxy resolves the host's name, so that the host never sees the address: the check of addresses after DNS is the
//! proxy's to make, which has to refuse internal ones. What remains here: the name must be allowed by a rule, as ever; a
//! host that *is* an address is checked as ever; other ways of writing an address (`2130706433`, `0x7f.1`), which a proxy
//! might take for one, are no names that TLS accepts; and since all is TLS, nothing is sent to a server that has no trusted
//! certificate for the name. The proxy's own address is the operator's choice and is not checked.

use crate::egress::policy::Destination;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// A proxy, and which hosts it is not for; see the [module](self).
#[derive(Clone)]
pub struct Proxy {
    matcher: Arc<Matcher>,
}

/// A proxy that cannot be used. It never shows the proxy's URL, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_name}: {problem}; write HOST:PORT, http://HOST:PORT or http://USER:PASSWORD@HOST:PORT")]
pub struct ProxyError {
    source_name: String,
    problem: &'static str,
}

/// A proxy that did not connect to where it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyFailure {
    /// The proxy's host and port.
    pub proxy: String,
    /// Where it should have connected to.
    pub destination: Destination,
    /// Why it did not.
    pub cause: ProxyFailureCause,
}

/// Why a proxy did not connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyFailureCause {
    /// The proxy itself could not be connected to: why.
    Unreachable(String),
    /// It wants a user name and a password, or others.
    Authorization,
    /// It refused, or could not connect itself: why.
    Refused(String),
}

/// What a connection through the proxy needs.
pub(super) struct Route {
    pub(super) proxy: Uri,
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// A proxy by its URL, which may hold a user and a password (percent-encoded), and the hosts that it is not for, in the
    /// form of `NO_PROXY`.
    ///
    /// # Errors
    ///
    /// Fails where the URL is no URL of a proxy that is spoken to by HTTP.
    pub fn new(url: &str, no_proxy: &str) -> Result<Self, ProxyError> {
        Self::named("the proxy", url, no_proxy)
    }

    /// The proxy that environment variables name, if they do. `variable` gives the value of one:
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
        let uri: Uri = url.parse().map_err(|_| error("it is no URL"))?;
        if !matches!(uri.scheme_str(), None | Some("http" | "https")) {
            return Err(error("only proxies that are spoken to by HTTP can be used"));
        }
        if uri.authority().is_none_or(|authority| authority.host().is_empty()) {
            return Err(error("it names no host"));
        }
        Ok(Self { matcher: Arc::new(Matcher::builder().https(url).no(no_proxy).build()) })
    }

    /// How to connect to a destination: [`None`] is directly.
    pub(super) fn route(&self, uri: &Uri, destination: &Destination) -> Option<Route> {
        if is_this_machine(&destination.host) {
            return None;
        }
        let intercept = self.matcher.intercept(uri)?;
        Some(Route { proxy: intercept.uri().clone(), authorization: intercept.basic_auth().cloned() })
    }
}

/// Without the password.
impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.matcher.fmt(formatter)
    }
}

impl fmt::Display for ProxyFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { proxy, destination: Destination { host, port, .. }, cause } = self;
        match cause {
            ProxyFailureCause::Unreachable(why) => write!(formatter, "the proxy {proxy} cannot be reached: {why}"),
            ProxyFailureCause::Authorization => {
                write!(formatter, "the proxy {proxy} wants a user name and a password, or does not accept those given")
            }
            ProxyFailureCause::Refused(why) => {
                write!(formatter, "the proxy {proxy} did not connect to {host}:{port}: {why}")
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
        let destination = crate::egress::destination(&uri).unwrap();
        proxy.route(&uri, &destination).is_some()
    }

    #[test]
    fn the_environment_names_the_proxy_and_its_exceptions() {
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
            ("https://LookER.localhost./", false),
            ("https://127.9.9.9/", false),
            ("https://[::1]/", false),
        ] {
            assert_eq!(is_proxied(&lower, url), expected, "{url}");
        }
        assert!(!is_proxied(&Proxy::new("proxy.example:3128", "*").unwrap(), "https://a.example/"));
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_named_and_its_password_not_shown() {
        for url in ["socks5://user:hush@proxy:1080", "http://user:hush@proxy:3128:x", "user:hush@", "/hush", "http://"]
        {
            let variable = |name: &str| (name == "HTTPS_PROXY").then(|| url.to_owned());
            let message = Proxy::from_environment(variable).unwrap_err().to_string();
            assert!(message.starts_with("HTTPS_PROXY: ") && !message.contains("hush"), "{message}");
        }
        let proxy = Proxy::new("http://user:hu%20sh@proxy.example", "").unwrap();
        assert!(!format!("{proxy:?}").contains("hu"), "{proxy:?}");
        let uri = Uri::from_static("https://a.example/");
        let route = proxy.route(&uri, &crate::egress::destination(&uri).unwrap()).unwrap();
        assert_eq!(route.authorization.unwrap(), "Basic dXNlcjpodSBzaA==");
    }
}
