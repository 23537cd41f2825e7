//! Who may read a file that takes the place of another one.

use std::fs::{File, Metadata};
use std::io;

/// The access that a file is to have once it is complete.
pub struct Access {
    #[cfg(unix)]
    owner: Option<(u32, u32)>,
    #[cfg(unix)]
    mode: u32,
    #[cfg(not(unix))]
    permissions: Option<std::fs::Permissions>,
}

#[cfg(unix)]
impl Access {
    /// That of the file whose place is taken; where there is none, that of a new file of this user's.
    pub fn of(old: Option<&Metadata>) -> Self {
        use std::os::unix::fs::MetadataExt;
        match old {
            Some(old) => Self { owner: Some((old.uid(), old.gid())), mode: old.mode() & 0o777 },
            None => Self { owner: None, mode: 0o666 & !umask() },
        }
    }

    /// Gives a file this access. Where its owner or group cannot be kept, only the owner gets access: nobody can read
    /// the new file who could not read the old one.
    ///
    /// # Errors
    ///
    /// Returns the system's error if the access cannot be changed.
    pub fn give(&self, file: &File) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        let new = file.metadata()?;
        let is_kept = self.owner.is_none_or(|(user, group)| {
            (new.uid(), new.gid()) == (user, group) || fchown(file, Some(user), Some(group)).is_ok()
        });
        file.set_permissions(PermissionsExt::from_mode(if is_kept { self.mode } else { self.mode & 0o700 }))
    }
}

/// What this user takes away from new files. It can be read only by setting it.
#[cfg(unix)]
fn umask() -> u32 {
    use rustix::fs::Mode;
    use rustix::process::umask;
    let mask = umask(Mode::from_raw_mode(0o077));
    umask(mask);
    mask.as_raw_mode()
}

#[cfg(not(unix))]
impl Access {
    /// That of the file whose place is taken.
    pub fn of(old: Option<&Metadata>) -> Self {
        Self { permissions: old.map(Metadata::permissions) }
    }

    /// Gives a file this access.
    ///
    /// # Errors
    ///
    /// Returns the system's error if the access cannot be changed.
    pub fn give(&self, file: &File) -> io::Result<()> {
        self.permissions.clone().map_or(Ok(()), |permissions| file.set_permissions(permissions))
    }
}
