//! Writes an output to a file, piece by piece. Under the final name there is the old file or the complete new one, never
//! a part.

use crate::cli::error::CliError;
use crate::cli::session::Session;
use connector_host::Download;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// How much is asked for at once: enough that the calls into the sandbox cost nothing against the network.
const PIECE: u32 = 256 * 1024;

pub(super) async fn run(
    session: &Session,
    operation: &str,
    input: &str,
    path: &Path,
    json: bool,
) -> Result<(), CliError> {
    // Before the call: a path that cannot be written should not cost one that acts.
    let mut target = Target::create(path)
        .map_err(|error| CliError::usage(format!("--output: {} cannot be written: {error}", path.display())))?;
    let download = session.connector.open(&session.auth, operation, input).await;
    let download = download.map_err(|failure| CliError::failed(&session.connector, failure))?;
    let media_type = download.media_type().to_owned();
    let bytes = copy(session, download, target.writer(), json).await?;
    target.finish(path)?;
    if json {
        eprintln!("{}", json!({"file": path, "bytes": bytes, "media_type": media_type}));
    } else {
        eprintln!("wrote {} ({bytes} bytes, {media_type})", path.display());
    }
    Ok(())
}

async fn copy(session: &Session, mut download: Download, writer: &mut dyn Write, json: bool) -> Result<u64, CliError> {
    let progress = progress(download.size(), json);
    let mut written = 0;
    loop {
        let piece = download.read(PIECE).await;
        let piece = piece.map_err(|failure| {
            progress.finish_and_clear();
            CliError::failed(&session.connector, failure)
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
    Beside(BufWriter<NamedTempFile>),
    InPlace(BufWriter<File>),
}

impl Target {
    fn create(path: &Path) -> io::Result<Self> {
        // Through links, so that a link stays one.
        if let Ok(metadata) = std::fs::metadata(path) {
            if metadata.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
            }
            if !metadata.is_file() {
                let device = File::options().write(true).open(path)?;
                return Ok(Self::InPlace(BufWriter::new(device)));
            }
        }
        let path = final_path(path);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".download-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The rights that a new file has, less what the user's mask takes away.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        Ok(Self::Beside(BufWriter::new(builder.tempfile_in(folder)?)))
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Beside(writer) => writer,
            Self::InPlace(writer) => writer,
        }
    }

    /// Gives the complete file its name.
    fn finish(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Beside(writer) => {
                let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
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
