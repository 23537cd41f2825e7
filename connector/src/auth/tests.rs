//! Every rule of the auth document, by example.

use super::*;
use crate::failure::Failure;

fn parse(document: &str) -> Result<Auth> {
    Auth::parse(document, |_| None)
}

fn base_url(domain: &str, rest: &str) -> String {
    let document = format!(r#"{{"domain": "{domain}", "client_id": "i", "client_secret": "s"{rest}}}"#);
    match parse(&document) {
        Ok(auth) => auth.address.base_url(),
        Err(failure) => failure.problem().message.clone(),
    }
}

/// The names of the fields that a refused document's failure names.
fn refused_fields(document: &str) -> Vec<String> {
    match parse(document) {
        Err(Failure::Permanent(problem)) if problem.reason == Reason::InvalidAuth => {
            problem.fields.into_iter().filter_map(|field| field.field).collect()
        }
        other => panic!("not refused as invalid auth: {other:?}"),
    }
}

#[test]
fn a_domain_can_be_a_name_a_host_or_a_url() {
    for (domain, expected) in [
        ("mycompany", "https://mycompany.looker.com"),
        ("  MyCompany ", "https://mycompany.looker.com"),
        ("looker.example.com", "https://looker.example.com"),
        ("looker.example.com:19999", "https://looker.example.com:19999"),
        ("https://looker.example.com/", "https://looker.example.com"),
        ("https://looker.example.com:443/api/4.0/", "https://looker.example.com"),
        ("https://looker.example.com/browse", "https://looker.example.com"),
        ("https://looker.example.com:9999/login?return_to=%2Fx#y", "https://looker.example.com:9999"),
        ("https://looker.example.com/api/4.0/docs#/User/me", "https://looker.example.com"),
        ("https://looker.example.com?x=1", "https://looker.example.com"),
        ("looker.example.com//Dashboards/17?State=CA", "https://looker.example.com"),
        ("mycompany.eu.looker.com/explore/model/view", "https://mycompany.eu.looker.com"),
        ("HTTPS://looker.example.com/api/4.0", "https://looker.example.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:9000/", "http://[::1]:9000"),
    ] {
        assert_eq!(base_url(domain, ""), expected, "{domain}");
    }
}

#[test]
fn a_path_prefix_of_a_reverse_proxy_is_refused() {
    for domain in ["https://apps.example.com/looker", "https://apps.example.com/bi/api/4.0", "x.com/%2e%2e/browse"] {
        let message = base_url(domain, "");
        assert!(message.contains("a path of a reverse proxy cannot be used"), "{message}");
    }
}

#[test]
fn messages_name_the_environment_variable() {
    for (address, expected) in [
        ("ftp://x.com", "LOOKERSDK_BASE_URL must begin with https://"),
        ("http://looker.example.com", "LOOKERSDK_BASE_URL must not begin with http://"),
        ("https://apps.example.com/looker", "LOOKERSDK_BASE_URL must not have the path /looker"),
        ("https://x.com:0", "The port in LOOKERSDK_BASE_URL must be"),
        ("a b", "LOOKERSDK_BASE_URL must be a host name"),
    ] {
        let variable = |name: &str| (name == BASE_URL).then(|| address.to_owned());
        let failure = Auth::parse(r#"{"client_id": "i", "client_secret": "s"}"#, variable).unwrap_err();
        let problem = failure.problem();
        assert!(problem.message.contains(expected), "{}", problem.message);
        assert_eq!(problem.fields[0].field.as_deref(), Some("domain"));
        assert!(!problem.message.contains("domain "), "{}", problem.message);
    }
}

#[test]
fn quotes_around_environment_values_are_ignored() {
    let variable = |name: &str| match name {
        BASE_URL => Some(" \"https://looker.example.com:19999\" ".to_owned()),
        CLIENT_ID => Some("'the-id'".to_owned()),
        CLIENT_SECRET => Some("\"the-secret\"".to_owned()),
        _ => None,
    };
    let auth = Auth::parse("{}", variable).unwrap();
    assert_eq!(auth.address.base_url(), "https://looker.example.com:19999");
    let secret = Secret::new("the-secret".into());
    assert_eq!(auth.credentials, Credentials::Client { id: "the-id".into(), secret, from_environment: true });
    let empty = Auth::parse(r#"{"domain": "x"}"#, |name| (name == CLIENT_ID).then(|| "\"\"".into())).unwrap_err();
    assert!(empty.problem().fields.iter().any(|field| field.field.as_deref() == Some("client_id")));
}

#[test]
fn a_byte_order_mark_is_ignored() {
    assert!(parse("\u{feff}{\"domain\":\"x\",\"access_token\":\"abc\"}").is_ok());
}

#[test]
fn the_user_to_run_as_cannot_name_another_path() {
    for user in ["..", ".", "../5", "..%2f", "%2e%2e", "..;x", "a\\..\\b"] {
        let document = serde_json::json!({"domain": "x", "access_token": "a", "run_as_user_id": user}).to_string();
        assert_eq!(refused_fields(&document), ["run_as_user_id"], "{user}");
    }
}

#[test]
fn serde_jsons_private_keys_are_ordinary_keys() {
    let nested = r#"{"domain":{"$serde_json::private::RawValue":"\"evil.example.com\""},"access_token":"a"}"#;
    assert_eq!(refused_fields(nested), ["domain"]);
    let top = r#"{"$serde_json::private::RawValue":"{\"domain\":\"evil.example.com\",\"access_token\":\"a\"}"}"#;
    assert_eq!(refused_fields(top)[0], "$serde_json::private::RawValue");
    let number = r#"{"domain":"x","access_token":{"$serde_json::private::Number":"5"}}"#;
    assert_eq!(refused_fields(number), ["access_token"]);
}

#[test]
fn a_field_given_twice_is_refused() {
    let failure = parse(r#"{"domain":"x","domain":"hunter2","access_token":"a"}"#).unwrap_err();
    assert!(failure.problem().message.starts_with("The auth has a field twice"), "{failure:?}");
    assert!(!format!("{failure:?}").contains("hunter2"));
}

#[test]
fn a_region_goes_before_looker_com() {
    let region = r#", "region": "eu""#;
    assert_eq!(base_url("mycompany", region), "https://mycompany.eu.looker.com");
    assert_eq!(base_url("mycompany.looker.com", region), "https://mycompany.eu.looker.com");
    assert_eq!(base_url("mycompany.eu.looker.com", region), "https://mycompany.eu.looker.com");
    assert!(base_url("looker.example.com", region).contains("leave it out"));
    assert!(base_url("mycompany", r#", "region": "e u""#).contains("region must be"));
}

#[test]
fn a_port_is_a_number_or_its_digits() {
    assert_eq!(base_url("mycompany", r#", "port": 19999"#), "https://mycompany.looker.com:19999");
    assert_eq!(base_url("mycompany", r#", "port": "19999""#), "https://mycompany.looker.com:19999");
    assert_eq!(base_url("mycompany", r#", "port": """#), "https://mycompany.looker.com");
    assert!(base_url("mycompany", r#", "port": 70000"#).contains("1 to 65535"));
    assert!(base_url("mycompany", r#", "port": "0""#).contains("1 to 65535"));
    assert!(base_url("mycompany:1", r#", "port": 2"#).contains("differ"));
}

#[test]
fn port_and_region_exclude_each_other_and_both_are_named() {
    let document = r#"{"domain":"x","client_id":"i","client_secret":"s","port":1,"region":"eu"}"#;
    assert_eq!(refused_fields(document), ["region", "port"]);
    let document = r#"{"domain":"https://x.looker.com:19999","client_id":"i","client_secret":"s","region":"eu"}"#;
    assert_eq!(refused_fields(document), ["region"]);
}

#[test]
fn plain_http_is_refused_except_on_loopback() {
    assert!(base_url("http://looker.example.com", "").contains("https://looker.example.com"));
    assert!(base_url("http://127.0.0.1.example.com", "").contains("unencrypted"));
}

#[test]
fn a_domain_that_is_not_an_address_is_refused() {
    for domain in ["ftp://x.com", "https://u:p@x.com", "x.com/folder", "a b", "x..com", "https://", "[::1", "häuser"] {
        let document = serde_json::json!({"domain": domain, "client_id": "i", "client_secret": "s"}).to_string();
        assert_eq!(refused_fields(&document), ["domain"], "{domain}");
    }
}

#[test]
fn one_failure_names_everything_that_is_missing() {
    assert_eq!(refused_fields("{}"), ["domain", "client_id", "client_secret"]);
    assert_eq!(refused_fields(r#"{"domain":"x","client_id":"i","client_secret":" "}"#), ["client_secret"]);
    assert_eq!(refused_fields(r#"{"domain":"x","client_id":"i","client_secret":null}"#), ["client_secret"]);
}

#[test]
fn fields_that_are_unknown_or_of_the_wrong_type_are_named() {
    let failure = parse(r#"{"domain":"x","clientid":"i","client_secret":"s"}"#).unwrap_err();
    assert!(failure.problem().message.contains("did you mean client_id?"), "{failure:?}");
    assert_eq!(refused_fields(r#"{"domain":["x"],"client_id":"i","client_secret":"s"}"#), ["domain"]);
    assert_eq!(
        refused_fields(r#"{"domain":"x","client_id":"i","client_secret":"s","workspace":"test"}"#),
        ["workspace"]
    );
    assert!(refused_fields("[]").is_empty());
    assert!(refused_fields(r#"{"client_secret": "hunter2"#).is_empty());
}

#[test]
fn a_token_replaces_the_credentials() {
    let auth = parse(r#"{"domain":"x","access_token":"abc","run_as_user_id":7,"workspace":"dev"}"#).unwrap();
    assert_eq!(auth.credentials, Credentials::Token(Secret::new("abc".into())));
    assert_eq!(auth.run_as_user_id.as_deref(), Some("7"));
    assert_eq!(auth.workspace, Some(Workspace::Dev));
    assert_eq!(refused_fields(r#"{"domain":"x","access_token":"a","client_id":"i"}"#), ["access_token"]);
    assert_eq!(refused_fields(r#"{"domain":"x","access_token":"a\nb"}"#), ["access_token"]);
}

#[test]
fn the_environment_fills_in_missing_fields() {
    let variable = |name: &str| match name {
        BASE_URL => Some("https://looker.example.com:19999/".to_owned()),
        CLIENT_ID => Some("environment-id".to_owned()),
        CLIENT_SECRET => Some("environment-secret".to_owned()),
        _ => None,
    };
    let auth = Auth::parse("{}", variable).unwrap();
    assert_eq!(auth.address.base_url(), "https://looker.example.com:19999");
    let expected = Credentials::Client {
        id: "environment-id".into(),
        secret: Secret::new("environment-secret".into()),
        from_environment: true,
    };
    assert_eq!(auth.credentials, expected);
    // The same address, spelled in another way.
    assert!(Auth::parse(r#"{"domain":"LOOKER.example.com","port":19999}"#, variable).is_ok());
}

#[test]
fn the_environments_secret_goes_only_to_the_environments_address() {
    let variable = |name: &str| match name {
        BASE_URL => Some("https://looker.example.com".to_owned()),
        CLIENT_ID => Some("id".to_owned()),
        CLIENT_SECRET => Some("secret".to_owned()),
        _ => None,
    };
    for document in [
        r#"{"domain":"evil.example.com"}"#,
        r#"{"domain":"looker.example.com","port":8443}"#,
        r#"{"port":8443}"#,
        r#"{"domain":"evil.example.com","client_id":"i"}"#,
    ] {
        let failure = Auth::parse(document, variable).unwrap_err();
        assert_eq!(failure.problem().fields[0].field.as_deref(), Some("client_secret"), "{document}");
    }
    // Without an address in the environment there is none that its secret may go to.
    let secret_only = |name: &str| (name == CLIENT_SECRET).then(|| "secret".to_owned());
    assert!(Auth::parse(r#"{"domain":"x","client_id":"i"}"#, secret_only).is_err());
}

#[test]
fn no_secret_is_ever_shown() {
    let auth = parse(r#"{"domain":"x","client_id":"i","client_secret":"hunter2"}"#).unwrap();
    assert!(!format!("{auth:?}").contains("hunter2"));
    let failure = parse(r#"{"domain":"x y","client_id":"i","client_secret":"hunter2","port":"hunter2"}"#).unwrap_err();
    assert!(!format!("{failure:?}").contains("hunter2"));
}

#[test]
fn the_three_ways_to_sign_in_exclude_each_other() {
    let document = |fields: &str| format!(r#"{{"domain": "mycompany", {fields}}}"#);
    let refresh = parse(&document(r#""client_id": "app", "refresh_token": "r""#)).unwrap();
    assert_eq!(refresh.credentials, Credentials::Refresh { id: "app".into(), token: Secret::new("r".into()) });
    assert!(refresh.can_log_in());
    for (fields, refused) in [
        (r#""client_id": "a", "client_secret": "s", "refresh_token": "r""#, "refresh_token"),
        (r#""client_id": "a", "access_token": "t""#, "access_token"),
        (r#""refresh_token": "r", "access_token": "t""#, "access_token"),
        (r#""client_id": "a", "refresh_token": "r r""#, "refresh_token"),
        (r#""refresh_token": "r""#, "client_id"),
    ] {
        assert_eq!(refused_fields(&document(fields)), [refused], "{fields}");
    }
    // The environment's client ID is an API key's.
    let document = document(r#""refresh_token": "r""#);
    assert!(Auth::parse(&document, |name| (name == CLIENT_ID).then(|| "key".into())).is_err());
}

#[test]
fn the_environment_is_looked_up_only_where_it_decides() {
    for credentials in [r#""access_token":"abc""#, r#""client_id":"i","client_secret":"the-secret""#] {
        let document = format!(r#"{{"domain":"looker.example.com",{credentials}}}"#);
        assert!(Auth::parse(&document, |name| panic!("{name} is looked up")).is_ok());
    }
}

#[test]
fn a_domain_with_odd_slashes_and_dots_is_understood() {
    for domain in [
        "https:mycompany.looker.com",
        "https:/mycompany.looker.com",
        "https:\\\\mycompany.looker.com\\browse",
        "HTTPS:///mycompany.looker.com/",
        " mycompany.looker.com. ",
        "MyCompany.Looker.com..",
        "mycompany.looker.com:443",
        "https://mycompany.looker.com./browse?x#y",
    ] {
        let auth = parse(&serde_json::json!({"domain": domain, "access_token": "a"}).to_string());
        let address = auth.unwrap_or_else(|failure| panic!("{domain}: {failure:?}")).address;
        assert_eq!(address.host_and_port(), "mycompany.looker.com:443", "{domain}");
    }
    for port in [r#""19999""#, r#"" 19999 ""#, "19999", "19999.0"] {
        let auth = parse(&format!(r#"{{"domain": "mycompany.looker.com", "port": {port}, "access_token": "a"}}"#));
        let address = auth.unwrap_or_else(|failure| panic!("{port}: {failure:?}")).address;
        assert_eq!(address.host_and_port(), "mycompany.looker.com:19999", "{port}");
    }
    for domain in
        ["https://me:hush@mycompany.looker.com", "me@mycompany.looker.com", "ftp://mycompany.looker.com", "https:"]
    {
        let failure = parse(&serde_json::json!({"domain": domain, "access_token": "a"}).to_string()).unwrap_err();
        assert_eq!(failure.problem().fields[0].field.as_deref(), Some("domain"), "{domain}");
        assert!(!failure.problem().message.contains("hush"), "{domain}: {failure:?}");
    }
}
