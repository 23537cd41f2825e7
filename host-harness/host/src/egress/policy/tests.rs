use super::rule::HostPattern;
use super::*;

fn destination(url: &str) -> Destination {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (host, port) = rest.rsplit_once(':').unwrap();
    let (host, port) = (host.trim_matches(['[', ']']), port.parse().unwrap());
    if scheme == "http" { Destination::http(host, port) } else { Destination::https(host, port) }
}

fn policy(rules: &[(&str, Origin)]) -> Policy {
    let mut policy = Policy::deny_all();
    for (rule, origin) in rules {
        policy.allow(rule.parse().unwrap(), *origin);
    }
    policy
}

/// Whether the policy lets a connection through when the host resolves to the address.
fn allows(policy: &Policy, url: &str, address: &str) -> bool {
    let destination = destination(url);
    policy
        .check_host(&destination)
        .and_then(|grant| policy.check_address(&destination, grant, address.parse().unwrap()))
        .is_ok()
}

const PUBLIC: &str = "93.184.216.34";

#[test]
fn an_empty_policy_denies_all() {
    assert!(!allows(&Policy::deny_all(), "https://api.example.com:443", PUBLIC));
}

#[test]
fn rules_match_as_the_table_says() {
    let rows: [(&str, &str, bool); 21] = [
        ("api.example.com", "https://api.example.com:443", true),
        ("api.example.com", "https://api.example.com:19999", true),
        ("API.Example.COM.", "https://api.example.com:443", true),
        ("api.example.com", "https://API.example.com.:443", true),
        ("api.example.com", "https://a.api.example.com:443", false),
        ("api.example.com", "https://api.example.com.evil.test:443", false),
        ("api.example.com:19999", "https://api.example.com:19999", true),
        ("api.example.com:19999", "https://api.example.com:443", false),
        ("*.example.com", "https://api.example.com:443", true),
        ("*.example.com", "https://a.b.example.com:8443", true),
        ("*.example.com", "https://example.com:443", false),
        ("*.example.com", "https://evilexample.com:443", false),
        ("*.example.com", "https://.example.com:443", false),
        ("*.example.com:443", "https://api.example.com:8443", false),
        ("93.184.216.34", "https://93.184.216.34:443", true),
        ("[2606:2800::1]:443", "https://[2606:2800::1]:443", true),
        ("2606:2800::1", "https://[2606:2800:0::1]:443", true),
        ("api.example.com", "http://api.example.com:80", false),
        ("https://api.example.com", "http://api.example.com:80", false),
        ("http://api.example.com", "http://api.example.com:80", true),
        ("http://api.example.com/", "https://api.example.com:443", true),
    ];
    for (rule, url, expected) in rows {
        let policy = policy(&[(rule, Origin::Operator)]);
        let address = if url.contains("[2606") { "2606:2800::1" } else { PUBLIC };
        assert_eq!(allows(&policy, url, address), expected, "{rule} for {url}");
    }
}

#[test]
fn invalid_rules_are_errors() {
    for rule in [
        "",
        "*",
        "https://",
        "ftp://host",
        "host:0",
        "host:65536",
        "host:port",
        "user@host",
        "host/path",
        "*.10.0.0.1",
        "a..b",
        "*",
    ] {
        let error = rule.parse::<Rule>().unwrap_err();
        assert!(error.to_string().contains("is not a valid rule"), "{rule}: {error}");
    }
}

#[test]
fn addresses_have_classes() {
    use AddressClass::*;
    let rows = [
        (PUBLIC, Public),
        ("2606:2800:220:1::1", Public),
        ("127.0.0.1", Loopback),
        ("127.255.0.9", Loopback),
        ("::1", Loopback),
        ("::ffff:127.0.0.1", Loopback),
        ("64:ff9b::7f00:1", Loopback),
        ("2002:7f00:1::", Loopback),
        ("10.1.2.3", Private),
        ("172.16.0.1", Private),
        ("172.31.255.255", Private),
        ("172.32.0.1", Public),
        ("192.168.1.1", Private),
        ("100.64.0.1", Private),
        ("100.100.100.201", Private),
        ("169.254.169.253", LinkLocal),
        ("169.254.169.254", Metadata),
        ("::ffff:169.254.169.254", Metadata),
        ("64:ff9b::a9fe:a9fe", Metadata),
        ("2002:a83f:8110::", Metadata),
        ("169.254.170.2", Metadata),
        ("100.100.100.200", Metadata),
        ("168.63.129.16", Metadata),
        ("192.0.0.192", Metadata),
        ("fd00:ec2::254", Metadata),
        ("fd20:ce::254", Metadata),
        ("fe80::1", LinkLocal),
        ("0.0.0.0", Reserved),
        ("::", Reserved),
        ("224.0.0.1", Reserved),
        ("255.255.255.255", Reserved),
        ("ff02::1", Reserved),
        ("192.0.2.1", Reserved),
        ("2001:db8::1", Reserved),
    ];
    for (address, class) in rows {
        assert_eq!(AddressClass::of(address.parse().unwrap()), class, "{address}");
    }
}

