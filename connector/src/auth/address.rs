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

/// The address of an instance as the user wrote it.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// The text.
    pub text: &'a str,
    /// Where it was written: the field `domain`, or an environment variable.
    pub name: &'a str,
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
    /// | `https://looker.example.com/browse?x=1` | | | `https://looker.example.com` |
    /// | `http://127.0.0.1:8080` | | | `http://127.0.0.1:8080`: without TLS on this machine only |
    pub fn parse(
        written: Option<Written>,
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
        let written = written?;
        let (secure, written_host, written_port) = split_url(written, problems)?;
        let host = full_host(&written_host, region, problems)?;
        if region.is_some() && written_port.is_some() {
            problems.add(
                "region",
                "conflict",
                format!("region and a port in {} exclude each other: leave one of the two out.", written.name),
            );
            return None;
        }
        // Some platforms have only floating-point numbers.
        let port =
            port.map(|port| port.split_once('.').filter(|(_, rest)| *rest == "0").map_or(port, |(port, _)| port));
        let port = match (port, written_port.as_deref()) {
            (Some(port), Some(other)) if port != other => {
                problems.add(
                    "port",
                    "conflict",
                    format!("port and the port in {} differ: leave one of the two out.", written.name),
                );
                return None;
            }
            (Some(port), _) => port_number(port, "port", "port", problems)?,
            (None, Some(number)) => port_number(number, DOMAIN, written.name, problems)?,
            (None, None) if secure => 443,
            (None, None) => 80,
        };
        if !secure && !is_loopback(&host) {
            problems.add(
                DOMAIN,
                "insecure",
                format!(
                    "{} must not begin with http://: secrets would be sent unencrypted. Write https://{host}.",
                    written.name
                ),
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

/// Splits a host name or a pasted URL into TLS or not, host, and port if there is one. The rest of a URL is dropped.
fn split_url(written: Written, problems: &mut FieldProblems) -> Option<(bool, String, Option<String>)> {
    let mut refuse = |message: &str| {
        problems.add(DOMAIN, "invalid", format!("{} {message}", written.name));
        None
    };
    // Browsers take backslashes for slashes.
    let text = written.text.replace('\\', "/");
    let (secure, rest) = match split_scheme(&text) {
        None => (true, text.as_str()),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
        Some(_) => return refuse("must begin with https://, or be a host name alone."),
    };
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return refuse("must not contain a user name or password: they have fields of their own.");
    }
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let page = path.split('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    if !page.is_empty() && !PAGES.contains(&page.to_ascii_lowercase().as_str()) {
        let path: String = page.chars().filter(|letter| !letter.is_control()).take(50).collect();
        return refuse(&format!(
            "must not have the path /{path}, which is no page of Looker's: a Looker below a path of a reverse proxy cannot be \
             used. Give the host alone, such as looker.example.com."
        ));
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

/// Splits the scheme from a URL, as browsers do also where slashes are missing, too many, or the wrong ones.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_web = ["https", "http"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    // Otherwise it is a host with a port.
    let is_scheme = rest.starts_with("//") || (is_web && !rest.starts_with(|next: char| next.is_ascii_digit()));
    is_scheme.then(|| (scheme, rest.trim_start_matches('/')))
}

/// The field with the address.
const DOMAIN: &str = "domain";

/// What the paths of Looker's own pages, and of its API, begin with.
const PAGES: [&str; 49] = [
    "account",
    "admin",
    "alerts",
    "api",
    "api-docs",
    "applications",
    "auth",
    "boards",
    "browse",
    "connections",
    "content",
    "conversations",
    "dashboards",
    "dashboards-legacy",
    "dashboards-next",
    "derived_tables",
    "documentation",
    "downloads",
    "embed",
    "explore",
    "extensions",
    "favorites",
    "find",
    "folders",
    "home",
    "index.html",
    "jobs",
    "login",
    "logout",
    "looks",
    "marketplace",
    "merge",
    "merge_edit",
    "models",
    "oauth",
    "password",
    "projects",
    "queries",
    "recent",
    "reports",
    "schedules",
    "spaces",
    "sql",
    "sql_interface",
    "themes",
    "trash",
    "users",
    "validate",
    "x",
];

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

fn port_number(port: &str, field: &str, name: &str, problems: &mut FieldProblems) -> Option<u16> {
    match port.parse() {
        Ok(number) if number != 0 => Some(number),
        _ => {
            problems.add(field, "invalid", format!("The port in {name} must be a whole number from 1 to 65535."));
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
