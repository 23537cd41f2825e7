use super::cache::Cache;
use super::*;
use crate::limits;
use std::fs;

fn host(cache: Cache) -> Host {
    Host::builder().cache(cache).build().unwrap()
}

/// Compiles a component, or takes it from the cache.
fn load_compiled(host: &Host, bytes: &[u8]) -> Result<(), LoadError> {
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
    load_compiled(&host, EMPTY).unwrap();
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
        load_compiled(&host, EMPTY).unwrap();
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
    assert!(load_compiled(&host, EMPTY).is_ok());
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

/// A component whose compilation takes long, so that it shows which thread it is done on.
fn slow_to_compile(functions: usize) -> Vec<u8> {
    let function =
        "(func (param i32) (result i32) (local.get 0) ".to_owned() + &"(i32.const 7) (i32.mul) ".repeat(2000) + ")";
    wat::parse_str(format!("(component (core module {}))", function.repeat(functions))).unwrap()
}

/// The only thread of the runtime goes on while a component is compiled.
#[tokio::test]
async fn compiling_does_not_block_the_runtime() {
    let (host, bytes) = (host(Cache::none()), slow_to_compile(100));
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

#[test]
fn compiling_ends_at_its_deadline_and_the_host_goes_on() {
    let timeout = std::time::Duration::from_millis(50);
    let host = Host::builder().cache(Cache::none()).compile_timeout(timeout).build().unwrap();
    let started = Instant::now();
    let error = Component::load_blocking(&host, slow_to_compile(100)).err().unwrap();
    assert!(matches!(error, LoadError::Timeout(limit) if limit == timeout), "{error}");
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
    assert!(matches!(Component::load_blocking(&host, EMPTY), Err(LoadError::World(_))));
}

#[test]
fn only_so_many_components_are_compiled_at_once() {
    let host = host(Cache::none());
    let taken: Vec<_> =
        (0..limits::CONCURRENT_COMPILATIONS).map(|_| host.compilations().take().ok().unwrap()).collect();
    let error = Component::load_blocking(&host, EMPTY).err().unwrap();
    assert!(matches!(error, LoadError::Busy(limits::CONCURRENT_COMPILATIONS)), "{error}");
    drop(taken);
    assert!(matches!(Component::load_blocking(&host, EMPTY), Err(LoadError::World(_))));
}

#[test]
fn what_imports_too_much_is_neither_compiled_nor_kept() {
    let base = folder();
    let cache = base.path().join("cache");
    let host = host(Cache::in_folder(&cache));
    let bytes = wat::parse_str(r#"(component (import "wasi:sockets/tcp@0.2.2" (instance)))"#).unwrap();
    assert!(matches!(Component::load_blocking(&host, bytes), Err(LoadError::Import(_))));
    assert!(!cache.exists());
}

#[test]
fn proposals_that_no_connector_needs_are_refused() {
    let host = host(Cache::none());
    for (proposal, module) in [
        ("memory64", "(memory i64 1)"),
        ("multi-memory", "(memory 1) (memory 1)"),
        ("tail calls", "(func $f return_call $f)"),
        ("relaxed SIMD", "(func (param v128 v128) (result v128) local.get 0 local.get 1 i8x16.relaxed_swizzle)"),
        ("exceptions", "(tag (param i32))"),
        ("garbage collection", "(type (struct (field i32)))"),
        ("threads", "(memory 1 1 shared)"),
        ("wide arithmetic", "(func (param i64 i64) (result i64 i64) local.get 0 local.get 1 i64.mul_wide_u)"),
    ] {
        let bytes = wat::parse_str(format!("(component (core module {module}))")).unwrap();
        let error = compile(&host, &bytes).err().unwrap_or_else(|| panic!("{proposal} is not refused"));
        assert!(matches!(error, LoadError::Invalid(_)), "{proposal}: {error}");
    }
}

#[test]
fn a_cache_that_is_full_removes_what_was_used_longest_ago() {
    let base = folder();
    let component =
        |number: usize| wat::parse_str(format!(r#"(component (core module (func (export "{number}"))))"#)).unwrap();
    let entry = {
        let base = folder();
        load_compiled(&host(Cache::in_folder(base.path())), &component(0)).unwrap();
        fs::metadata(&entries(base.path())[0]).unwrap().len()
    };
    // Room for three of them.
    let cache = Cache::in_folder(base.path()).with_max_bytes(entry * 3 + entry / 2);
    let host = host(cache.clone());
    let has = |number: usize| cache.load(host.engine(), &Sha256::digest(component(number)).into()).is_some();
    for number in 0..3 {
        load_compiled(&host, &component(number)).unwrap();
        // Times of files are coarse.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    fs::write(base.path().join("of somebody else"), "kept").unwrap();
    assert!(has(0));
    std::thread::sleep(std::time::Duration::from_millis(20));
    load_compiled(&host, &component(3)).unwrap();
    assert_eq!([0, 1, 2, 3].map(has), [true, false, true, true]);
    assert!(base.path().join("of somebody else").exists());
}
