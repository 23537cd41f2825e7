//! Compiled components on disk.
//!
//! Compiled code runs outside of the sandbox, so what is read back must be what was written. An entry is used only if
//!
//! - its folder and its file belong to this user, and nobody else can write to them,
//! - it names the component (by SHA-256) and the engine (version, settings, kind of processor) that it is for, and
//! - its checksum is right, which finds what a broken disk or a half copy did.
//!
//! Everything else is compiled anew and overwritten. The checksum is no defence against this very user, who can
//! replace the host itself as well.

use crate::limits::CACHE_BYTES;
use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use wasmtime::Engine;
use wasmtime::component::Component;

/// What an entry begins with. The number changes with the format.
const MAGIC: &[u8; 16] = b"host-harness/1\r\n";

/// The bytes before the code: magic, key, and checksum.
const HEAD: usize = MAGIC.len() + 32 + 32;

/// More than any compiled connector has; it keeps a foreign file from filling the memory.
const MAX_CODE_BYTES: u64 = 256 * 1024 * 1024;

/// A folder of compiled components, or none.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: Option<PathBuf>,
    max_bytes: u64,
}

impl Cache {
    /// The user's cache folder: `$XDG_CACHE_HOME/host-harness`, or `~/.cache/host-harness`; none where neither is known.
    pub fn user() -> Self {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
        Self { folder: base.map(|base| base.join("host-harness")), max_bytes: CACHE_BYTES }
    }

    /// A folder of the caller's choice.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), max_bytes: CACHE_BYTES }
    }

    /// No cache: every component is compiled each time that it is loaded.
    pub fn none() -> Self {
        Self { folder: None, max_bytes: 0 }
    }

    /// How many bytes the cache keeps. Default: [`limits::CACHE_BYTES`](crate::limits::CACHE_BYTES). When a component is added,
    /// those that were used longest ago are removed until the rest fits.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// The compiled component, if there is a sound one for this engine.
    pub(super) fn load(&self, engine: &Engine, component: &[u8; 32]) -> Option<Component> {
        let folder = self.folder.as_deref()?;
        let key = key(engine, component);
        let code = match read(folder, &key) {
            Ok(code) => {
                note_use(&file(folder, &key));
                code
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(folder = %folder.display(), %error, "a compiled component is not used, it is compiled anew");
                }
                return None;
            }
        };
        // SAFETY: the code was written by `store` below, as the checks of `read` establish: it comes from
        // `Component::serialize` of an engine of the same version and settings.
        match unsafe { Component::deserialize(engine, &code) } {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!("a compiled component is not used, it is compiled anew: {error:#}");
                None
            }
        }
    }

    /// Keeps a compiled component. A cache that cannot be written costs time only, so a failure is logged.
    pub(super) fn store(&self, engine: &Engine, component: &[u8; 32], code: &[u8]) {
        let Some(folder) = self.folder.as_deref() else { return };
        let key = key(engine, component);
        let kept = write(folder, &key, code).and_then(|()| make_room(folder, self.max_bytes, &file(folder, &key)));
        if let Err(error) = kept {
            tracing::warn!(folder = %folder.display(), %error, "the compiled component could not be kept");
        }
    }
}

/// Notes that an entry was used just now. An entry whose time cannot be set only goes sooner.
fn note_use(file: &Path) {
    let noted = std::fs::File::options().append(true).open(file).and_then(|file| file.set_modified(SystemTime::now()));
    if let Err(error) = noted {
        tracing::debug!(%error, "the time of a compiled component could not be set");
    }
}

/// Removes the entries that were used longest ago, until the rest has no more bytes than that. The one that was just written
/// stays. Other files in the folder are not the cache's.
fn make_room(folder: &Path, max_bytes: u64, written: &Path) -> io::Result<()> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if !is_entry(&path) {
            continue;
        }
        // Another process may have removed it.
        if let Ok(metadata) = std::fs::metadata(&path) {
            entries.push((path == written, metadata.modified()?, metadata.len(), path));
        }
    }
    // The newest first, and before them the one that was just written.
    entries.sort_by(|one, other| other.cmp(one));
    let mut kept = 0_u64;
    for (is_written, _, bytes, path) in entries {
        kept = kept.saturating_add(bytes);
        if kept > max_bytes && !is_written {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether a file has the name of an entry.
fn is_entry(path: &Path) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    path.extension().is_some_and(|extension| extension == "compiled")
        && name.len() == 64
        && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What an entry is for: the component, the engine's version and settings, and the processor's abilities.
fn key(engine: &Engine, component: &[u8; 32]) -> [u8; 32] {
    struct Sink(Sha256);
    impl Hasher for Sink {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut sink = Sink(Sha256::new());
    sink.write(env!("CARGO_PKG_VERSION").as_bytes());
    engine.precompile_compatibility_hash().hash(&mut sink);
    sink.write(component);
    sink.0.finalize().into()
}

fn checksum(key: &[u8; 32], code: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(MAGIC).chain_update(key).chain_update(code).finalize().into()
}

fn file(folder: &Path, key: &[u8; 32]) -> PathBuf {
    let name: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(name).with_extension("compiled")
}

fn read(folder: &Path, key: &[u8; 32]) -> io::Result<Vec<u8>> {
    let invalid = |message: &str| io::Error::new(io::ErrorKind::InvalidData, message);
    let file = std::fs::File::open(file(folder, key))?;
    check_owner(&std::fs::metadata(folder)?)?;
    let metadata = file.metadata()?;
    check_owner(&metadata)?;
    if !metadata.is_file() || metadata.len() > MAX_CODE_BYTES {
        return Err(invalid("it is no compiled component"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    file.take(MAX_CODE_BYTES).read_to_end(&mut bytes)?;
    let parts = bytes.split_at_checked(HEAD).and_then(|(head, code)| {
        let (magic, rest) = head.split_at_checked(MAGIC.len())?;
        let (stored_key, stored_checksum) = rest.split_at_checked(32)?;
        Some((magic, stored_key, stored_checksum, code))
    });
    match parts {
        Some((magic, stored_key, stored_checksum, code)) if magic == MAGIC && stored_key == key => {
            if stored_checksum != checksum(key, code) {
                return Err(invalid("its checksum is wrong"));
            }
        }
        _ => return Err(invalid("it is no compiled component of this host")),
    }
    bytes.drain(..HEAD);
    Ok(bytes)
}

/// Writes beside the final name and renames, so that nobody ever reads half an entry.
fn write(folder: &Path, key: &[u8; 32], code: &[u8]) -> io::Result<()> {
    create_folder(folder)?;
    check_owner(&std::fs::metadata(folder)?)?;
    let mut file_beside = tempfile::NamedTempFile::new_in(folder)?;
    file_beside.write_all(MAGIC)?;
    file_beside.write_all(key)?;
    file_beside.write_all(&checksum(key, code))?;
    file_beside.write_all(code)?;
    file_beside.persist(file(folder, key))?;
    Ok(())
}

#[cfg(unix)]
fn create_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_folder(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}

/// Only this user may have written it.
#[cfg(unix)]
fn check_owner(metadata: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others than this user could have written it"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_owner(_: &std::fs::Metadata) -> io::Result<()> {
    Ok(())
}
