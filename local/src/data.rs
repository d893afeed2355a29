//! Where the state is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;

/// Where tables and queues are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In memory, for as long as the process lives.
    Memory,
    /// In files of this directory, which is made if need be. One process at a time may use it.
    Directory(PathBuf),
}

/// Holds the directory for this process; the lock ends with the process, however that ends.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: Option<File>,
}

impl Data {
    /// The path of one of its files; `None` in memory.
    pub(crate) fn file(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Memory => None,
            Self::Directory(directory) => Some(directory.join(name)),
        }
    }

    /// Makes the directory and takes it for this process.
    pub(crate) fn lock(&self) -> io::Result<DataLock> {
        let Self::Directory(directory) = self else { return Ok(DataLock { _file: None }) };
        std::fs::create_dir_all(directory)?;
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(directory.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(DataLock { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => {
                Err(io::Error::new(io::ErrorKind::ResourceBusy, "another process is using it"))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
