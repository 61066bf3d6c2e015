//! Archives: `.zip` and `.gz` are unpacked into a directory of their own, within limits, and removed afterwards.
//!
//! Formats that jump about in their files (GeoPackage, FileGDB, shapefiles) are slow or impossible to read through
//! GDAL's virtual files, and GDAL does not know GBK names in zip files; so everything is unpacked.

use crate::error::{Error, Result};
use crate::interrupt;
use crate::source::folder::Folder;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

/// What an archive may unpack to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in all, whatever the archive's own size.
    pub total_bytes: u64,
    /// Bytes in all as a multiple of the archive's own, above [`Limits::free_bytes`]: what no real data reaches.
    pub ratio: u64,
    /// Bytes to which [`Limits::ratio`] does not apply.
    pub free_bytes: u64,
    /// Entries.
    pub entries: usize,
}

impl Default for Limits {
    /// 256 GiB, a hundredfold above 256 MiB, 100 000 entries.
    fn default() -> Self {
        Self {
            total_bytes: 256 << 30,
            ratio: 100,
            free_bytes: 256 << 20,
            entries: 100_000,
        }
    }
}

/// Whether `path` is called like an archive that is unpacked.
pub fn is_archive(path: &Path) -> bool {
    matches!(extension(path).as_str(), "zip" | "gz")
}

/// The extension in lower case; empty where there is none.
pub fn extension(path: &Path) -> String {
    path.extension()
        .map_or_else(String::new, |e| e.to_string_lossy().to_lowercase())
}

/// Unpacks the archive at `path` into a new temporary directory, which goes when the result is dropped.
///
/// # Errors
/// Where it is no archive, is damaged, encrypted, breaks a limit, or has an entry that would land elsewhere.
pub fn unpack(path: &Path, limits: Limits) -> Result<Folder> {
    let dir = Folder::new()?;
    let file = File::open(path).map_err(|e| Error::source(path.display(), e))?;
    let packed = file.metadata().map_err(|e| Error::io(path, e))?.len();
    let allowed = limits
        .total_bytes
        .min(limits.free_bytes.max(packed.saturating_mul(limits.ratio)));
    let mut quota = Quota {
        archive: path,
        allowed,
        left: allowed,
    };
    if extension(path) == "gz" {
        let target = dir.path().join(path.file_stem().unwrap_or("data".as_ref()));
        quota.copy(&mut flate2::read::MultiGzDecoder::new(file), &target)?;
    } else {
        unzip(file, dir.path(), limits.entries, &mut quota)?;
    }
    Ok(dir)
}

fn unzip(file: File, dir: &Path, most: usize, quota: &mut Quota<'_>) -> Result<()> {
    let archive = quota.archive;
    let wrong = |e: zip::result::ZipError| Error::source(archive.display(), format!("not a readable zip file: {e}"));
    let mut zip = zip::ZipArchive::new(std::io::BufReader::new(file)).map_err(wrong)?;
    if zip.len() > most {
        return Err(Error::source(
            archive.display(),
            format!("{} entries; at most {most} are unpacked", zip.len()),
        ));
    }
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).map_err(wrong)?;
        let name = entry_name(entry.name_raw());
        let relative = inside(&name).ok_or_else(|| {
            Error::source(
                archive.display(),
                format!("entry {name:?} would be unpacked outside its directory"),
            )
        })?;
        let target = dir.join(relative);
        if entry.is_dir() {
            std::fs::create_dir_all(&target).map_err(|e| Error::io(&target, e))?;
        } else if entry.is_file() {
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent).map_err(|e| Error::io(parent, e))?;
            }
            quota.copy(&mut entry, &target)?;
        }
    }
    Ok(())
}

/// The name of an entry: UTF-8 where it is, else GB18030, in which Chinese Windows writes them, flagged or not.
fn entry_name(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(raw).0.into_owned(),
    }
}

/// The path below the target directory; none where it would leave it. Windows' separators count too.
fn inside(name: &str) -> Option<PathBuf> {
    let name = name.replace('\\', "/");
    if name.contains('\0') {
        return None;
    }
    let mut path = PathBuf::new();
    for component in Path::new(&name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (path.as_os_str().len() < 1024 && path.file_name().is_some()).then_some(path)
}

/// How many bytes may still be unpacked.
struct Quota<'a> {
    archive: &'a Path,
    allowed: u64,
    left: u64,
}

