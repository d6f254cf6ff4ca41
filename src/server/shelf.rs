//! What is served: a list of what was published, and the bytes that were asked for.
//!
//! The list is replaced at once, as a whole. Bytes are read when somebody asks, packed
//! once for all who come after, and given up again, those first that nobody asked for
//! longest, when they take more than a limit. An entity tag is a hash of the bytes that
//! are sent, so it changes when they do and never else.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use hyper::header::HeaderValue;

use super::media::{self, Media};
use super::rules::{self, Coding};

/// Smaller bodies are not packed: the headers are longer.
const SMALLEST_PACKED: usize = 512;

/// brotli's quality: of 0 to 11, the last that takes about as long as gzip's best.
const BROTLI_QUALITY: u32 = 6;

/// brotli's window, as a power of two: no feed is longer.
const BROTLI_WINDOW: u32 = 19;

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Path below the output folder.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// mtime in nanoseconds.
    pub modified_ns: i64,
    /// ctime in nanoseconds: moves with every replacement.
    pub changed_ns: i64,
}

/// Reads a published file: its bytes and its mtime in nanoseconds.
pub type Read = Box<dyn Fn(&str) -> io::Result<(Vec<u8>, i64)> + Send + Sync>;

/// The value of a `Link` header for a path, where there is one.
pub type Links = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Something that can be sent.
#[derive(Debug)]
pub struct Item {
    /// How it is labelled.
    pub media: Media,
    /// The `Link` header.
    pub link: Option<HeaderValue>,
    file: Option<Listed>,
    content: Mutex<Option<Arc<Content>>>,
    loading: tokio::sync::Mutex<()>,
    used: AtomicU64,
}

/// Bytes, and what is said of them.
#[derive(Debug)]
pub struct Content {
    /// As they are.
    pub plain: Bytes,
    /// Entity tags of the plain, the gzip and the brotli form.
    etags: [HeaderValue; 3],
    /// mtime in seconds.
    pub modified_s: u64,
    /// The same as a header.
    pub last_modified: HeaderValue,
    /// Packed; none where that saves nothing.
    gzip: OnceLock<Option<Bytes>>,
    brotli: OnceLock<Option<Bytes>>,
}

impl Content {
    /// Of bytes that changed last at `modified_ns`.
    pub fn new(bytes: Vec<u8>, modified_ns: i64) -> Self {
        let hash = blake3::hash(&bytes);
        let hex = hash.to_hex();
        let etag = |suffix: &str| {
            // Hexadecimal digits can stand in a header.
            HeaderValue::try_from(format!("\"{}{suffix}\"", &hex[..32])).unwrap_or(HeaderValue::from_static("\"\""))
        };
        let modified_s = u64::try_from(modified_ns / 1_000_000_000).unwrap_or(0);
        let last_modified = HeaderValue::try_from(rules::http_date(modified_s)).unwrap_or(HeaderValue::from_static(""));
        Self {
            plain: bytes.into(),
            etags: [etag(""), etag("-gz"), etag("-br")],
            modified_s,
            last_modified,
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        }
    }

    fn packed(&self, coding: Coding) -> Option<&OnceLock<Option<Bytes>>> {
        match coding {
            Coding::Identity => None,
            Coding::Gzip => Some(&self.gzip),
            Coding::Brotli => Some(&self.brotli),
        }
    }

    fn is_ready(&self, coding: Coding) -> bool {
        self.packed(coding).is_none_or(|cell| cell.get().is_some())
    }

    /// The bytes in a coding, the coding they really are in, and their entity tag.
    pub fn form(&self, coding: Coding) -> (&Bytes, Coding, &HeaderValue) {
        match (coding, self.packed(coding).and_then(OnceLock::get).and_then(Option::as_ref)) {
            (Coding::Gzip, Some(bytes)) => (bytes, coding, &self.etags[1]),
            (Coding::Brotli, Some(bytes)) => (bytes, coding, &self.etags[2]),
            (Coding::Identity | Coding::Gzip | Coding::Brotli, _) => (&self.plain, Coding::Identity, &self.etags[0]),
        }
    }

    fn size(&self) -> usize {
        let of = |cell: &OnceLock<Option<Bytes>>| cell.get().and_then(Option::as_ref).map_or(0, Bytes::len);
        self.plain.len() + of(&self.gzip) + of(&self.brotli)
    }

