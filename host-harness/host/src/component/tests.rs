use super::cache::Cache;
use super::*;
use std::fs;

fn host(cache: Cache) -> Host {
    Host::builder().cache(cache).build().unwrap()
}

/// Compiles a component, or takes it from the cache.
fn compile(host: &Host, bytes: &[u8]) -> Result<(), LoadError> {
    compiled(host, bytes, &Sha256::digest(bytes).into()).map(drop)
}

/// A component that imports nothing and exports nothing.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn load(folder: &Path) -> Option<wasmtime::component::Component> {
    let host = host(Cache::none());
    Cache::in_folder(folder).load(host.engine(), &Sha256::digest(EMPTY).into())
}

/// What happens to the bytes of an entry.
type Damage = fn(&[u8]) -> Vec<u8>;

/// A cache with one entry, and the entry's file.
fn filled() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let base = folder();
    let cache = base.path().join("deep/cache");
    let host = host(Cache::in_folder(&cache));
    compile(&host, EMPTY).unwrap();
    let file = entries(&cache).pop().unwrap();
    (base, cache, file)
}

#[test]
fn what_was_compiled_is_kept_and_used_again() {
    let (_base, cache, file) = filled();
    assert_eq!(entries(&cache), [file]);
    assert!(load(&cache).is_some());
}

#[test]
fn an_entry_that_is_damaged_or_foreign_is_compiled_anew_and_overwritten() {
    let damages: [Damage; 8] = [
        |_| Vec::new(),
        |entry| entry[..entry.len() / 2].to_vec(),
        |entry| entry[..40].to_vec(),
        // One bit of the code, of the checksum, of the key, of the beginning.
        |entry| flip(entry, entry.len() - 1),
        |entry| flip(entry, 60),
        |entry| flip(entry, 20),
        |entry| flip(entry, 0),
        // Compiled code as other tools write it, without our head.
        |entry| entry[16 + 64..].to_vec(),
    ];
    for (index, damage) in damages.into_iter().enumerate() {
        let (_base, cache, file) = filled();
        let sound = fs::read(&file).unwrap();
        fs::write(&file, damage(&sound)).unwrap();
        assert!(load(&cache).is_none(), "damage {index}");
        let host = host(Cache::in_folder(&cache));
        compile(&host, EMPTY).unwrap();
        assert!(load(&cache).is_some(), "damage {index} was not repaired");
    }
}

fn flip(entry: &[u8], index: usize) -> Vec<u8> {
    let mut entry = entry.to_vec();
    entry[index] ^= 1;
    entry
}

#[test]
fn an_entry_for_another_component_is_not_used() {
    let (_base, cache, _) = filled();
    let host = host(Cache::none());
    assert!(Cache::in_folder(&cache).load(host.engine(), &[7; 32]).is_none());
}

#[cfg(unix)]
#[test]
fn what_others_could_have_written_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let (_base, cache, file) = filled();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
    mode(&file, 0o622);
    assert!(load(&cache).is_none());
    mode(&file, 0o600);
    assert!(load(&cache).is_some());
    mode(&cache, 0o777);
    assert!(load(&cache).is_none());
}

#[test]
fn a_cache_that_cannot_be_written_costs_time_only() {
    let base = folder();
    let blocked = base.path().join("file");
    fs::write(&blocked, "").unwrap();
    let host = host(Cache::in_folder(blocked.join("cache")));
    assert!(compile(&host, EMPTY).is_ok());
}

#[test]
fn what_is_no_component_is_refused() {
    let host = host(Cache::none());
    for bytes in [b"".as_slice(), b"no wasm at all", b"\0asm\x01\0\0\0"] {
        assert!(matches!(Component::load_blocking(&host, bytes), Err(LoadError::Invalid(_))), "{bytes:?}");
    }
    let missing = Component::from_file_blocking(&host, "/nowhere/x.wasm").err().unwrap();
    assert!(missing.to_string().starts_with("/nowhere/x.wasm could not be read"), "{missing}");
}

#[test]
fn a_component_without_the_worlds_exports_is_no_connector() {
    let host = host(Cache::none());
    let error = Component::load_blocking(&host, EMPTY).err().unwrap();
    assert!(error.to_string().contains("workflow:connector/connector@0.2.0"), "{error}");
}

#[test]
fn imports_are_those_of_the_world() {
    for allowed in ["wasi:http/types@0.2.2", "wasi:http/outgoing-handler@0.2.9", "wasi:cli/environment@0.2.0"] {
        assert!(check_import(allowed).is_ok(), "{allowed}");
    }
    assert!(check_import("workflow:connector/types@0.2.0").is_ok());
    for refused in [
        "wasi:filesystem/types@0.2.2",
        "wasi:filesystem/preopens@0.2.2",
        "wasi:sockets/tcp@0.2.2",
        "wasi:http/incoming-handler@0.2.2",
        "wasi:http/types@0.3.0",
        "wasi:http/types",
        "secrets",
    ] {
        let error = check_import(refused).unwrap_err();
        assert!(error.to_string().contains(&format!("`{refused}`")), "{error}");
    }
    assert_eq!(bindings::allowed_imports().count(), 19);
}

/// A component whose compilation takes long, so that it shows which thread it is done on.
fn slow_to_compile() -> Vec<u8> {
    let function =
        "(func (param i32) (result i32) (local.get 0) ".to_owned() + &"(i32.const 7) (i32.mul) ".repeat(2000) + ")";
    wat::parse_str(format!("(component (core module {}))", function.repeat(100))).unwrap()
}

/// The only thread of the runtime goes on while a component is compiled.
#[tokio::test]
async fn compiling_does_not_block_the_runtime() {
    let (host, bytes) = (host(Cache::none()), slow_to_compile());
    let started = Instant::now();
    let load = tokio::spawn(async move { Component::load(&host, bytes).await.err().unwrap() });
    tokio::task::yield_now().await;
    let mut longest = std::time::Duration::ZERO;
    while !load.is_finished() {
        let turn = Instant::now();
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        longest = longest.max(turn.elapsed());
    }
    let compiling = started.elapsed();
    assert!(matches!(load.await.unwrap(), LoadError::World(_)));
    assert!(compiling > std::time::Duration::from_millis(200), "it was compiled in {compiling:?}, which shows nothing");
    assert!(longest < compiling / 2, "the runtime stood still for {longest:?} of {compiling:?}");
}
