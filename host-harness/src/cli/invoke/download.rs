//! Writes an output to a file, piece by piece. Under the final name there is the old file or the complete new one, never
//! a part.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::{terminal, units};
use connector_host::{Call, Download, Failure, Problem, Reason};
use host_harness::file_access::Access;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fs::{File, Metadata};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::time::{Instant, timeout_at};

/// How much is asked for at once: enough that the calls into the sandbox cost nothing against the network.
const PIECE: u32 = 256 * 1024;

/// What a download may take. The limits of a call bound how slowly it may come, not how much there may be.
#[derive(Debug, clap::Args)]
pub(super) struct Limits {
    /// Limit on the bytes of --output. Default: 16GiB.
    #[arg(long, value_name = "BYTES", value_parser = units::bytes, requires = "output", default_value = "16GiB", hide_default_value = true)]
    max_output: u64,
    /// Time limit for the whole --output. Default: 6h.
    #[arg(long, value_name = "TIME", value_parser = units::duration, requires = "output", default_value = "6h", hide_default_value = true)]
    output_timeout: Duration,
}

pub(super) async fn run(
    context: &Context,
    call: Call,
    path: &Path,
    limits: &Limits,
    json: bool,
) -> Result<(), CliError> {
    let deadline = Instant::now() + limits.output_timeout;
    // Before the call: a path that cannot be written should not cost one that acts.
    let mut target = Target::create(path)
        .map_err(|error| CliError::usage(format!("--output: {} cannot be written: {error}", path.display())))?;
    let operation = call.operation().to_owned();
    let opened = timeout_at(deadline, context.connector.open(context.auth()?, call)).await;
    let download = match opened.unwrap_or_else(|_| Err(late(limits))) {
        Ok(download) => download,
        Err(failure) => return Err(super::failed(context, &operation, failure).await),
    };
    let media_type = download.media_type().to_owned();
    let copied = timeout_at(deadline, copy(download, target.writer(), limits.max_output, json)).await;
    let bytes = copied.unwrap_or_else(|_| Err(CliError::failed(late(limits))))?;
    target.finish(path)?;
    if json {
        terminal::tell(json!({"file": path, "bytes": bytes, "media_type": media_type}));
    } else {
        terminal::tell(format!("wrote {} ({bytes} bytes, {media_type})", path.display()));
    }
    Ok(())
}

async fn copy(mut download: Download, writer: &mut dyn Write, max: u64, json: bool) -> Result<u64, CliError> {
    let progress = Progress(progress(download.size(), json));
    let mut written = 0;
    loop {
        let piece = download.read(PIECE).await.map_err(CliError::failed)?;
        if piece.is_empty() {
            break;
        }
        written += piece.len() as u64;
        if written > max {
            let limit = format!("the output is larger than {max} bytes, which is the limit; --max-output raises it");
            return Err(CliError::failed(ended(limit)));
        }
        writer.write_all(&piece)?;
        progress.0.set_position(written);
    }
    writer.flush()?;
    Ok(written)
}

/// The download took too long.
fn late(limits: &Limits) -> Failure {
    let time = humantime::format_duration(limits.output_timeout);
    ended(format!("the output took more than {time}, which is the limit; --output-timeout raises it"))
}

/// A download that a limit ended.
fn ended(message: String) -> Failure {
    let mut problem = Problem::new(Reason::ExecutionFailed, message);
    problem.request_sent = true;
    Failure::permanent(problem)
}

/// A progress bar that is cleared however the download ends.
struct Progress(ProgressBar);

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn progress(size: Option<u64>, json: bool) -> ProgressBar {
    if json || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match size {
        Some(size) => (ProgressBar::new(size), "{bar:40} {bytes} of {total_bytes} ({bytes_per_sec}, {eta} left)"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} ({bytes_per_sec})"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Where the output goes: a file beside the final one, or what is there already where that is no plain file.
enum Target {
    Beside { writer: BufWriter<NamedTempFile>, access: Access },
    InPlace(BufWriter<File>),
}

impl Target {
    fn create(path: &Path) -> io::Result<Self> {
        // Through links, so that a link stays one.
        let existing = std::fs::metadata(path).ok();
        if existing.as_ref().is_some_and(Metadata::is_dir) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        if existing.as_ref().is_some_and(|existing| !existing.is_file()) {
            let device = File::options().write(true).open(path)?;
            return Ok(Self::InPlace(BufWriter::new(device)));
        }
        let path = final_path(path);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Only this user can read it until it is complete.
        let file = tempfile::Builder::new().prefix(".download-").tempfile_in(folder)?;
        Ok(Self::Beside { writer: BufWriter::new(file), access: Access::of(existing.as_ref()) })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Beside { writer, .. } => writer,
            Self::InPlace(writer) => writer,
        }
    }

    /// Gives the complete file its name.
    fn finish(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Beside { writer, access } => {
                let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
                access.give(file.as_file())?;
                file.as_file().sync_all()?;
                file.persist(final_path(path)).map_err(|error| error.error)?;
                Ok(())
            }
            Self::InPlace(mut writer) => writer.flush(),
        }
    }
}

/// The file itself, where the path is a link to it.
fn final_path(path: &Path) -> std::path::PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
