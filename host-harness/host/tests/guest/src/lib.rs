//! A connector that misbehaves on demand: the operation's name tells how, the input is what it needs for that.

mod fetch;
mod sign_in;

wit_bindgen::generate!({
    path: "../../../../wit",
    inline: "
        package test:guest;
        world guest {
            export workflow:connector/connector@0.2.0;
            export workflow:connector/streaming@0.2.0;
            export workflow:connector/sessions@0.2.0;
        }
    ",
    world: "test:guest/guest",
    generate_all,
});

use exports::workflow::connector::connector::{
    ConnectorInfo, Guest as Connector, Operation, OperationSummary, Output,
};
use exports::workflow::connector::streaming::{Download as DownloadHandle, Guest as Streaming, GuestDownload};
use std::cell::Cell;
use workflow::connector::types::{Body, Call, Effect, Failure, FieldProblem, File, Problem, Reason, Stability};

struct Guest;

export!(Guest);

thread_local! {
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

const OPERATIONS: [&str; 24] = [
    "allocate", "count", "echo", "environment", "exit", "execution-failed", "file", "flood", "get", "nothing", "post",
    "spin", "text", "trap", "refuse", "wait", "bad-json", "hoard-requests", "hoard-resources", "recurse", "remember",
    "search", "whisper", "parts",
];

fn summary(name: &str) -> OperationSummary {
    OperationSummary {
        name: name.into(),
        title: format!("Do {name}"),
        group: "Test".into(),
        description: format!("Does {name}."),
        effect: if name == "post" { Effect::Write } else { Effect::Read },
        idempotent: name != "post",
        stability: if name == "spin" { Stability::Beta } else { Stability::Stable },
    }
}

fn problem(reason: Reason, message: impl Into<String>) -> Problem {
    Problem {
        reason,
        message: message.into(),
        status: None,
        retry_after_ms: None,
        resume: None,
        request_sent: false,
        fields: Vec::new(),
        documentation_url: None,
    }
}

fn output(body: Body) -> Result<Output, Failure> {
    Ok(Output { body, next: None })
}

impl Connector for Guest {
    fn describe() -> Result<ConnectorInfo, Failure> {
        Ok(ConnectorInfo {
            name: "test".into(),
            title: "Test".into(),
            description: "A connector that misbehaves on demand.".into(),
            version: "0.1.0".into(),
            documentation_url: "https://example.com/".into(),
            catalog_digest: OPERATIONS.len().to_string(),
        })
    }

    fn auth_schema() -> Result<String, Failure> {
        Ok(r#"{"type":"object","title":"Test","properties":{"host":{"type":"string","title":"Host"},"password":{"type":"string","title":"Password","format":"password"}},"required":["host"],"x-oauth":{"fields":{"refresh_token":"refresh"}}}"#.into())
    }

    /// The auth's field `host`, or its whole text, is the list of hosts, separated by commas; braces and quotation marks are
    /// dropped.
    fn hosts(auth: String) -> Result<Vec<String>, Failure> {
        let auth = fetch::value(&auth, "host").unwrap_or(&auth);
        let hosts = auth.replace(['{', '}', '"', ' '], "");
        Ok(hosts.split(',').filter(|host| !host.is_empty()).map(str::to_owned).collect())
    }

    fn check_auth(_: String) -> Result<String, Failure> {
        Ok(r#"{"id":"1"}"#.into())
    }

    fn list_operations() -> Result<Vec<OperationSummary>, Failure> {
        Ok(OPERATIONS.iter().map(|name| summary(name)).collect())
    }

    fn describe_operation(name: String) -> Result<Operation, Failure> {
        if !OPERATIONS.contains(&name.as_str()) {
            let message = format!("There is no operation `{name}`.");
            return Err(Failure::Permanent(problem(Reason::UnknownOperation, message)));
        }
        let required = if name == "echo" { r#","required":["id"]"# } else { "" };
        let properties = r#"{"id":{"type":"string","title":"ID","description":"Which one."}}"#;
        Ok(Operation {
            summary: summary(&name),
            input_schema: format!(r#"{{"type":"object","properties":{properties}{required}}}"#),
            output_schema: "{}".into(),
            media_types: vec!["application/json".into()],
        })
    }

    fn invoke(auth: String, Call { operation, input, .. }: Call) -> Result<Output, Failure> {
        match operation.as_str() {
            "allocate" => allocate(),
            "get-and-allocate" => fetch::fetch("get", &input).and_then(|_| allocate()),
            "count" => {
                let calls = CALLS.get() + 1;
                CALLS.set(calls);
                output(Body::Json(calls.to_string()))
            }
            "echo" => Ok(Output { body: Body::Json(input.clone()), next: input.contains("\"more\"").then_some(input) }),
            "environment" => {
                let mut variables: Vec<String> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
                variables.sort();
                output(Body::Text(variables.join("\n")))
            }
            "exit" => std::process::exit(3),
            "execution-failed" => Err(Failure::ExecutionFailed),
            "file" => output(Body::File(File {
                media_type: "image/png".into(),
                name: Some("a.png".into()),
                bytes: vec![0x89, b'P', b'N', b'G', 0],
            })),
            "flood" => {
                for _ in 0..100_000 {
                    eprintln!("a line of forty characters for the flood");
                }
                output(Body::Nothing)
            }
            "get" | "post" => fetch::fetch(&operation, &input),
            "hoard-requests" => fetch::hoard(&input),
            "hoard-responses" => fetch::hoard_responses(&input),
            "hoard-resources" => fetch::hoard_resources(),
            "hoard-unsent" => fetch::hoard_unsent(),
            "hoard-fields" => fetch::hoard_fields(),
            "long-texts" => fetch::long_texts(),
            "recurse" => output(Body::Json(recurse(1).to_string())),
            // Fills much memory with the input's text, and leaves it there.
            "remember" => {
                std::mem::forget(input.repeat(1_000_000 / input.len()));
                output(Body::Nothing)
            }
            // The same on the stack.
            "remember-on-stack" => {
                remember_on_stack(input.as_bytes(), 100);
                output(Body::Nothing)
            }
            "search" => output(Body::Json(search(&input).to_string())),
            "nothing" => output(Body::Nothing),
            // Does one of `parts` a call, and says how to go on.
            "parts" => {
                let left: u32 = fetch::value(&input, "parts").and_then(|parts| parts.parse().ok()).unwrap_or(1);
                if left == 1 {
                    return output(Body::Json(input));
                }
                Err(Failure::Retryable(Problem {
                    retry_after_ms: Some(10),
                    resume: Some(format!(r#"{{"parts":{}}}"#, left - 1)),
                    ..problem(Reason::Timeout, format!("{left} parts are left."))
                }))
            }
            "show-auth" => output(Body::Json(auth)),
            "bad-json" => output(Body::Json("{".into())),
            "spin" => loop {
                std::hint::black_box(0);
            },
            "text" => output(Body::Text("a,b\n1,2\n".into())),
            // Writes what a terminal would obey to standard error.
            "whisper" => {
                eprintln!("\u{1b}[2J\u{9b}31m");
                output(Body::Nothing)
            }
            "trap" => {
                eprintln!("last words");
                panic!("on demand")
            }
            "refuse" => Err(Failure::Retryable(Problem {
                retry_after_ms: Some(1500),
                status: Some(429),
                ..problem(Reason::RateLimited, "Too many requests.")
            })),
            // Says the input's text wherever a failure can say something.
            "say" => {
                let field = FieldProblem { field: Some(input.clone()), code: input.clone(), message: input.clone() };
                Err(Failure::Retryable(Problem {
                    resume: Some(input.clone()),
                    fields: vec![field],
                    documentation_url: Some(input.clone()),
                    ..problem(Reason::Rejected, input)
                }))
            }
            // Says as much as its input says, in each text and in as many fields.
            "talk" => {
                let text = "x".repeat(fetch::value(&input, "bytes").and_then(|bytes| bytes.parse().ok()).unwrap_or(0));
                let fields = fetch::value(&input, "fields").and_then(|fields| fields.parse().ok()).unwrap_or(0);
                let field = FieldProblem { field: None, code: "x".into(), message: text.clone() };
                Err(Failure::Retryable(Problem {
                    resume: Some(text.clone()),
                    fields: vec![field; fields],
                    documentation_url: Some(text.clone()),
                    ..problem(Reason::Rejected, text)
                }))
            }
            "wait" => {
                std::thread::sleep(std::time::Duration::from_secs(60));
                output(Body::Nothing)
            }
            _ => {
                let message = format!("There is no operation `{operation}`.");
                Err(Failure::Permanent(problem(Reason::UnknownOperation, message)))
            }
        }
    }
}

/// Takes memory without end.
fn allocate() -> ! {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    loop {
        kept.push(vec![1; 1024 * 1024]);
    }
}

/// Calls itself without end. The compiler cannot tell.
fn recurse(depth: u64) -> u64 {
    if std::hint::black_box(depth) == 0 { 0 } else { recurse(depth + 1) + std::hint::black_box(depth) }
}

/// Fills the frames of so many calls with a text. They stay in memory, below the stack pointer.
fn remember_on_stack(text: &[u8], depth: usize) {
    let mut frame = [0u8; 4096];
    for (byte, from) in frame.iter_mut().zip(text.iter().cycle()) {
        *byte = *from;
    }
    std::hint::black_box(&mut frame);
    if depth > 0 {
        remember_on_stack(text, depth - 1);
    }
    std::hint::black_box(&frame);
}

/// How often the input's text, written backwards, is in this sandbox's memory, which is made larger first. Backwards,
/// since the input itself is there. The stack is at the beginning of the memory.
fn search(input: &str) -> usize {
    std::arch::wasm32::memory_grow::<0>(64);
    let bytes = std::arch::wasm32::memory_size::<0>() * 65536;
    // SAFETY: all of it is there, and nothing writes to it meanwhile but this function to its own frame, which it does not
    // compare with. Address zero is left out: no slice can begin there.
    let memory = unsafe { std::slice::from_raw_parts(std::hint::black_box(1) as *const u8, bytes - 1) };
    let backwards: Vec<u8> = input.bytes().collect();
    memory.windows(backwards.len()).filter(|window| window.iter().eq(backwards.iter().rev())).count()
}

impl Streaming for Guest {
    type Download = Download;

    fn open(_auth: String, Call { operation, input, .. }: Call) -> Result<DownloadHandle, Failure> {
        if operation == "get" {
            let source = Some(fetch::start(&input)?);
            return Ok(DownloadHandle::new(Download { left: Cell::new(0), source, every_read: None }));
        }
        // Each byte of these costs computing, or a request.
        if operation == "compute-for-each-byte" || operation == "request-for-each-byte" {
            let every_read = Some((operation, input));
            return Ok(DownloadHandle::new(Download { left: Cell::new(1000), source: None, every_read }));
        }
        if operation == "greedy" {
            return Ok(DownloadHandle::new(Download { left: Cell::new(u32::MAX), source: None, every_read: None }));
        }
        // The input is how many bytes there are; after 1,000,000 it fails, so that half a download can be tested.
        let left: u32 = input.trim_matches(|character: char| !character.is_ascii_digit()).parse().unwrap_or(0);
        Ok(DownloadHandle::new(Download { left: Cell::new(left), source: None, every_read: None }))
    }
}

struct Download {
    left: Cell<u32>,
    source: Option<fetch::Stream>,
    /// What each read does for one byte, and its input.
    every_read: Option<(String, String)>,
}

impl GuestDownload for Download {
    fn media_type(&self) -> String {
        "application/octet-stream".into()
    }

    fn size(&self) -> Option<u64> {
        self.source.is_none().then(|| self.left.get().into())
    }

    fn read(&self, max_bytes: u32) -> Result<Vec<u8>, Failure> {
        if let Some(source) = &self.source {
            return source.read(max_bytes);
        }
        if let Some((operation, input)) = &self.every_read {
            if operation == "request-for-each-byte" {
                fetch::fetch("get", input)?;
            } else {
                let start = std::time::Instant::now();
                while start.elapsed() < std::time::Duration::from_millis(50) {
                    std::hint::black_box(0);
                }
            }
            return Ok(vec![b'x']);
        }
        let left = self.left.get();
        if left == u32::MAX {
            return Ok(vec![b'x'; max_bytes as usize + 1]);
        }
        if left > 1_000_000 && left < 1_500_000 {
            return Err(Failure::Retryable(problem(Reason::Unreachable, "The connection broke.")));
        }
        let bytes = left.min(max_bytes);
        self.left.set(left - bytes);
        Ok(vec![b'x'; bytes as usize])
    }
}
