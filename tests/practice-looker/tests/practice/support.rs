//! A practice Looker and a client that is signed in to it.

use std::time::Duration;

use practice_looker::{Builder, PracticeLooker};
use reqwest::{
    Method,
    blocking::{Client, RequestBuilder},
    redirect::Policy,
};
use serde_json::Value;

pub struct Practice {
    pub looker: PracticeLooker,
    pub client: Client,
    pub token: String,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The JSON of an answer of that status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }
}

pub fn client() -> Client {
    Client::builder().timeout(Duration::from_secs(5)).redirect(Policy::none()).build().unwrap()
}

impl Practice {
    pub fn new() -> Self {
        Self::from(PracticeLooker::builder())
    }

    pub fn from(builder: Builder) -> Self {
        let looker = builder.start().unwrap();
        let mut practice = Self { looker, client: client(), token: String::new() };
        practice.token = practice.sign_in(practice.looker.client_id(), practice.looker.client_secret()).unwrap();
        practice
    }

    /// A token, where the credentials are good.
    pub fn sign_in(&self, client_id: &str, client_secret: &str) -> Option<String> {
        let form = [("client_id", client_id), ("client_secret", client_secret)];
        let reply = reply(self.client.post(self.url("/login")).form(&form)).unwrap();
        (reply.status == 200).then(|| reply.json()["access_token"].as_str().unwrap().to_owned())
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/api/4.0{path}", self.looker.base_url())
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, self.url(path)).header("authorization", format!("token {}", self.token))
    }

    pub fn try_get(&self, path: &str) -> reqwest::Result<Reply> {
        reply(self.request("GET", path))
    }

    pub fn get(&self, path: &str) -> Reply {
        self.try_get(path).unwrap()
    }

    pub fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        reply(self.request(method, path).json(body)).unwrap()
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, body)
    }

    pub fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send("PATCH", path, body)
    }

    pub fn bare(&self, method: &str, path: &str) -> Reply {
        reply(self.request(method, path)).unwrap()
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.bare("DELETE", path)
    }
}

pub fn reply(request: RequestBuilder) -> reqwest::Result<Reply> {
    let response = request.send()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Reply { status, headers, bytes: response.bytes()?.to_vec() })
}

/// One property of every thing in a list.
pub fn each<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|item| item[name].as_str().unwrap_or("null")).collect()
}

/// The field and the code of every detail of an error.
pub fn details(error: &Value) -> Vec<(&str, &str)> {
    let errors = error["errors"].as_array().unwrap();
    errors.iter().map(|detail| (detail["field"].as_str().unwrap(), detail["code"].as_str().unwrap())).collect()
}
