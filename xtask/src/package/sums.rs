//! `SHA256SUMS`, as `sha256sum --check` reads it.

use sha2::{Digest, Sha256};
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The file with the checksums of all others.
pub const FILE: &str = "SHA256SUMS";

/// Writes the checksums of all files in `folder`, sorted by name, and returns them.
pub fn write(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut files = Vec::new();
    find(folder, &mut files)?;
    let mut lines = Vec::new();
    for file in files {
        let name = file.strip_prefix(folder)?.components();
        let name: Vec<_> = name.map(|part| part.as_os_str().to_string_lossy()).collect();
        lines.push((name.join("/"), sha256(&fs::read(&file)?)));
    }
    lines.sort();
    let mut text = String::new();
    for (name, sum) in lines {
        writeln!(text, "{sum}  {name}")?;
    }
    fs::write(folder.join(FILE), &text)?;
    Ok(text)
}

/// The SHA-256 of `bytes`, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { find(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::sha256;

    #[test]
    fn a_checksum_is_written_as_sha256sum_writes_it() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
