//! The builders: the order of their setters, and what they refuse.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{answering, builder, invoke, policy};
use connector_host::egress::transport::Transport;
use connector_host::{Body, BuildError, Cache, Component, Connector, Host, Limits};

#[tokio::test]
async fn the_setters_of_a_builder_can_be_called_in_any_order() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let rule = || address.to_string().parse().unwrap();
    // What each of them decides holds, whichever comes first and whichever comes last.
    let limits = || Limits::default().with_requests(1);
    let transport = Transport::new;
    let name = || [("NAME".to_owned(), "value".to_owned())];
    let policy = || policy(&[&address.to_string()]);
    for builder in [
        builder().sessions(true).policy(policy()).limits(limits()).environment(name()).transport(transport()),
        builder().transport(transport()).environment(name()).limits(limits()).policy(policy()).sessions(true),
        builder().environment(name()).policy(policy()).transport(transport()).sessions(true).limits(limits()),
    ] {
        let connector = builder.build().await.unwrap();
        let output = invoke(&connector, "environment", "{}").await.unwrap();
        assert!(matches!(output.body, Body::Text(text) if text == "NAME=value"));
        let get = |times: u32| format!(r#"{{"url":"http://{address}/","times":{times}}}"#);
        invoke(&connector, "get", &get(1)).await.unwrap();
        let failure = invoke(&connector, "get", &get(2)).await.unwrap_err();
        assert!(failure.to_string().contains("more than 1 HTTP request"), "{failure}");
    }
    // Nothing that decides where a connector may connect to is dropped by what comes later.
    for builder in [
        builder().policy(policy()).policy(policy()),
        builder().policy(policy()).allow_requested_hosts([rule()]),
        builder().allow_requested_hosts([]).policy(policy()),
    ] {
        assert_eq!(builder.build().await.err(), Some(BuildError::Access));
    }
}

#[tokio::test]
async fn a_component_of_another_host_is_refused() {
    let new = || Host::builder().cache(Cache::none()).build().unwrap();
    let component = Component::from_file(&new(), common::guest_file()).await.unwrap();
    let error = Connector::builder(&new(), &component).build().await.err();
    assert_eq!(error, Some(BuildError::OtherHost));
}
