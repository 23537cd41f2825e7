//! Work that would hold up the server's other requests.

use super::error::ApiError;

/// Runs work on a thread for blocking work.
///
/// # Errors
///
/// As the work, and if it panics.
pub(super) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(ApiError::internal(format!("the work ended early: {error}"))),
    }
}
