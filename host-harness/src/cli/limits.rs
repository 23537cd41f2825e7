//! The flags that limit what a call may use. What they leave out is as the library has it.

use super::units;
use connector_host::{Host, HostBuilder, Limits};
use std::time::Duration;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct Flags {
    /// Time limit for one call: 90, 90s, 5m, 1h. Default: 10m.
    #[arg(long, global = true, value_name = "TIME", value_parser = units::duration)]
    timeout: Option<Duration>,
    /// Processor time limit for the connector's own code in one call. Default: 10s.
    #[arg(long, global = true, value_name = "TIME", value_parser = units::duration)]
    max_cpu_time: Option<Duration>,
    /// Time limit for connecting, including TLS. Default: 30s.
    #[arg(long, global = true, value_name = "TIME", value_parser = units::duration)]
    connect_timeout: Option<Duration>,
    /// Time limit for a response to begin. Default: 10m.
    #[arg(long, global = true, value_name = "TIME", value_parser = units::duration)]
    first_byte_timeout: Option<Duration>,
    /// Time limit for each pause within a response. Default: 5m.
    #[arg(long, global = true, value_name = "TIME", value_parser = units::duration)]
    between_bytes_timeout: Option<Duration>,
    /// Memory limit for each sandbox: 64MiB, 1GiB. Default: 128MiB.
    #[arg(long, global = true, value_name = "BYTES", value_parser = units::memory)]
    max_memory: Option<u64>,
    /// Limit on the bytes that one call may receive; `invoke --output` is exempt. Default: 32MiB.
    #[arg(long, global = true, value_name = "BYTES", value_parser = units::memory)]
    max_response: Option<u64>,
    /// Limit on the HTTP requests of one call. Default: 64.
    #[arg(long, global = true, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    max_requests: Option<u32>,
    /// Memory limit for all sandboxes together: 1GiB, 16GiB. Default: 4GiB.
    #[arg(long, global = true, value_name = "BYTES", value_parser = units::bytes)]
    max_total_memory: Option<u64>,
    /// Limit on concurrent calls. Default: 1000.
    #[arg(long, global = true, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    max_calls: Option<u32>,
}

impl Flags {
    /// The limits of each call.
    pub(super) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        let set = |limit: &mut Duration, flag: Option<Duration>| *limit = flag.unwrap_or(*limit);
        set(&mut limits.cpu_time, self.max_cpu_time);
        set(&mut limits.call_timeout, self.timeout);
        set(&mut limits.connect_timeout, self.connect_timeout);
        set(&mut limits.first_byte_timeout, self.first_byte_timeout);
        set(&mut limits.between_bytes_timeout, self.between_bytes_timeout);
        limits.memory_bytes = self.max_memory.unwrap_or(limits.memory_bytes);
        limits.response_bytes = self.max_response.unwrap_or(limits.response_bytes);
        limits.requests = self.max_requests.unwrap_or(limits.requests);
        limits
    }

    /// A host with the limits of all calls together.
    pub(super) fn host(&self) -> HostBuilder {
        let mut host = Host::builder();
        if let Some(calls) = self.max_calls.and_then(|calls| usize::try_from(calls).ok()) {
            host = host.concurrent_calls(calls);
        }
        if let Some(bytes) = self.max_total_memory {
            host = host.memory_bytes(bytes);
        }
        host
    }
}