#[test]
fn internal_addresses_need_an_exact_rule_of_the_operator() {
    let rows: [(&str, Origin, &str, &str, bool); 15] = [
        ("http://api.example.com", Origin::Connector, "http://api.example.com:80", PUBLIC, false),
        ("http://api.example.com", Origin::Operator, "http://api.example.com:80", PUBLIC, true),
        ("api.example.com", Origin::Operator, "https://api.example.com:443", "10.0.0.5", true),
        ("api.example.com", Origin::Connector, "https://api.example.com:443", "10.0.0.5", false),
        ("api.example.com", Origin::Connector, "https://api.example.com:443", PUBLIC, true),
        ("*.example.com", Origin::Operator, "https://api.example.com:443", "10.0.0.5", false),
        ("*.example.com", Origin::Operator, "https://api.example.com:443", PUBLIC, true),
        ("127.0.0.1:8080", Origin::Connector, "http://127.0.0.1:8080", "127.0.0.1", false),
        ("127.0.0.1:8080", Origin::Operator, "http://127.0.0.1:8080", "127.0.0.1", true),
        ("localhost", Origin::Operator, "http://localhost:8080", "::1", true),
        ("api.example.com", Origin::Operator, "https://api.example.com:443", "169.254.169.254", false),
        ("169.254.169.254", Origin::Operator, "https://169.254.169.254:443", "169.254.169.254", true),
        ("169.254.169.254", Origin::Connector, "https://169.254.169.254:443", "169.254.169.254", false),
        ("10.0.0.5", Origin::Operator, "http://10.0.0.5:80", "10.0.0.5", false),
        ("http://10.0.0.5", Origin::Operator, "http://10.0.0.5:80", "10.0.0.5", true),
    ];
    for (rule, origin, url, address, expected) in rows {
        assert_eq!(
            allows(&policy(&[(rule, origin)]), url, address),
            expected,
            "{rule} by {origin:?} for {url} at {address}"
        );
    }
}

#[test]
fn only_a_rule_with_its_address_allows_a_metadata_service() {
    for address in ["169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "::ffff:168.63.129.16"] {
        let host = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        for scheme in ["http", "https"] {
            // A name that resolves there, however it is allowed.
            for rule in ["http://metadata.example.com", "http://*.example.com"] {
                for origin in [Origin::Operator, Origin::Connector] {
                    let url = format!("{scheme}://metadata.example.com:80");
                    assert!(!allows(&policy(&[(rule, origin)]), &url, address), "{rule} by {origin:?}: {address}");
                }
            }
            let url = format!("{scheme}://{host}:80");
            let rule = format!("http://{host}");
            assert!(!allows(&policy(&[(&rule, Origin::Connector)]), &url, address), "{url}");
            assert!(allows(&policy(&[(&rule, Origin::Operator)]), &url, address), "{url}");
        }
    }
}

#[test]
fn denial_names_a_rule_that_would_allow_it() {
    let rows = [
        ("https://api.example.com:443", PUBLIC),
        ("https://api.example.com:443", "10.0.0.5"),
        ("https://api.example.com:443", "169.254.169.254"),
        ("http://127.0.0.1:8080", "127.0.0.1"),
        ("http://api.example.com:80", PUBLIC),
        ("https://[::1]:443", "::1"),
        ("http://[fe80::1]:8080", "fe80::1"),
        ("https://api.example.com:443", "fd00:ec2::254"),
    ];
    for (url, address) in rows {
        // The rules are collected until the connection passes: a host can be refused for more than one cause.
        let mut destination = destination(url);
        let mut policy = policy(&[]);
        let mut tries = 0;
        while let Err(denial) = policy
            .check_host(&destination)
            .and_then(|grant| policy.check_address(&destination, grant, address.parse().unwrap()))
        {
            tries += 1;
            assert!(tries < 4, "{url} at {address}: {denial} ({:?})", denial.rule());
            let named = denial.rule().unwrap().parse::<Rule>().unwrap();
            if let HostPattern::Address(address) = named.host {
                // The rule is about the address, so the URL must have it.
                destination.host = address.to_string();
            }
            policy.allow(named, Origin::Operator);
        }
    }
}

