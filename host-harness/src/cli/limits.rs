//! The flags that limit what a call may use. What they leave out is as the library has it.

use super::units;
use connector_host::Limits;
use std::time::Duration;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct Flags {
    /// The longest that one call may take: 90, 90s, 5m, 1h. Default: 10m.
    #[arg(long, global = true, value_name = "TIME", value_parser = units::duration)]
    timeout: Option<Duration>,
    /// The longest that the connector's own code may compute in one call. Default: 10s.
    #[arg(long, global = true, value_name = "TIME", value_parser = units::duration)]
    max_cpu_time: Option<Duration>,
    /// The longest that a connection may take to come about, TLS included. Default: 30s.
    #[arg(long, global = true, value_name = "TIME", value_parser = units::duration)]
    connect_timeout: Option<Duration>,
    /// The longest that an answer may take to begin. Default: 10m.
    #[arg(long, global = true, value_name = "TIME", value_parser = units::duration)]
    first_byte_timeout: Option<Duration>,
    /// The longest that an answer may pause. Default: 5m.
    #[arg(long, global = true, value_name = "TIME", value_parser = units::duration)]
    between_bytes_timeout: Option<Duration>,
    /// The most memory that the connector may use: 64MiB, 1GiB. Default: 128MiB.
    #[arg(long, global = true, value_name = "BYTES", value_parser = units::memory)]
    max_memory: Option<u64>,
    /// The most that one call may receive; `invoke --output` is free of it. Default: 32MiB.
    #[arg(long, global = true, value_name = "BYTES", value_parser = units::memory)]
    max_response: Option<u64>,
    /// The most HTTP requests that one call may make. Default: 64.
    #[arg(long, global = true, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    max_requests: Option<u32>,
    /// The most calls that are carried out at once. Default: 1000.
    #[arg(long, global = true, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    max_calls: Option<u32>,
}

impl Flags {
    /// The limits of each call.
    pub(super) fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            memory_bytes: self.max_memory.unwrap_or(default.memory_bytes),
            cpu_time: self.max_cpu_time.unwrap_or(default.cpu_time),
            call_time: self.timeout.unwrap_or(default.call_time),
            connect_time: self.connect_timeout.unwrap_or(default.connect_time),
            first_byte_time: self.first_byte_timeout.unwrap_or(default.first_byte_time),
            between_bytes_time: self.between_bytes_timeout.unwrap_or(default.between_bytes_time),
            response_bytes: self.max_response.unwrap_or(default.response_bytes),
            requests: self.max_requests.unwrap_or(default.requests),
        }
    }

    /// How many calls there may be at once, where that is not the library's choice.
    pub(super) fn concurrent_calls(&self) -> Option<usize> {
        self.max_calls.and_then(|most| usize::try_from(most).ok())
    }
}
