//! What one call may use. Each limit ends the call with an error that names it; the host goes on.

pub(crate) mod call_meter;
pub(crate) mod memory_budget;
pub(crate) mod permits;

use std::fmt;
use std::time::Duration;

/// Memory of one sandbox. An output of [`RESPONSE_BYTES`] fits, together with what growing a buffer to that size and
/// turning it into the call's result takes; larger results are for streaming.
pub const MEMORY_BYTES: u64 = 128 * MIB;

/// The most memory that a sandbox can be given: what 32-bit WebAssembly can address.
pub const MAX_MEMORY_BYTES: u64 = 4096 * MIB;

/// Time that the connector's own code may compute in one call. A real call needs milliseconds; an endless loop is cut
/// before it is a nuisance.
pub const CPU_TIME: Duration = Duration::from_secs(10);

/// Time of one call, waiting included. Remote services run queries for minutes.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Bytes of answers that one call may receive. Streaming is exempt: it hands on piece by piece.
pub const RESPONSE_BYTES: u64 = 32 * MIB;

/// How long a connection may take to come about: the look-up of the name and TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an answer may take to begin. Remote services run queries for minutes before they say anything.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// How long an answer may pause. A service that streams rows pauses while its database looks for the next ones.
pub const BETWEEN_BYTES_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// HTTP requests that one call may send. A call needs a handful: a login, the request itself, and some repetitions.
pub const REQUESTS: u32 = 64;

/// Bytes that the connector may write to its standard output and error in one call; the rest is dropped. A panic with
/// its backtrace fits; a flood cannot fill the host's log. This limit does not end the call.
pub const LOG_BYTES: usize = 64 * 1024;

/// Bytes of an auth that a connector gives: a session's, or a renewed one. The host keeps thousands of them.
pub const AUTH_BYTES: usize = 64 * 1024;

/// Bytes of a component's file. An interpreter compiled into a component has some tens of MiB.
pub const COMPONENT_BYTES: usize = 64 * 1024 * 1024;

/// Functions of a component.
pub const FUNCTIONS: usize = 100_000;

/// Bytes of one function's code. Compiling takes time that grows faster than the function does.
pub const FUNCTION_BYTES: usize = 1024 * 1024;

/// Locals of one function; the same holds for them.
pub const FUNCTION_LOCALS: usize = 10_000;

/// Time for compiling one component. The largest real ones take some seconds.
pub const COMPILE_TIMEOUT: Duration = Duration::from_secs(60);

/// Components that a host compiles at once. It uses all processors for each.
pub const CONCURRENT_COMPILATIONS: usize = 4;

/// Bytes of compiled components that a cache folder keeps. What was used longest ago goes first.
pub const CACHE_BYTES: u64 = 1024 * MIB;

/// Resources (requests, bodies, streams, …) that the host keeps for one sandbox at once. A call needs some tens.
pub const RESOURCES: usize = 512;

/// Bytes of one set of header fields that a connector makes, as the host keeps them: what is written, and some tens of bytes
/// for each field. Servers take 8 KiB to 16 KiB.
pub const FIELDS_BYTES: usize = 32 * 1024;

/// Bytes of a request's body that the host takes at a time. Up to three such pieces are on their way.
pub const BODY_PIECE_BYTES: usize = 64 * 1024;

/// Entries of each of the sandbox's function tables. Compiled connectors have some thousands.
pub const TABLE_ENTRIES: usize = 100_000;

/// How often the host looks whether a computing connector has used up its time, and lets other calls have their turn.
pub const TICK: Duration = Duration::from_millis(10);

/// Sandboxes that a host can have at once. Each takes address space even while nobody uses it, but no memory.
pub const SANDBOXES: u32 = 1_000;

/// Memory of all sandboxes of a host together. A thousand sandboxes that wait for a response have less than half of it.
pub const TOTAL_MEMORY_BYTES: u64 = 4096 * MIB;

const MIB: u64 = 1024 * 1024;

