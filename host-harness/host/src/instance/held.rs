//! What the host holds for a sandbox outside of its memory: requests that are not sent yet, header fields, bodies on their way.
//!
//! A sandbox of a few MiB could have the host keep gigabytes otherwise. So each kind is bounded
//! ([`RESOURCES`](limits::RESOURCES), [`FIELDS_BYTES`](limits::FIELDS_BYTES),
//! [`BODY_PIECE_BYTES`](limits::BODY_PIECE_BYTES), and the texts of a request), requests count when they are made, and what there is
//! (for a request under way, the HTTP client's buffers: [`REQUEST_UNDER_WAY_BYTES`](limits::REQUEST_UNDER_WAY_BYTES))
//! is charged to the sandbox's memory: at each request that is made, and at each tick while the connector computes.

use crate::limits;
use crate::wasi_http::exchange::Exchange;
use http::HeaderMap;
use std::any::Any;
use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::body::{HostIncomingBody, HostOutgoingBody};
use wasmtime_wasi_http::p2::types::{HostIncomingResponse, HostOutgoingRequest};

/// What any resource takes: itself and its place in the table.
const RESOURCE_BYTES: usize = 256;

/// What each field of a set of header fields takes besides its text.
const FIELD_BYTES: usize = 64;

/// Bytes that the host holds for the resources of a sandbox: an estimate that is rather too high.
pub(super) fn bytes(table: &mut ResourceTable) -> usize {
    table.iter_mut().map(|resource| RESOURCE_BYTES + bytes_of(&*resource)).sum()
}

fn bytes_of(resource: &(dyn Any + Send)) -> usize {
    if let Some(fields) = resource.downcast_ref::<FieldMap>() {
        fields_bytes(fields)
    } else if let Some(request) = resource.downcast_ref::<HostOutgoingRequest>() {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let texts = text(&request.path_with_query) + text(&request.authority);
        // It is about to be sent.
        fields_bytes(&request.headers) + texts + limits::REQUEST_UNDER_WAY_BYTES
    } else if resource.is::<HostOutgoingBody>() {
        // One piece that is being written, and two that wait.
        3 * limits::BODY_PIECE_BYTES
    } else if resource.is::<Exchange>() {
        limits::REQUEST_UNDER_WAY_BYTES
    } else if let Some(response) = resource.downcast_ref::<HostIncomingResponse>() {
        // Once the guest has taken the body, that is what there is.
        fields_bytes(&response.headers) + response.body.as_ref().map_or(0, |_| limits::REQUEST_UNDER_WAY_BYTES)
    } else if resource.is::<HostIncomingBody>() {
        limits::BODY_PIECE_BYTES + limits::REQUEST_UNDER_WAY_BYTES
    } else {
        0
    }
}

fn fields_bytes(fields: &HeaderMap) -> usize {
    fields.iter().map(|(name, value)| FIELD_BYTES + name.as_str().len() + value.len()).sum()
}
