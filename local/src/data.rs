//! Where the state is.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

use crate::failure::{Context as _, Failure};

/// Where tables and queues are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In memory, for as long as the process lives.
    Memory,
    /// In files of this directory, which is created if missing. Only one process at a time may use it.
    Directory(PathBuf),
}

/// Locks the directory for this process. The lock ends with the process, even after a crash.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: Option<File>,
}

impl Data {
    pub(crate) fn file(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Memory => None,
            Self::Directory(directory) => Some(directory.join(name)),
        }
    }

    /// Creates the directory and locks it.
    pub(crate) fn lock(&self) -> Result<DataLock, Failure> {
        let Self::Directory(directory) = self else { return Ok(DataLock { _file: None }) };
        let unusable = format!("the data directory {} cannot be used", directory.display());
        std::fs::create_dir_all(directory).context(&unusable)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(directory.join("lock"));
        let file = file.context(&unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(DataLock { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::new(format!("{unusable}: another process is using it")))
            }
            Err(TryLockError::Error(error)) => Err(error).context(unusable),
        }
    }
}