    /// Packs. Comes back with the bytes it took.
    fn pack(&self, coding: Coding) -> usize {
        let Some(cell) = self.packed(coding) else {
            return 0;
        };
        let packed = cell.get_or_init(|| {
            let packed = match coding {
                Coding::Identity => None,
                Coding::Gzip => gzip(&self.plain),
                Coding::Brotli => brotli(&self.plain),
            };
            // Held for long: in as much memory as it needs.
            packed.filter(|p| p.len() < self.plain.len()).map(|p| Bytes::from(p.into_boxed_slice()))
        });
        packed.as_ref().map_or(0, Bytes::len)
    }
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let out = Vec::with_capacity(bytes.len() / 3);
    let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

fn brotli(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len() / 4);
    let mut encoder = brotli::CompressorWriter::new(&mut out, 16 << 10, BROTLI_QUALITY, BROTLI_WINDOW);
    encoder.write_all(bytes).ok()?;
    encoder.flush().ok()?;
    drop(encoder);
    Some(out)
}

impl Item {
    /// Of bytes that are in no file.
    pub fn of_bytes(bytes: Vec<u8>, modified_ns: i64, media: Media, link: Option<String>) -> Self {
        Self {
            media,
            link: link.and_then(|l| HeaderValue::try_from(l).ok()),
            file: None,
            content: Mutex::new(Some(Arc::new(Content::new(bytes, modified_ns)))),
            loading: tokio::sync::Mutex::new(()),
            used: AtomicU64::new(0),
        }
    }

    fn content(&self) -> Option<Arc<Content>> {
        // Nothing panics while it is held.
        self.content.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The coding for a client that takes `wanted`.
    fn coding(&self, wanted: Coding, length: usize) -> Coding {
        if self.media.packs && length >= SMALLEST_PACKED { wanted } else { Coding::Identity }
    }
}

type Table = HashMap<String, Arc<Item>>;

/// What is served.
pub struct Shelf {
    table: RwLock<Arc<Table>>,
    read: Read,
    links: Links,
    held: AtomicUsize,
    limit: usize,
    uses: AtomicU64,
}

impl Shelf {
    /// An empty one that keeps at most `limit` bytes.
    pub fn new(read: Read, links: Links, limit: usize) -> Self {
        let table = RwLock::new(Arc::new(Table::new()));
        Self { table, read, links, held: AtomicUsize::new(0), limit, uses: AtomicU64::new(0) }
    }

    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another list in place, at once. What did not change keeps its bytes. Says
    /// whether anything changed.
    pub fn replace(&self, files: Vec<Listed>) -> bool {
        let old = self.table();
        let mut table = Table::with_capacity(files.len());
        let mut same = files.len() == old.len();
        for file in files {
            let known = old.get(&file.path).filter(|item| item.file.as_ref() == Some(&file));
            same &= known.is_some();
            let path = file.path.clone();
            let item = known.cloned().unwrap_or_else(|| {
                Arc::new(Item {
                    media: media::of_path(&path),
                    link: (self.links)(&path).and_then(|l| HeaderValue::try_from(l).ok()),
                    file: Some(file),
                    content: Mutex::new(None),
                    loading: tokio::sync::Mutex::new(()),
                    used: AtomicU64::new(0),
                })
            });
            table.insert(path, item);
        }
        if same {
            return false;
        }
        let held = table.values().filter_map(|i| i.content()).map(|c| c.size()).sum();
        self.held.store(held, Ordering::Relaxed);
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
        true
    }