#[test]
fn connector_reaches_hosts_that_it_requests_and_the_operator_allows() {
    let rules = |rules: &[&str]| rules.iter().map(|rule| rule.parse().unwrap()).collect::<Vec<Rule>>();
    let asked = ["a.example.com:443", "api.internal:19999", "169.254.169.254:80"];
    let (a, internal) = ("https://a.example.com:443", "https://api.internal:19999");
    let rows: [(&[&str], &str, &str, bool); 12] = [
        // Nothing is named: what it asks for, at public addresses.
        (&[], a, PUBLIC, true),
        (&[], a, "10.0.0.1", false),
        (&[], internal, "10.0.0.1", false),
        (&[], "http://169.254.169.254:80", "169.254.169.254", false),
        (&[], "https://a.example.com:8443", PUBLIC, false),
        // Something is named: that alone, as far as it was asked for.
        (&["api.internal"], internal, "10.0.0.1", true),
        (&["api.internal"], a, PUBLIC, false),
        (&["api.internal"], "https://api.internal:443", "10.0.0.1", false),
        (&["*.example.com"], a, PUBLIC, true),
        (&["*.example.com"], a, "10.0.0.1", false),
        (&["*.example.com"], "https://b.example.com:443", PUBLIC, false),
        (&["http://169.254.169.254"], "http://169.254.169.254:80", "169.254.169.254", true),
    ];
    for (named, url, address, expected) in rows {
        let policy = Policy::for_connector(rules(&asked), rules(named));
        assert_eq!(allows(&policy, url, address), expected, "{named:?} {url} {address}");
    }
}

#[test]
fn a_single_rule_must_allow_the_connection_in_full() {
    let rows: [(&[&str], &str, &str, bool); 12] = [
        // Plain HTTP by the one, the private address by the other.
        (&["http://*.corp", "db.corp"], "http://db.corp:80", "10.0.0.5", false),
        (&["db.corp", "http://*.corp"], "http://db.corp:80", "10.0.0.5", false),
        (&["http://*.corp", "db.corp"], "https://db.corp:443", "10.0.0.5", true),
        (&["http://*.corp", "db.corp"], "http://db.corp:80", PUBLIC, true),
        (&["http://*.corp", "http://db.corp"], "http://db.corp:80", "10.0.0.5", true),
        // The same through the ports.
        (&["http://*.corp:80", "db.corp:80"], "http://db.corp:80", "10.0.0.5", false),
        (&["http://db.corp:8080", "db.corp:80"], "http://db.corp:80", "10.0.0.5", false),
        // A loopback address needs no `http://`, but an exact rule.
        (&["http://*.corp"], "http://db.corp:80", "127.0.0.1", false),
        (&["http://*.corp", "db.corp"], "http://db.corp:80", "127.0.0.1", true),
        // A link-local address needs a rule of its own.
        (&["http://169.254.1.1"], "http://169.254.1.1:80", "169.254.1.1", true),
        (&["169.254.1.1", "http://db.corp"], "http://169.254.1.1:80", "169.254.1.1", false),
        (&["169.254.1.1", "http://db.corp"], "http://db.corp:80", "169.254.1.1", false),
    ];
    for (rules, url, address, expected) in rows {
        let rules: Vec<_> = rules.iter().map(|rule| (*rule, Origin::Operator)).collect();
        assert_eq!(allows(&policy(&rules), url, address), expected, "{rules:?} for {url} at {address}");
        let requested = |url: &str| vec![url.split_once("://").unwrap().1.parse::<Rule>().unwrap()];
        let allowed = rules.iter().map(|(rule, _)| rule.parse::<Rule>().unwrap());
        let policy = Policy::for_connector(requested(url), allowed);
        assert_eq!(allows(&policy, url, address), expected, "{rules:?} for {url} at {address}, requested");
    }
    // What the connector requests adds nothing to the operator's rules.
    let both = policy(&[("http://*.corp", Origin::Operator), ("http://db.corp", Origin::Connector)]);
    assert!(!allows(&both, "http://db.corp:80", "10.0.0.5"));
}
