//! The address of a Looker instance: the rules for domain, region and port.

use crate::failure::FieldProblems;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The domain under which Looker hosts instances.
const HOSTED: &str = ".looker.com";

/// The address of a Looker instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    secure: bool,
    host: String,
    port: u16,
}

impl Address {
    /// Reads domain, region and port as the user wrote them, and adds what is wrong with them to `problems`.
    ///
    /// | domain | region | port | address |
    /// | --- | --- | --- | --- |
    /// | `mycompany` | | | `https://mycompany.looker.com` |
    /// | `mycompany` | `eu` | | `https://mycompany.eu.looker.com` |
    /// | `mycompany.looker.com` | `eu` | | `https://mycompany.eu.looker.com` |
    /// | `looker.example.com` | | `19999` | `https://looker.example.com:19999` |
    /// | `https://looker.example.com/api/4.0/` | | | `https://looker.example.com` |
    /// | `http://127.0.0.1:8080` | | | `http://127.0.0.1:8080`: without TLS on this machine only |
    pub fn parse(
        domain: Option<&str>,
        region: Option<&str>,
        port: Option<&str>,
        problems: &mut FieldProblems,
    ) -> Option<Self> {
        if region.is_some() && port.is_some() {
            problems.add(
                "region",
                "conflict",
                "region is for instances that Looker hosts: give region or port, not both.",
            );
            problems.add(
                "port",
                "conflict",
                "port is for instances that your company hosts: give port or region, not both.",
            );
            return None;
        }
        let (secure, written_host, written_port) = split_url(domain?, problems)?;
        let host = full_host(&written_host, region, problems)?;
        if region.is_some() && written_port.is_some() {
            problems.add(
                "region",
                "conflict",
                "region and a port within domain exclude each other: leave one of the two out.",
            );
            return None;
        }
        let port = match (port, written_port.as_deref()) {
            (Some(port), Some(written)) if port != written => {
                problems.add("port", "conflict", "port and the port within domain differ: leave one of the two out.");
                return None;
            }
            (Some(port), _) => port_number(port, "port", problems)?,
            (None, Some(written)) => port_number(written, "domain", problems)?,
            (None, None) if secure => 443,
            (None, None) => 80,
        };
        if !secure && !is_loopback(&host) {
            problems.add(
                "domain",
                "insecure",
                format!("domain must not begin with http://: secrets would be sent unencrypted. Write https://{host}."),
            );
            return None;
        }
        Some(Self { secure, host, port })
    }

    /// Whether requests use TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Host and port as in a URL: without the port if it is the scheme's default.
    pub fn authority(&self) -> String {
        let default_port = if self.secure { 443 } else { 80 };
        if self.port == default_port { self.host.clone() } else { self.host_and_port() }
    }

    /// The base of all URLs, without a slash at the end: `https://mycompany.looker.com`.
    pub fn base_url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// Host and port as in an allow-list: `mycompany.looker.com:443`.
    pub fn host_and_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Splits a host name or a pasted URL into TLS or not, host, and port if there is one.
fn split_url(domain: &str, problems: &mut FieldProblems) -> Option<(bool, String, Option<String>)> {
    let mut refuse = |message: &str| {
        problems.add("domain", "invalid", format!("domain {message}"));
        None
    };
    let (secure, rest) = match domain.split_once("://") {
        None => (true, domain),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
        Some(_) => return refuse("must begin with https://, or be a host name alone."),
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return refuse("must not contain a user name or password: they have fields of their own.");
    }
    let path = path.trim_end_matches('/');
    if !path.is_empty() && path != "/api" && path != "/api/4.0" {
        return refuse("must be the address alone, such as mycompany.looker.com, without a path.");
    }
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => (&authority[..colon], Some(authority[colon + 1..].to_owned())),
        _ => (authority, None),
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if !is_host(&host) {
        return refuse(
            "must be a host name such as mycompany or looker.example.com: letters, digits, hyphens and dots.",
        );
    }
    Some((secure, host, port))
}

fn is_host(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return literal.parse::<Ipv6Addr>().is_ok();
    }
    host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

/// The full host name. A short name such as `mycompany` is hosted by Looker, and a region goes before `.looker.com`.
fn full_host(host: &str, region: Option<&str>, problems: &mut FieldProblems) -> Option<String> {
    let is_short = !host.contains('.') && !host.starts_with('[') && host != "localhost";
    let full = if is_short { format!("{host}{HOSTED}") } else { host.to_owned() };
    let Some(region) = region else { return Some(full) };
    let region = region.to_ascii_lowercase();
    if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        problems.add("region", "invalid", "region must be a name such as eu: letters, digits and hyphens.");
        return None;
    }
    let Some(instance) = full.strip_suffix(HOSTED) else {
        problems.add(
            "region",
            "conflict",
            format!("region is for instances that Looker hosts (mycompany.looker.com), not for {full}: leave it out."),
        );
        return None;
    };
    if instance.ends_with(&format!(".{region}")) {
        return Some(full);
    }
    Some(format!("{instance}.{region}{HOSTED}"))
}

fn port_number(port: &str, field: &str, problems: &mut FieldProblems) -> Option<u16> {
    match port.parse() {
        Ok(number) if number != 0 => Some(number),
        _ => {
            problems.add(field, "invalid", format!("The port in {field} must be a whole number from 1 to 65535."));
            None
        }
    }
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}
