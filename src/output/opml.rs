//! OPML 2.0: the list of feeds that a reader imports, and such lists read back.

use quick_xml::Reader;
use quick_xml::events::Event;
use url::Url;

use crate::normalize::html::escape;
use crate::normalize::text;

/// A feed in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Its title.
    pub title: String,
    /// Its address.
    pub feed: String,
    /// The page it belongs to.
    pub page: Option<String>,
    /// One sentence about it.
    pub description: Option<String>,
    /// What it is about: a project.
    pub category: Option<String>,
}

/// The list as OPML, in one folder: readers make a folder of it when they import it. No
/// date: the same feeds make the same bytes.
pub fn render(title: &str, outlines: &[Outline]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<opml version=\"2.0\">\n <head>\n");
    let folder = escape(&text::line(title));
    out.push_str(&format!("  <title>{folder}</title>\n </head>\n <body>\n"));
    out.push_str(&format!("  <outline text=\"{folder}\" title=\"{folder}\">\n"));
    for outline in outlines {
        let title = escape(&text::line(&outline.title));
        out.push_str(&format!(
            "   <outline type=\"rss\" text=\"{title}\" title=\"{title}\" xmlUrl=\"{}\"",
            escape(&outline.feed)
        ));
        if let Some(page) = &outline.page {
            out.push_str(&format!(" htmlUrl=\"{}\"", escape(page)));
        }
        if let Some(description) = &outline.description {
            out.push_str(&format!(" description=\"{}\"", escape(&text::line(description))));
        }
        if let Some(category) = &outline.category {
            // A comma would begin another category, a slash one inside.
            let category = text::line(category).replace([',', '/'], " ");
            out.push_str(&format!(" category=\"/{}\"", escape(&category)));
        }
        out.push_str("/>\n");
    }
    out.push_str("  </outline>\n </body>\n</opml>\n");
    out
}

/// What was read of an OPML document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// The feeds.
    pub feeds: Vec<Outline>,
    /// Outlines whose feed has no address that can be asked: title and what is written there.
    pub refused: Vec<(String, String)>,
}

/// The feeds in an OPML document, as far as it can be read. Folders are flattened.
pub fn read(document: &str) -> List {
    let mut reader = Reader::from_str(document);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_dangling_amp = true;
    reader.config_mut().allow_unmatched_ends = true;
    let mut list = List::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) if tag.local_name().as_ref().eq_ignore_ascii_case("outline") => {
                let (mut title, mut feed, mut page, mut description) = (String::new(), None, None, None);
                let mut category = None;
                for attribute in tag.attributes().with_checks(false).flatten() {
                    let value = text::line(&attribute.value);
                    match attribute.key.as_ref().to_ascii_lowercase().as_str() {
                        "title" => title = value,
                        "category" => {
                            category = Some(value.trim_start_matches('/').to_owned()).filter(|c| !c.is_empty())
                        }
                        "text" if title.is_empty() => title = value,
                        "xmlurl" => feed = Some(value),
                        "htmlurl" => page = Some(value),
                        "description" => description = Some(value),
                        _ => {}
                    }
                }
                // A folder has none.
                let Some(feed) = feed else { continue };
                if !Url::parse(&feed).is_ok_and(|u| matches!(u.scheme(), "http" | "https")) {
                    list.refused.push((title, feed));
                    continue;
                }
                list.feeds.push(Outline {
                    title,
                    feed,
                    page: page.filter(|p| !p.is_empty()),
                    description: description.filter(|d| !d.is_empty()),
                    category,
                });
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let outlines = vec![Outline {
            title: "A & <B>".into(),
            feed: "https://a.b/x?y=1&z=2".into(),
            page: Some("https://a.b/".into()),
            description: None,
            category: Some("A B".into()),
        }];
        assert_eq!(read(&render("t", &outlines)), List { feeds: outlines, refused: Vec::new() });
        let odd = read("<opml><body><outline text='x' xmlUrl='javascript:1'/><outline xmlUrl='http://a.b/'");
        assert_eq!(odd, List { feeds: Vec::new(), refused: vec![("x".to_owned(), "javascript:1".to_owned())] });
    }
}
