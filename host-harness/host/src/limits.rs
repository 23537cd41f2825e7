//! Limits. A call that exceeds one ends with an error that names it, and the host goes on.

pub(crate) mod call_meter;
pub(crate) mod memory_budget;
pub(crate) mod permits;

use std::fmt;
use std::time::Duration;

/// Memory of a sandbox. An output of [`RESPONSE_BYTES`] fits, including the buffers that it passes through. Larger
/// outputs need streaming.
pub const MEMORY_BYTES: u64 = 128 * MIB;

/// The largest memory that a sandbox can have: all that 32-bit WebAssembly can address.
pub const MAX_MEMORY_BYTES: u64 = 4096 * MIB;

/// Computing time of the connector's own code in a call. A real call needs milliseconds, so this stops only endless
/// loops.
pub const CPU_TIME: Duration = Duration::from_secs(10);

/// Duration of a call, including waits. Remote services run queries for minutes.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Bytes of responses that a call may receive. Streaming is exempt, because it does not keep them.
pub const RESPONSE_BYTES: u64 = 32 * MIB;

/// Time limit for connecting, including DNS and TLS.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Time limit for a response to begin. Remote services run queries for minutes before they respond.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Time limit for a pause within a response. A service that streams rows pauses while its database searches for more.
pub const BETWEEN_BYTES_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// HTTP requests of a call. A call needs a handful: a login, the request itself, and some retries.
pub const REQUESTS: u32 = 64;

/// Bytes that the connector may write to its standard output and error in a call. The rest is dropped; the call goes
/// on. A panic with its backtrace fits, and a flood cannot fill the host's log.
pub const LOG_BYTES: usize = 64 * 1024;

/// Bytes of an auth that a connector returns: a session's, or a renewed one. The host keeps thousands of them.
pub const AUTH_BYTES: usize = 64 * 1024;

/// Bytes of each text of a failure. Messages for people are far shorter; the host searches them for secrets and keeps them.
pub const FAILURE_TEXT_BYTES: usize = 64 * 1024;

/// Bytes of the input with which a call resumes.
pub const RESUME_BYTES: usize = 1024 * 1024;

/// Fields that a failure names. The rest is dropped.
pub const FAILURE_FIELDS: usize = 256;

/// Bytes of a component's file. An interpreter compiled into a component has some tens of MiB.
pub const COMPONENT_BYTES: usize = 64 * 1024 * 1024;

/// Functions of a component.
pub const FUNCTIONS: usize = 100_000;

/// Bytes of one function's code. Compiling takes time that grows faster than the function does.
pub const FUNCTION_BYTES: usize = 1024 * 1024;

/// Locals of one function. Compiling them takes more than proportional time too.
pub const FUNCTION_LOCALS: usize = 10_000;

/// Time for compiling one component. The largest real ones take some seconds.
pub const COMPILE_TIMEOUT: Duration = Duration::from_secs(60);

/// Components that a host compiles at the same time. Compiling one uses all processors.
pub const CONCURRENT_COMPILATIONS: usize = 4;

/// Bytes of compiled components that a cache folder keeps. The least recently used ones are removed first.
pub const CACHE_BYTES: u64 = 1024 * MIB;

/// Resources (requests, bodies, streams, …) that the host keeps for one sandbox at once. A call needs some tens.
pub const RESOURCES: usize = 512;

/// Bytes of one set of header fields, including some tens of bytes of overhead for each field. Servers accept 8 KiB to
/// 16 KiB.
pub const FIELDS_BYTES: usize = 32 * 1024;

/// Bytes of a request's body that the host accepts at a time. It holds up to three such pieces.
pub const BODY_PIECE_BYTES: usize = 64 * 1024;

/// Bytes that the HTTP client buffers of an HTTP/1.1 connection, once for each direction. The head of a response must fit in.
pub const HTTP1_BUFFER_BYTES: usize = 128 * 1024;

/// Bytes that the HTTP client receives of an HTTP/2 response before the connector reads them. It is also the most that it
/// buffers of a request.
pub const HTTP2_STREAM_BYTES: usize = 256 * 1024;

/// The same for all responses of an HTTP/2 connection together.
pub const HTTP2_CONNECTION_BYTES: usize = 1024 * 1024;

/// Bytes of the head of an HTTP/2 response.
pub const HTTP2_HEAD_BYTES: usize = 64 * 1024;

/// What the host charges to a sandbox for each request under way, until the connector has dropped its response: the HTTP
/// client's buffers, those of TLS and those of the system.
pub const REQUEST_UNDER_WAY_BYTES: usize = 2 * HTTP2_STREAM_BYTES + HTTP2_HEAD_BYTES;

/// Idle connections that are kept to one server, for one policy.
pub const IDLE_CONNECTIONS: usize = 256;

/// Entries of each of the sandbox's function tables. Compiled connectors have some thousands.
pub const TABLE_ENTRIES: usize = 100_000;

/// How often a computing connector yields to other calls and has its time checked.
pub const TICK: Duration = Duration::from_millis(10);

/// Concurrent sandboxes of a host. Each reserves address space even when unused, but no memory.
pub const SANDBOXES: u32 = 1_000;

/// Memory of all sandboxes of a host together. A thousand sandboxes that wait for a response use less than half of it.
pub const TOTAL_MEMORY_BYTES: u64 = 4096 * MIB;

const MIB: u64 = 1024 * 1024;

/// The limits of a call. The defaults are the constants of this [module](self).
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
    /// Memory of the sandbox in bytes, at most [`MAX_MEMORY_BYTES`]. It includes what the host holds for the sandbox:
    /// requests that are not sent yet, header fields and buffers.
    pub memory_bytes: u64,
    /// Computing time of the connector's own code.
    pub cpu_time: Duration,
    /// Duration of the whole call.
    pub call_timeout: Duration,
    /// Time limit for connecting, including DNS and TLS. When this limit or one of the next two is reached, the
    /// connector gets an error and decides how the call ends. A connector can request less time, but not more.
    pub connect_timeout: Duration,
    /// Time limit for a response to begin, after connecting.
    pub first_byte_timeout: Duration,
    /// Time limit for a pause within a response.
    pub between_bytes_timeout: Duration,
    /// Bytes of responses that the call may receive. Downloads are exempt.
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

/// A limit that a call exceeded.
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
