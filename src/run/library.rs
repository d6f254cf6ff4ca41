//! The posts of a site as links between them need them: which there are, and their
//! addresses. Files are asked when the first such link is seen.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use url::Url;

use super::posts::origin;
use super::{Opened, RunError};
use crate::config::PostsFolder;
use crate::files;
use crate::names::Names;
use crate::source::post::{self, Others, Shelves};
use crate::store::Store;

/// Looks up posts for the links of others.
pub(super) struct Library<'a> {
    opened: &'a Opened,
    names: &'a Names,
    shelves: OnceCell<Shelves>,
    /// Addresses by folder and path.
    known: RefCell<HashMap<(usize, String), Option<Url>>>,
}

impl std::fmt::Debug for Library<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("known", &self.known.borrow().len()).finish_non_exhaustive()
    }
}

impl<'a> Library<'a> {
    /// Posts as they lie in their folders.
    pub(super) fn new(opened: &'a Opened, names: &'a Names) -> Self {
        Self { opened, names, shelves: OnceCell::new(), known: RefCell::default() }
    }

    /// Posts as they are stored.
    pub(super) fn of_store(opened: &'a Opened, names: &'a Names, store: &Store) -> Result<Self, RunError> {
        let library = Self::new(opened, names);
        let mut folders = Vec::new();
        for (n, folder) in opened.site.posts.iter().enumerate() {
            let documents = store.documents(&origin(folder))?;
            for document in documents.values() {
                let bytes = store.raw(document.id)?;
                let address = post::address(&bytes, &document.path, opened.context(folder, names));
                library.known.borrow_mut().insert((n, document.path.clone()), address);
            }
            folders.push((folder, documents.into_keys().collect()));
        }
        // It was empty: it is new.
        let _ = library.shelves.set(Shelves::new(opened.site.language.as_deref(), folders.into_iter()));
        Ok(library)
    }

    fn shelves(&self) -> &Shelves {
        self.shelves.get_or_init(|| {
            // A folder that cannot be read is told of where its posts are.
            let root = |f: &PostsFolder| self.opened.folder.join(&f.path);
            let listed = |f: &PostsFolder| self.opened.list_posts(f, &root(f)).unwrap_or_default();
            let folders = self.opened.site.posts.iter();
            let folders = folders.map(|f| (f, listed(f).files.into_iter().map(|f| f.path).collect()));
            Shelves::new(self.opened.site.language.as_deref(), folders)
        })
    }
}

impl Others for Library<'_> {
    fn address(&self, folder: &str, path: &str, written: &str, named: bool) -> Option<Url> {
        let found = self.shelves().find(folder, path, written, named)?;
        if let Some(known) = self.known.borrow().get(&found) {
            return known.clone();
        }
        let folder = self.opened.site.posts.get(found.0)?;
        let file = self.opened.folder.join(&folder.path).join(&found.1);
        let bytes = files::read_regular(&file, post::MAX_BYTES).ok();
        let address = bytes.and_then(|b| post::address(&b, &found.1, self.opened.context(folder, self.names)));
        self.known.borrow_mut().insert(found, address.clone());
        address
    }
}