/// The limits of one call. The default is the constants of the [module](self).
///
/// ```
/// use connector_host::Limits;
/// use std::time::Duration;
///
/// let limits = Limits::default().with_call_timeout(Duration::from_secs(60)).with_requests(8);
/// assert_eq!(limits.requests, 8);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Memory of the sandbox, in bytes: at most [`MAX_MEMORY_BYTES`]. What the host holds for it (requests that are not sent
    /// yet, header fields, buffers) is part of it.
    pub memory_bytes: u64,
    /// Time that the connector's own code may compute.
    pub cpu_time: Duration,
    /// Time of the whole call.
    pub call_timeout: Duration,
    /// Time for connecting, including the name's look-up and TLS. The connector is told of a timeout, and the call ends as it
    /// says; so it is with the next two. A connector can ask for less time, not for more.
    pub connect_timeout: Duration,
    /// Time until a response begins, once the connection is there.
    pub first_byte_timeout: Duration,
    /// Time that a response may pause.
    pub between_bytes_timeout: Duration,
    /// Bytes of responses received. Downloads are exempt.
    pub response_bytes: u64,
    /// HTTP requests, including those that the policy denies.
    pub requests: u32,
}

impl Limits {
    /// Sets [`Limits::memory_bytes`].
    #[must_use]
    pub fn with_memory_bytes(self, memory_bytes: u64) -> Self {
        Self { memory_bytes, ..self }
    }

    /// Sets [`Limits::cpu_time`].
    #[must_use]
    pub fn with_cpu_time(self, cpu_time: Duration) -> Self {
        Self { cpu_time, ..self }
    }

    /// Sets [`Limits::call_timeout`].
    #[must_use]
    pub fn with_call_timeout(self, call_timeout: Duration) -> Self {
        Self { call_timeout, ..self }
    }

    /// Sets [`Limits::connect_timeout`].
    #[must_use]
    pub fn with_connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// Sets [`Limits::first_byte_timeout`].
    #[must_use]
    pub fn with_first_byte_timeout(self, first_byte_timeout: Duration) -> Self {
        Self { first_byte_timeout, ..self }
    }

    /// Sets [`Limits::between_bytes_timeout`].
    #[must_use]
    pub fn with_between_bytes_timeout(self, between_bytes_timeout: Duration) -> Self {
        Self { between_bytes_timeout, ..self }
    }

    /// Sets [`Limits::response_bytes`].
    #[must_use]
    pub fn with_response_bytes(self, response_bytes: u64) -> Self {
        Self { response_bytes, ..self }
    }

    /// Sets [`Limits::requests`].
    #[must_use]
    pub fn with_requests(self, requests: u32) -> Self {
        Self { requests, ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: MEMORY_BYTES,
            cpu_time: CPU_TIME,
            call_timeout: CALL_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            first_byte_timeout: FIRST_BYTE_TIMEOUT,
            between_bytes_timeout: BETWEEN_BYTES_TIMEOUT,
            response_bytes: RESPONSE_BYTES,
            requests: REQUESTS,
        }
    }
}

/// A limit that a call went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::memory_bytes`].
    Memory(u64),
    /// [`HostBuilder::memory_bytes`](crate::HostBuilder::memory_bytes): the memory of all sandboxes together.
    TotalMemory(u64),
    /// [`Limits::cpu_time`].
    CpuTime(Duration),
    /// [`Limits::call_timeout`].
    CallTimeout(Duration),
    /// [`Limits::response_bytes`].
    ResponseBytes(u64),
    /// [`Limits::requests`].
    Requests(u32),
}

impl Limit {
    /// Whether the same call may keep to the limit at another time.
    pub(crate) fn passes(self) -> bool {
        matches!(self, Self::TotalMemory(_) | Self::CallTimeout(_))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(bytes) => write!(formatter, "more than {} of memory", Bytes(*bytes)),
            Self::TotalMemory(bytes) => {
                write!(formatter, "more memory than was left of the {} for all sandboxes together", Bytes(*bytes))
            }
            Self::CpuTime(time) => write!(formatter, "more than {time:?} of computing time"),
            Self::CallTimeout(time) => write!(formatter, "more than {time:?} of time"),
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
