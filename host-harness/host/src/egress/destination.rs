//! Where a connection goes.

use http::Uri;
use std::fmt;
use std::net::IpAddr;

/// The server that a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Destination {
    /// Whether the scheme is `http`, so that nothing is encrypted.
    pub plaintext: bool,
    /// The host name or IP address, an IPv6 address without its brackets.
    pub host: String,
    /// The port: the scheme's default (80 or 443) where the URL has none.
    pub port: u16,
}

/// A URL that names no server to send an HTTP request to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the URL must be http:// or https://, with a host and without a user name")]
pub(crate) struct InvalidUrl;

impl Destination {
    /// A host and port, reached over HTTPS.
    pub fn https(host: impl Into<String>, port: u16) -> Self {
        Self { plaintext: false, host: host.into(), port }
    }

    /// A host and port, reached over plain HTTP.
    pub fn http(host: impl Into<String>, port: u16) -> Self {
        Self { plaintext: true, host: host.into(), port }
    }

    /// The host's address, where the host is an IP address and not a name.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The server that a URL names.
    pub(crate) fn of(uri: &Uri) -> Result<Self, InvalidUrl> {
        let authority = uri.authority().ok_or(InvalidUrl)?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(InvalidUrl);
        }
        let plaintext = match uri.scheme_str() {
            Some("https") => false,
            Some("http") => true,
            _ => return Err(InvalidUrl),
        };
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).to_owned();
        Ok(Self { plaintext, host, port: uri.port_u16().unwrap_or(if plaintext { 80 } else { 443 }) })
    }
}

/// As `HOST:PORT`, an IPv6 address in brackets.
impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        if host.contains(':') { write!(formatter, "[{host}]:{port}") } else { write!(formatter, "{host}:{port}") }
    }
}
