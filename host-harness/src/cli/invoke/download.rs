//! Writes an output to a file, piece by piece. Under the final name there is the old file or the complete new one, never
//! a part.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::file_access::Access;
use crate::cli::terminal;
use connector_host::{Call, Download};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fs::{File, Metadata};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// How much is asked for at once: enough that the calls into the sandbox cost nothing against the network.
const PIECE: u32 = 256 * 1024;

pub(super) async fn run(context: &Context, call: Call, path: &Path, json: bool) -> Result<(), CliError> {
    // Before the call: a path that cannot be written should not cost one that acts.
    let mut target = Target::create(path)
        .map_err(|error| CliError::usage(format!("--output: {} cannot be written: {error}", path.display())))?;
    let operation = call.operation().to_owned();
    let download = match context.connector.open(&context.auth, call).await {
        Ok(download) => download,
        Err(failure) => return Err(super::failed(context, &operation, failure).await),
    };
    let media_type = download.media_type().to_owned();
    let bytes = copy(download, target.writer(), json).await?;
    target.finish(path)?;
    if json {
        terminal::tell(json!({"file": path, "bytes": bytes, "media_type": media_type}));
    } else {
        terminal::tell(format!("wrote {} ({bytes} bytes, {media_type})", path.display()));
    }
    Ok(())
}

async fn copy(mut download: Download, writer: &mut dyn Write, json: bool) -> Result<u64, CliError> {
    let progress = progress(download.size(), json);
    let mut written = 0;
    loop {
        let piece = download.read(PIECE).await;
        let piece = piece.map_err(|failure| {
            progress.finish_and_clear();
            CliError::failed(failure)
        })?;
        if piece.is_empty() {
            break;
        }
        writer.write_all(&piece)?;
        written += piece.len() as u64;
        progress.set_position(written);
    }
    writer.flush()?;
    progress.finish_and_clear();
    Ok(written)
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
