//! The document that `inspect --json` prints of a page: a contract with programs.
//! Keys are only ever added.

use serde_json::{Map, Value, json};

use super::{Page, Refusal};

/// The document.
pub fn document(read: &Result<Page, Refusal>) -> Value {
    let mut document = Map::new();
    document.insert("kind".into(), "page".into());
    document.insert("ok".into(), read.is_ok().into());
    let page = match read {
        Ok(page) => {
            document.insert("refused".into(), Value::Null);
            page
        }
        Err(refusal) => {
            document.insert("refused".into(), refusal.reason().into());
            document.insert("why".into(), refusal.to_string().into());
            document.insert("final".into(), refusal.is_final().into());
            &Page::default()
        }
    };
    document.insert("title".into(), json!(page.title));
    document.insert("text".into(), page.text.as_str().into());
    document.insert("html".into(), page.html.as_str().into());
    document.insert("published".into(), json!(page.published.as_ref().map(|p| p.as_claimed.as_str())));
    document.insert("published_confidence".into(), json!(page.published.as_ref().map(|p| p.confidence.name())));
    document.insert("author".into(), json!(page.author));
    document.insert("site_name".into(), json!(page.site_name));
    document.insert("image".into(), json!(page.image));
    document.insert("language".into(), json!(page.language));
    document.insert("canonical".into(), json!(page.canonical));
    document.insert("identity".into(), json!(page.identity));
    document.insert(
        "restrictions".into(),
        json!({"no_archive": page.restrictions.no_archive, "no_snippet": page.restrictions.no_snippet}),
    );
    let origins: Map<String, Value> =
        page.origins.iter().map(|(field, origin)| ((*field).to_owned(), origin.as_str().into())).collect();
    document.insert("origins".into(), origins.into());
    let claims: Vec<Value> =
        page.claims.iter().map(|(origin, claim)| json!({"origin": origin, "published": claim.as_claimed})).collect();
    document.insert("dates".into(), claims.into());
    Value::Object(document)
}