    /// What stands at a path.
    pub fn find(&self, path: &str) -> Option<Arc<Item>> {
        self.table().get(path).cloned()
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.table().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// The content of an item, ready to be sent in the coding that comes with it.
    ///
    /// # Errors
    /// The file is there no more, or cannot be read.
    pub async fn content(self: &Arc<Self>, item: &Arc<Item>, wanted: Coding) -> io::Result<(Arc<Content>, Coding)> {
        item.used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let ready = |content: Arc<Content>| {
            let coding = item.coding(wanted, content.plain.len());
            content.is_ready(coding).then_some((content, coding))
        };
        if let Some(done) = item.content().and_then(ready) {
            return Ok(done);
        }
        // One does the work, whoever comes meanwhile waits for it.
        let _one = item.loading.lock().await;
        let content = match item.content() {
            Some(content) => content,
            // Files were just written, as a rule: reading one takes less time than telling
            // another thread to do it.
            None => self.load(item)?,
        };
        let coding = item.coding(wanted, content.plain.len());
        if !content.is_ready(coding) {
            let (shelf, content, item) = (Arc::clone(self), Arc::clone(&content), Arc::clone(item));
            let work = tokio::task::spawn_blocking(move || {
                let more = content.pack(coding);
                shelf.holds(&item, more);
            });
            work.await.map_err(io::Error::other)?;
        }
        Ok((content, coding))
    }

    fn load(&self, item: &Item) -> io::Result<Arc<Content>> {
        let file = item.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let (bytes, modified_ns) = (self.read)(&file.path)?;
        let content = Arc::new(Content::new(bytes, modified_ns));
        *item.content.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&content));
        self.holds(item, content.plain.len());
        Ok(content)
    }

    /// So many bytes more are held of a file.
    fn holds(&self, item: &Item, more: usize) {
        if item.file.is_some() && self.held.fetch_add(more, Ordering::Relaxed) + more > self.limit {
            self.give_up();
        }
    }

    /// Gives up what nobody asked for longest, until there is room again.
    fn give_up(&self) {
        let table = self.table();
        let mut held: Vec<(u64, usize, &Arc<Item>)> =
            table.values().filter_map(|i| i.content().map(|c| (i.used.load(Ordering::Relaxed), c.size(), i))).collect();
        held.sort_unstable_by_key(|(used, _, _)| *used);
        let mut total: usize = held.iter().map(|(_, size, _)| size).sum();
        for (_, size, item) in held {
            // Down to three quarters, so that this is not done for every file.
            if total <= self.limit / 4 * 3 {
                break;
            }
            *item.content.lock().unwrap_or_else(PoisonError::into_inner) = None;
            total -= size;
        }
        self.held.store(total, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(limit: usize) -> Arc<Shelf> {
        let read: Read = Box::new(|path| match path {
            "gone" => Err(io::ErrorKind::NotFound.into()),
            path => Ok((path.as_bytes().repeat(200), 5_000_000_000)),
        });
        Arc::new(Shelf::new(read, Box::new(|_| None), limit))
    }

    fn listed(path: &str, changed_ns: i64) -> Listed {
        Listed { path: path.to_owned(), size: 1, modified_ns: 1, changed_ns }
    }

    fn get(shelf: &Arc<Shelf>, path: &str, coding: Coding) -> io::Result<(Arc<Content>, Coding)> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(shelf.content(&shelf.find(path).unwrap(), coding))
    }

    #[test]
    fn what_did_not_change_keeps_its_bytes() {
        let shelf = shelf(1 << 20);
        assert!(shelf.replace(vec![listed("a.xml", 1), listed("b.xml", 1), listed("gone", 1)]));
        let (first, coding) = get(&shelf, "a.xml", Coding::Gzip).unwrap();
        assert_eq!(coding, Coding::Gzip);
        assert!(first.form(Coding::Gzip).0.len() < first.plain.len());
        assert_ne!(first.form(Coding::Gzip).2, first.form(Coding::Brotli).2);
        assert!(!shelf.replace(vec![listed("a.xml", 1), listed("b.xml", 1), listed("gone", 1)]));
        assert!(shelf.replace(vec![listed("a.xml", 1), listed("b.xml", 2), listed("gone", 1)]));
        assert!(Arc::ptr_eq(&first, &get(&shelf, "a.xml", Coding::Identity).unwrap().0));
        assert!(get(&shelf, "gone", Coding::Identity).is_err());
        assert!(shelf.find("c.xml").is_none());
        // A picture is packed already.
        shelf.replace(vec![listed("a.png", 1)]);
        assert_eq!(get(&shelf, "a.png", Coding::Brotli).unwrap().1, Coding::Identity);
    }

    #[test]
    fn bytes_are_given_up_again() {
        let shelf = shelf(8000);
        shelf.replace((0..40).map(|n| listed(&format!("{n}.txt"), 1)).collect());
        for n in 0..40 {
            get(&shelf, &format!("{n}.txt"), Coding::Identity).unwrap();
            assert!(shelf.held() <= 8000, "{}", shelf.held());
        }
        assert!(shelf.held() > 4000);
    }
}