impl Quota<'_> {
    fn copy(&mut self, from: &mut dyn Read, target: &Path) -> Result<()> {
        let mut to = File::create_new(target).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => self.error(format!("the entry {} comes twice", last(target))),
            _ => Error::io(target, e),
        })?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            interrupt::check()?;
            let read = from
                .read(&mut buffer)
                .map_err(|e| self.error(format!("damaged at {}: {e}", last(target))))?;
            if read == 0 {
                return Ok(());
            }
            self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
                self.error(format!(
                    "it unpacks to more than the {} MB that its size allows",
                    self.allowed >> 20
                ))
            })?;
            to.write_all(&buffer[..read]).map_err(|e| Error::io(target, e))?;
        }
    }

    fn error(&self, reason: String) -> Error {
        Error::source(self.archive.display(), reason)
    }
}

fn last(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn zip_of(entries: &[(&str, &[u8])]) -> (TempDir, PathBuf) {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in entries {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        (dir, path)
    }

    #[test]
    fn a_zip_is_unpacked_with_its_folders() {
        let (_keep, path) = zip_of(&[("a/b.txt", b"x"), ("c.txt", b"yz")]);
        let dir = unpack(&path, Limits::default()).unwrap();
        assert_eq!(std::fs::read(dir.path().join("a/b.txt")).unwrap(), b"x");
        let place = dir.path().to_owned();
        drop(dir);
        assert!(!place.exists());
    }

    #[test]
    fn an_entry_never_lands_outside() {
        for bad in ["../x", "a/../../x", "/etc/x", "..\\x", "", "a\0b", ".."] {
            assert_eq!(inside(bad), None, "{bad:?}");
        }
        assert_eq!(inside("a\\b/./c.shp"), Some("a/b/c.shp".into()));
        let (_keep, path) = zip_of(&[("../evil", b"x")]);
        let error = unpack(&path, Limits::default()).unwrap_err().to_string();
        assert!(error.contains("outside"), "{error}");
    }

    #[test]
    fn a_bomb_is_refused_with_the_limit() {
        let (_keep, path) = zip_of(&[("zeros", &vec![0; 4 << 20])]);
        let limits = Limits {
            free_bytes: 1 << 20,
            ratio: 10,
            ..Limits::default()
        };
        let error = unpack(&path, limits).unwrap_err().to_string();
        assert!(error.contains("more than the 1 MB"), "{error}");
    }

    #[test]
    fn too_many_entries_and_doubles_are_refused() {
        let (_keep, path) = zip_of(&[("a", b""), ("b", b"")]);
        let limits = Limits {
            entries: 1,
            ..Limits::default()
        };
        assert!(unpack(&path, limits).unwrap_err().to_string().contains("2 entries"));
        let (_keep, path) = zip_of(&[("a", b""), ("x\\..\\a", b"")]);
        assert!(unpack(&path, Limits::default()).is_err());
    }

    #[test]
    fn a_zip_made_by_chinese_windows_keeps_its_names() {
        let (_keep, path) = zip_of(&[("aaaa.csv", b"x")]);
        let mut bytes = std::fs::read(&path).unwrap();
        let gbk = b"\xd7\xda\xb5\xd8.csv";
        for at in 0..bytes.len() - gbk.len() {
            if &bytes[at..at + gbk.len()] == b"aaaa.csv" {
                bytes[at..at + gbk.len()].copy_from_slice(gbk);
            }
        }
        std::fs::write(&path, bytes).unwrap();
        let dir = unpack(&path, Limits::default()).unwrap();
        assert!(dir.path().join("宗地.csv").is_file());
    }

    #[test]
    fn names_in_gbk_are_read() {
        assert_eq!(
            entry_name(&[0xd7, 0xda, 0xb5, 0xd8, b'.', b's', b'h', b'p']),
            "宗地.shp"
        );
        assert_eq!(entry_name("宗地.shp".as_bytes()), "宗地.shp");
    }

    #[test]
    fn a_damaged_gz_is_a_clear_error() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a.csv.gz");
        std::fs::write(&path, b"not gzip at all").unwrap();
        let error = unpack(&path, Limits::default()).unwrap_err();
        assert!(
            error.to_string().contains("damaged at a.csv") && !error.is_fault(),
            "{error}"
        );
    }
}
