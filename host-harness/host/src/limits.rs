//! What one call may use. Each limit ends the call with an error that names it; the host goes on.

mod call_meter;

pub(crate) use call_meter::{CallMeter, microseconds};

use std::fmt;
use std::time::Duration;

/// Memory of one sandbox. An output of [`RESPONSE_BYTES`] fits, together with what growing a buffer to that size and
/// turning it into the call's result takes; larger results are for streaming.
pub const MEMORY_BYTES: u64 = 128 * MIB;

/// The most memory that a sandbox can be given: what 32-bit WebAssembly can address.
pub const MEMORY_BYTES_MOST: u64 = 4096 * MIB;

/// Time that the connector's own code may compute in one call. A real call needs milliseconds; an endless loop is cut
/// before it is a nuisance.
pub const CPU_TIME: Duration = Duration::from_secs(10);

/// Time of one call, waiting included. Remote services run queries for minutes.
pub const CALL_TIME: Duration = Duration::from_secs(10 * 60);

/// Bytes of answers that one call may receive. Streaming is exempt: it hands on piece by piece.
pub const RESPONSE_BYTES: u64 = 32 * MIB;

/// How long a connection may take to come about: the look-up of the name and TLS included.
pub const CONNECT_TIME: Duration = Duration::from_secs(30);

/// How long an answer may take to begin. Remote services run queries for minutes before they say anything.
pub const FIRST_BYTE_TIME: Duration = Duration::from_secs(10 * 60);

/// How long an answer may pause. A service that streams rows pauses while its database looks for the next ones.
pub const BETWEEN_BYTES_TIME: Duration = Duration::from_secs(5 * 60);

/// HTTP requests that one call may send. A call needs a handful: a login, the request itself, and some repetitions.
pub const REQUESTS: u32 = 64;

/// Calls that a host carries out at once, where nobody says otherwise: as many as there can be sandboxes.
pub const CONCURRENT_CALLS: usize = SANDBOXES as usize;

/// Bytes that the connector may write to its standard output and error in one call; the rest is dropped. A panic with
/// its backtrace fits; a flood cannot fill the host's log. This limit does not end the call.
pub const LOG_BYTES: usize = 64 * 1024;

/// Resources (requests, bodies, streams, …) that the host keeps for one sandbox at once. A call needs some tens; each
/// takes host memory, which [`MEMORY_BYTES`] does not count.
pub const RESOURCES: usize = 10_000;

/// Entries of each of the sandbox's function tables. Compiled connectors have some thousands.
pub const TABLE_ENTRIES: usize = 100_000;

/// How often the host looks whether a computing connector has used up its time, and lets other calls have their turn.
pub const TICK: Duration = Duration::from_millis(10);

/// Sandboxes that can be there at once. Each takes address space even while nobody uses it, but no memory.
pub const SANDBOXES: u32 = 1_000;

const MIB: u64 = 1024 * 1024;

/// The limits of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Memory of the sandbox, in bytes: at most [`MEMORY_BYTES_MOST`].
    pub memory_bytes: u64,
    /// Time that the connector's own code may compute.
    pub cpu_time: Duration,
    /// Time of the whole call.
    pub call_time: Duration,
    /// Time that a connection may take to come about. The connector is told, and the call ends as it says; so it does with
    /// the next two. A connector can ask for less time, not for more.
    pub connect_time: Duration,
    /// Time that an answer may take to begin, once the connection is there.
    pub first_byte_time: Duration,
    /// Time that an answer may pause.
    pub between_bytes_time: Duration,
    /// Bytes of answers received.
    pub response_bytes: u64,
    /// HTTP requests, those that the policy refuses included.
    pub requests: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: MEMORY_BYTES,
            cpu_time: CPU_TIME,
            call_time: CALL_TIME,
            connect_time: CONNECT_TIME,
            first_byte_time: FIRST_BYTE_TIME,
            between_bytes_time: BETWEEN_BYTES_TIME,
            response_bytes: RESPONSE_BYTES,
            requests: REQUESTS,
        }
    }
}

/// A limit that a call went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::memory_bytes`].
    Memory(u64),
    /// [`Limits::cpu_time`].
    CpuTime(Duration),
    /// [`Limits::call_time`].
    CallTime(Duration),
    /// [`Limits::response_bytes`].
    ResponseBytes(u64),
    /// [`Limits::requests`].
    Requests(u32),
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(bytes) => write!(formatter, "more than {} of memory", Bytes(*bytes)),
            Self::CpuTime(time) => write!(formatter, "more than {time:?} of computing time"),
            Self::CallTime(time) => write!(formatter, "more than {time:?} of time"),
            Self::ResponseBytes(bytes) => write!(formatter, "more than {} of received data", Bytes(*bytes)),
            Self::Requests(1) => write!(formatter, "more than 1 HTTP request"),
            Self::Requests(requests) => write!(formatter, "more than {requests} HTTP requests"),
        }
    }
}

/// A number of bytes, for people.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= MIB && self.0.is_multiple_of(MIB) {
            write!(formatter, "{} MiB", self.0 / MIB)
        } else {
            write!(formatter, "{} bytes", self.0)
        }
    }
}
