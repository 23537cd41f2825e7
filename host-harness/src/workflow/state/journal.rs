//! The file: lines with checksums that are only ever added to.

use super::binding::hex;
use super::{Binding, CallKey, StateError};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// How many characters of a checksum a line begins with.
const CHECKSUM: usize = 16;

/// Something that happened to a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Record {
    Start(CallKey),
    Resume(CallKey, String),
    Done(CallKey, Value),
    Skipped(CallKey),
    Failed { key: CallKey, unknown: bool, resume: Option<String> },
}

/// The open file. Its lock ends with it.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
}

impl Journal {
    /// Opens or creates the file, and reads what is in it.
    pub(super) fn open(path: &Path, binding: &Binding) -> Result<(Self, Vec<Record>), StateError> {
        let io = |action| move |error| StateError::Io { path: path.to_owned(), action, error };
        let file = open_private(path).map_err(io("opened"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StateError::Locked(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(io("locked")(error)),
        }
        let mut journal = Self { file };
        let mut bytes = Vec::new();
        journal.file.read_to_end(&mut bytes).map_err(io("read"))?;
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let mut records = Vec::new();
        let mut whole = 0;
        for (index, line) in lines.iter().enumerate() {
            let damaged = || StateError::Damaged { path: path.to_owned(), line: index + 1 };
            let Some(value) = read_line(line) else {
                // The process was killed while it wrote the last line. A file whose only line is no state is not ours.
                let is_torn = index + 1 == lines.len() && !line.ends_with(b"\n") && (index > 0 || is_beginning(line));
                if is_torn {
                    break;
                }
                return Err(damaged());
            };
            if index == 0 {
                let differences = binding.differences(&value).ok_or_else(damaged)?;
                if !differences.is_empty() {
                    return Err(StateError::OtherRun { path: path.to_owned(), differences });
                }
            } else {
                records.push(Record::from_json(value).ok_or_else(damaged)?);
            }
            whole += line.len();
        }
        if whole < bytes.len() {
            journal.file.set_len(whole as u64).map_err(io("written"))?;
        }
        journal.file.seek(SeekFrom::Start(whole as u64)).map_err(io("written"))?;
        if whole == 0 {
            journal.file.write_all(line(&binding.header()).as_bytes()).map_err(io("written"))?;
            journal.sync().map_err(io("written"))?;
            sync_folder(path).map_err(io("written"))?;
        }
        Ok((journal, records))
    }

    /// Adds records in one write. With `sync` they are on the disk when this returns.
    pub(super) fn append(&mut self, records: &[Record], sync: bool) -> io::Result<()> {
        let text: String = records.iter().map(|record| line(&record.to_json())).collect();
        self.file.write_all(text.as_bytes())?;
        if sync { self.sync() } else { Ok(()) }
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Opens a file that only its owner can read, and creates it if it is not there.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let permissions = std::fs::Permissions::from_mode(0o600);
        if file.metadata()?.permissions().mode() & 0o777 != 0o600 {
            file.set_permissions(permissions)?;
        }
    }
    Ok(file)
}

/// Makes the new name of a file last.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// A line: checksum, space, JSON, line feed.
fn line(value: &Value) -> String {
    let json = value.to_string();
    format!("{} {json}\n", checksum(json.as_bytes()))
}

/// The value of a whole line whose checksum is right.
fn read_line(line: &[u8]) -> Option<Value> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = (line.get(..CHECKSUM)?, line.get(CHECKSUM + 1..)?);
    if sum != checksum(json).as_bytes() {
        return None;
    }
    serde_json::from_slice(json).ok()
}

/// Whether a line may be the beginning of a first line that was not written to its end.
fn is_beginning(line: &[u8]) -> bool {
    line.iter().take(CHECKSUM).all(u8::is_ascii_hexdigit)
        && line.get(CHECKSUM..).is_none_or(|rest| b" {\"state\"".starts_with(rest) || rest.starts_with(b" {\"state\""))
}

fn checksum(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..CHECKSUM / 2])
}

impl Record {
    fn to_json(&self) -> Value {
        let call = |key: &CallKey| json!([key.step, key.index]);
        match self {
            Self::Start(key) => json!({ "start": call(key) }),
            Self::Resume(key, input) => json!({ "resume": call(key), "input": input }),
            Self::Done(key, output) => json!({ "done": call(key), "output": output }),
            Self::Skipped(key) => json!({ "skipped": call(key) }),
            Self::Failed { key, unknown, resume } => {
                json!({ "failed": call(key), "unknown": unknown, "input": resume })
            }
        }
    }

    fn from_json(mut value: Value) -> Option<Self> {
        let object = value.as_object_mut()?;
        let (kind, call) = object.iter().next()?;
        let key = CallKey {
            step: call.get(0)?.as_str()?.to_owned(),
            index: match call.get(1)? {
                Value::Null => None,
                index => Some(usize::try_from(index.as_u64()?).ok()?),
            },
        };
        let input = object.get("input").and_then(Value::as_str).map(str::to_owned);
        Some(match kind.as_str() {
            "start" => Self::Start(key),
            "resume" => Self::Resume(key, input?),
            "skipped" => Self::Skipped(key),
            "failed" => Self::Failed { key, unknown: object.get("unknown")?.as_bool()?, resume: input },
            "done" => Self::Done(key, object.get_mut("output")?.take()),
            _ => return None,
        })
    }
}
