//! `ETag` and `Last-Modified`: what a server gave with a body, to be handed back with
//! the next request so that an unchanged feed is not sent again.
//!
//! They are opaque: never compared, never parsed, never put into another form. A value
//! is kept byte by byte, or not at all when it could not be sent back as it came.

use reqwest::header::{ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED};
use serde::{Deserialize, Serialize};
use url::Url;

/// Longest value that is kept. Honest ones have some 40 bytes; what is larger comes back
/// as a request header that servers refuse (many allow 8 KiB for all headers together).
const LONGEST: usize = 4096;

/// One validator.
/// Invariant: not empty, at most 4096 bytes, nothing that may not stand in a header.
///
/// Kept as text in which each character is one byte (ISO 8859-1), so that bytes above
/// 127 survive any store that holds text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Validator(String);

impl Validator {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let legal = |b: &u8| *b == b'\t' || (*b >= 0x20 && *b != 0x7f);
        let fits = !bytes.is_empty() && bytes.len() <= LONGEST && bytes.iter().all(legal);
        fits.then(|| Self(bytes.iter().map(|b| char::from(*b)).collect()))
    }

    /// The bytes, as they came.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.chars().map(|c| u8::try_from(u32::from(c)).expect("made of bytes by from_bytes")).collect()
    }

    fn to_header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.to_bytes()).expect("from_bytes let nothing in that a header may not have")
    }
}

/// A stored text that is no validator.
#[derive(Debug, thiserror::Error)]
#[error("not a validator that could have been received")]
pub struct BadValidator;

impl TryFrom<String> for Validator {
    type Error = BadValidator;

    fn try_from(text: String) -> Result<Self, BadValidator> {
        let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        bytes.and_then(|b| Self::from_bytes(&b)).ok_or(BadValidator)
    }
}

impl From<Validator> for String {
    fn from(validator: Validator) -> String {
        validator.0
    }
}

/// The validators of one body, and who gave them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, quotes and weakness mark included, when there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<Validator>,
    /// `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Validator>,
    /// The host that gave them. Another host has its own idea of `"1"` and of what changed
    /// since March: a redirect must not carry them there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl Validators {
    /// What `headers` of an answer from `url` give.
    pub fn of(url: &Url, headers: &HeaderMap) -> Self {
        let etag = only(headers, &ETAG);
        let last_modified = only(headers, &LAST_MODIFIED);
        let host = (etag.is_some() || last_modified.is_some()).then(|| url.host_str().map(str::to_owned)).flatten();
        Self { etag, last_modified, host }
    }

    /// Nothing to compare with.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// The request headers to send to `url`: both, where both were given (RFC 9110, 13.1.3).
    pub fn to_headers(&self, url: &Url) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let ours = self.host.as_deref() == url.host_str();
        let etag = self.etag.iter().map(|v| (reqwest::header::IF_NONE_MATCH, v.to_header()));
        let modified = self.last_modified.iter().map(|v| (reqwest::header::IF_MODIFIED_SINCE, v.to_header()));
        etag.chain(modified).filter(move |_| ours)
    }
}

/// The header's value when it has exactly one: of two different ones nobody knows which is right.
fn only(headers: &HeaderMap, name: &HeaderName) -> Option<Validator> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.all(|v| v == first).then(|| Validator::from_bytes(first.as_bytes())).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        "https://example.org/feed".parse().unwrap()
    }

    fn given(pairs: &[(&HeaderName, &[u8])]) -> Validators {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        Validators::of(&url(), &headers)
    }

    fn sent(validators: &Validators, to: &str) -> Vec<(String, Vec<u8>)> {
        let to = to.parse().unwrap();
        validators.to_headers(&to).map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect()
    }

    #[test]
    fn what_was_given_is_sent_back_byte_by_byte() {
        let odd: [&[u8]; 6] =
            [b"W/\"abc\"", b"abc123", b"\"a b\tc\"", b"\"\"", b"\"caf\xe9\xff\"", b"Sat, 32 Foo 2099 99:99:99 +0800"];
        for value in odd {
            let validators = given(&[(&ETAG, value), (&LAST_MODIFIED, value)]);
            let text = serde_json::to_string(&validators).unwrap();
            let stored: Validators = serde_json::from_str(&text).unwrap();
            assert_eq!(stored, validators);
            let expected =
                vec![("if-none-match".to_owned(), value.to_vec()), ("if-modified-since".to_owned(), value.to_vec())];
            assert_eq!(sent(&stored, "https://example.org/other"), expected);
        }
    }

    #[test]
    fn what_could_not_be_sent_back_is_not_kept() {
        let long = vec![b'e'; LONGEST + 1];
        for value in [&b""[..], &long] {
            assert!(given(&[(&ETAG, value)]).is_empty());
        }
        for value in [&b"a\x0bc"[..], b"a\r\nX-Evil: 1", b"a\x7f", b"a\0"] {
            assert!(Validator::from_bytes(value).is_none());
        }
    }

    #[test]
    fn a_damaged_store_cannot_bring_header_lines_in() {
        for text in ["\"a\\r\\nX: y\"", "\"\\u4e2d\"", "\"\"", "\"\\u0000\""] {
            assert!(serde_json::from_str::<Validator>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn two_different_values_are_none() {
        assert!(given(&[(&ETAG, b"\"1\""), (&ETAG, b"\"2\"")]).etag.is_none());
        assert!(given(&[(&ETAG, b"\"1\""), (&ETAG, b"\"1\"")]).etag.is_some());
    }

    #[test]
    fn another_host_does_not_get_them() {
        let validators = given(&[(&ETAG, b"\"1\"")]);
        assert!(sent(&validators, "https://example.com/feed").is_empty());
        assert_eq!(sent(&validators, "http://example.org:8080/x").len(), 1);
    }
}
