use super::*;

fn destination(url: &str) -> Destination {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (host, port) = rest.rsplit_once(':').unwrap();
    Destination { clear: scheme == "http", host: host.trim_matches(['[', ']']).to_owned(), port: port.parse().unwrap() }
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
    assert!(!allows(&Policy::deny_all(), "https://looker.example.com:443", PUBLIC));
}

#[test]
fn the_forms_of_a_rule_match_what_the_table_says() {
    let rows: [(&str, &str, bool); 21] = [
        ("looker.example.com", "https://looker.example.com:443", true),
        ("looker.example.com", "https://looker.example.com:19999", true),
        ("Looker.Example.COM.", "https://looker.example.com:443", true),
        ("looker.example.com", "https://LOOKER.example.com.:443", true),
        ("looker.example.com", "https://a.looker.example.com:443", false),
        ("looker.example.com", "https://looker.example.com.evil.test:443", false),
        ("looker.example.com:19999", "https://looker.example.com:19999", true),
        ("looker.example.com:19999", "https://looker.example.com:443", false),
        ("*.example.com", "https://looker.example.com:443", true),
        ("*.example.com", "https://a.b.example.com:8443", true),
        ("*.example.com", "https://example.com:443", false),
        ("*.example.com", "https://evilexample.com:443", false),
        ("*.example.com", "https://.example.com:443", false),
        ("*.example.com:443", "https://looker.example.com:8443", false),
        ("93.184.216.34", "https://93.184.216.34:443", true),
        ("[2606:2800::1]:443", "https://[2606:2800::1]:443", true),
        ("2606:2800::1", "https://[2606:2800:0::1]:443", true),
        ("looker.example.com", "http://looker.example.com:80", false),
        ("https://looker.example.com", "http://looker.example.com:80", false),
        ("http://looker.example.com", "http://looker.example.com:80", true),
        ("http://looker.example.com/", "https://looker.example.com:443", true),
    ];
    for (rule, url, expected) in rows {
        let policy = policy(&[(rule, Origin::Operator)]);
        let address = if url.contains("[2606") { "2606:2800::1" } else { PUBLIC };
        assert_eq!(allows(&policy, url, address), expected, "{rule} for {url}");
    }
}

#[test]
fn what_is_no_rule_is_refused() {
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
        assert!(error.to_string().contains("is no host to allow"), "{rule}: {error}");
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
        ("100.100.100.200", Private),
        ("fd00:ec2::254", Private),
        ("169.254.169.254", LinkLocal),
        ("::ffff:169.254.169.254", LinkLocal),
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
fn addresses_that_are_not_public_must_be_named_by_the_operator() {
    let rows: [(&str, Origin, &str, &str, bool); 15] = [
        ("http://looker.example.com", Origin::Connector, "http://looker.example.com:80", PUBLIC, false),
        ("http://looker.example.com", Origin::Operator, "http://looker.example.com:80", PUBLIC, true),
        ("looker.example.com", Origin::Operator, "https://looker.example.com:443", "10.0.0.5", true),
        ("looker.example.com", Origin::Connector, "https://looker.example.com:443", "10.0.0.5", false),
        ("looker.example.com", Origin::Connector, "https://looker.example.com:443", PUBLIC, true),
        ("*.example.com", Origin::Operator, "https://looker.example.com:443", "10.0.0.5", false),
        ("*.example.com", Origin::Operator, "https://looker.example.com:443", PUBLIC, true),
        ("127.0.0.1:8080", Origin::Connector, "http://127.0.0.1:8080", "127.0.0.1", false),
        ("127.0.0.1:8080", Origin::Operator, "http://127.0.0.1:8080", "127.0.0.1", true),
        ("localhost", Origin::Operator, "http://localhost:8080", "::1", true),
        ("looker.example.com", Origin::Operator, "https://looker.example.com:443", "169.254.169.254", false),
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
fn a_denial_names_a_rule_that_would_allow_it() {
    let rows = [
        ("https://looker.example.com:443", PUBLIC),
        ("https://looker.example.com:443", "10.0.0.5"),
        ("https://looker.example.com:443", "169.254.169.254"),
        ("http://127.0.0.1:8080", "127.0.0.1"),
        ("http://looker.example.com:80", PUBLIC),
        ("https://[::1]:443", "::1"),
        ("http://[fe80::1]:8080", "fe80::1"),
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
            let named = Rule::from_str(&denial.rule().unwrap()).unwrap();
            if let HostPattern::Address(address) = named.host {
                // A link-local address is to be addressed as such.
                destination.host = address.to_string();
            }
            policy.allow(named, Origin::Operator);
        }
    }
}

#[test]
fn a_connector_is_granted_what_it_asks_for_as_far_as_the_operator_goes() {
    let rules = |rules: &[&str]| rules.iter().map(|rule| rule.parse().unwrap()).collect::<Vec<Rule>>();
    let asked = ["a.example.com:443", "looker.internal:19999", "169.254.169.254:80"];
    let (a, internal) = ("https://a.example.com:443", "https://looker.internal:19999");
    let rows: [(&[&str], &str, &str, bool); 12] = [
        // Nothing is named: what it asks for, at public addresses.
        (&[], a, PUBLIC, true),
        (&[], a, "10.0.0.1", false),
        (&[], internal, "10.0.0.1", false),
        (&[], "http://169.254.169.254:80", "169.254.169.254", false),
        (&[], "https://a.example.com:8443", PUBLIC, false),
        // Something is named: that alone, as far as it was asked for.
        (&["looker.internal"], internal, "10.0.0.1", true),
        (&["looker.internal"], a, PUBLIC, false),
        (&["looker.internal"], "https://looker.internal:443", "10.0.0.1", false),
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
