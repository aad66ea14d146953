//! Whether a file that is to be written is the one that was read, by whatever name.

use std::fs;
use std::io;
use std::path::Path;

/// Whether `path` is the file that was read from `source`, which is standard input if it is `-`.
pub(crate) fn is_input(path: &Path, source: &Path) -> bool {
    let source = if source == Path::new("-") { identity_of_stdin() } else { identity(source) };
    source.is_ok_and(|source| identity(path).is_ok_and(|file| file == source))
}

/// Device and number, which links share.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|file| numbers(&file))
}

#[cfg(unix)]
fn numbers(file: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

#[cfg(unix)]
fn identity_of_stdin() -> io::Result<Identity> {
    use std::os::fd::AsFd;
    let stdin = fs::File::from(io::stdin().as_fd().try_clone_to_owned()?);
    stdin.metadata().map(|file| numbers(&file))
}

#[cfg(not(unix))]
type Identity = std::path::PathBuf;

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::canonicalize(path)
}

#[cfg(not(unix))]
fn identity_of_stdin() -> io::Result<Identity> {
    Err(io::ErrorKind::Unsupported.into())
}
