//! The `wasi:http` error code of each error that the HTTP client gives.

use wasmtime::StoreContextMut;
use wasmtime::component::{LinkerInstance, Resource};
use wasmtime_wasi_http::p2::bindings::http::types::{DnsErrorPayload, ErrorCode, IoError, TlsAlertReceivedPayload};
use wasmtime_wasi_http::{Error, WasiHttpView};

/// Links `http-error-code`, with which a guest asks what broke the body of a response.
pub(super) fn add_to_linker<T: WasiHttpView + 'static>(types: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    types.func_wrap("http-error-code", |mut store: StoreContextMut<'_, T>, (error,): (Resource<IoError>,)| {
        let error = store.data_mut().http().table.get(&error)?.downcast_ref::<Error>();
        Ok((error.map(of_body),))
    })
}

/// The code for a response that broke off.
fn of_body(error: &Error) -> ErrorCode {
    match error {
        // The head is there already, so this is about what follows the body.
        Error::HttpResponseHeaderSectionSize(max) => ErrorCode::HttpResponseTrailerSectionSize(*max),
        error => of(error),
    }
}

/// The code for a request that got no response.
pub(super) fn of_request(error: &Error) -> ErrorCode {
    of(error)
}

fn of(error: &Error) -> ErrorCode {
    match error {
        Error::DnsError { rcode, info_code } => {
            ErrorCode::DnsError(DnsErrorPayload { rcode: rcode.clone(), info_code: *info_code })
        }
        Error::TlsAlertReceived { alert_id, alert_message } => ErrorCode::TlsAlertReceived(TlsAlertReceivedPayload {
            alert_id: *alert_id,
            alert_message: alert_message.clone(),
        }),
        Error::DestinationUnavailable => ErrorCode::DestinationUnavailable,
        Error::DestinationIpProhibited => ErrorCode::DestinationIpProhibited,
        Error::ConnectionRefused => ErrorCode::ConnectionRefused,
        Error::ConnectionTerminated => ErrorCode::ConnectionTerminated,
        Error::ConnectionTimeout => ErrorCode::ConnectionTimeout,
        Error::ConnectionReadTimeout => ErrorCode::ConnectionReadTimeout,
        Error::TlsProtocolError => ErrorCode::TlsProtocolError,
        Error::TlsCertificateError => ErrorCode::TlsCertificateError,
        Error::HttpRequestDenied => ErrorCode::HttpRequestDenied,
        Error::HttpRequestBodySize(size) => ErrorCode::HttpRequestBodySize(*size),
        Error::HttpRequestMethodInvalid => ErrorCode::HttpRequestMethodInvalid,
        Error::HttpRequestUriInvalid => ErrorCode::HttpRequestUriInvalid,
        Error::HttpResponseIncomplete => ErrorCode::HttpResponseIncomplete,
        Error::HttpResponseHeaderSectionSize(max) => ErrorCode::HttpResponseHeaderSectionSize(*max),
        Error::HttpResponseBodySize(max) => ErrorCode::HttpResponseBodySize(*max),
        Error::HttpResponseTimeout => ErrorCode::HttpResponseTimeout,
        Error::HttpProtocolError => ErrorCode::HttpProtocolError,
        Error::InternalError(message) => ErrorCode::InternalError(message.clone()),
        other => ErrorCode::InternalError(Some(other.to_string())),
    }
}
