//! One request and its answer.
//!
//! [`Client::ask`] sends one request, reads the answer within its limits and asks
//! [`outcome()`] what it means. It follows no redirect and tries nothing
//! twice: a hop and a second try are requests of their own, with the host's limits.
//!
//! What is bounded: the time to connect, to the first byte, between two reads and
//! altogether; the rate; the headers; the body, compressed and plain. The clock that
//! stands still while we wait for memory is not the server's fault and does not count.
//!
//! One connection pool for a run. Certificates of the system are only read when an https
//! address is asked for the first time: parsing them costs more than a hundred answers.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Method, Response};
use tokio::time::{Instant, timeout};
use url::Url;

use super::body::{Body, Budget, Lease};
use super::encoding::{self, Unpacked, Unpacker};
use super::error::{Fault, FetchError, Phase};
use super::guard::{Guard, Lookup, LookupError, Resolver};
use super::hosts::Connection;
use super::outcome::{self, Asked, Step, carries_body, outcome};
use super::robots;
use super::validators::Validators;
use super::{Kind, LARGEST_PICTURE};
use crate::config::is_reserved_header;

/// Largest headers of an answer, all together. Honest ones have a few KiB, security policies included.
const HEADERS_BYTES: usize = 128 << 10;

/// Most header lines of an answer.
const HEADERS_COUNT: usize = 200;

/// What a body is read in, at least: grows the buffer and the lease by as much.
const STEP: usize = 64 << 10;

/// Idle connections to one host that are kept for the next request.
const IDLE_PER_HOST: usize = 8;

/// How long they are kept.
const IDLE_TIME: Duration = Duration::from_secs(20);

/// How requests are made.
#[derive(Clone)]
pub struct Settings {
    /// In the User-Agent: an address or e-mail where its operator is found.
    pub contact: Option<String>,
    /// Which addresses are asked.
    pub guard: Guard,
    /// Finds the addresses of names.
    pub lookup: Lookup,
    /// An HTTP proxy for all requests. It resolves the names, so the guard sees only what an address says.
    pub proxy: Option<Url>,
    /// Certificates (PEM) that are trusted besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// Largest body, decompressed.
    pub max_bytes: usize,
    /// Bytes of bodies held at once, beyond the largest.
    pub budget_bytes: usize,
    /// How long everything may take.
    pub timeouts: Timeouts,
}

impl Settings {
    /// The defaults.
    pub fn new(guard: Guard) -> Self {
        Self {
            contact: None,
            guard,
            lookup: super::guard::system_lookup(),
            proxy: None,
            ca_file: None,
            max_bytes: 15 << 20,
            budget_bytes: 24 << 20,
            timeouts: Timeouts::default(),
        }
    }
}

/// How long everything may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// To a connection, name and encryption included.
    pub connect: Duration,
    /// To the status and headers, the connection included.
    pub head: Duration,
    /// Between two reads of the body.
    pub stall: Duration,
    /// For everything, redirects included.
    pub total: Duration,
    /// After this long ...
    pub rate_after: Duration,
    /// ... this many bytes a second must have come.
    pub rate_bytes: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            head: Duration::from_secs(15),
            stall: Duration::from_secs(10),
            total: Duration::from_secs(60),
            rate_after: Duration::from_secs(10),
            rate_bytes: 1024,
        }
    }
}

/// Why requests cannot be made at all.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `fetch.ca_file` cannot be read.
    #[error("{}: cannot read the certificates of `fetch.ca_file`", .path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// `fetch.ca_file` holds no certificates.
    #[error("{}: no PEM certificates in `fetch.ca_file`", .0.display())]
    NoCertificates(PathBuf),
    /// `fetch.contact` cannot stand in a header.
    #[error("`fetch.contact` cannot stand in the User-Agent header: write it in plain ASCII")]
    Contact,
    /// The HTTP client does not start.
    #[error("the HTTP client does not start: {0}")]
    Start(String),
}

/// One request.
#[derive(Debug)]
pub struct Ask<'a> {
    /// Where to.
    pub url: &'a Url,
    /// What for.
    pub kind: Kind,
    /// What we have.
    pub validators: Option<&'a Validators>,
    /// Headers that the operator gave for this host.
    pub headers: Option<&'a HeaderMap>,
    /// Time that is left for it.
    pub time: Duration,
    /// What happens to the connection afterwards.
    pub connection: Connection,
}

/// Sends requests.
pub struct Client {
    settings: Settings,
    user_agent: HeaderValue,
    certificates: Vec<reqwest::Certificate>,
    plain: reqwest::Client,
    secure: OnceLock<Result<reqwest::Client, String>>,
    budget: Budget,
    received: AtomicU64,
}

impl Client {
    /// A client with a pool of its own. It belongs to the runtime that it is first used in.
    ///
    /// # Errors
    /// A setting that cannot be.
    pub fn new(settings: Settings) -> Result<Self, ClientError> {
        // Another provider that the program installed before is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let certificates = match &settings.ca_file {
            None => Vec::new(),
            Some(path) => read_certificates(path)?,
        };
        let plain = builder(&settings)?
            // No certificate is looked at before an https address is.
            .tls_certs_only([])
            .build()
            .map_err(|e| ClientError::Start(cause(&e)))?;
        let user_agent = user_agent(settings.contact.as_deref()).ok_or(ClientError::Contact)?;
        let budget = Budget::new(settings.budget_bytes);
        let (secure, received) = (OnceLock::new(), AtomicU64::new(0));
        Ok(Self { settings, user_agent, certificates, plain, secure, budget, received })
    }

    /// Bytes of bodies received, as they came over the wire.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sends one request and says what its answer asks of us. `clock` tells the time when it has come.
    ///
    /// # Errors
    /// [`FetchError`]; nothing of a body that was not read to its end is handed over.
    pub async fn ask(&self, ask: Ask<'_>, clock: impl Fn() -> DateTime<Utc>) -> Result<Step, FetchError> {
        let at = |fault: Fault| fault.at(ask.url);
        self.settings.guard.check(ask.url).map_err(|denial| at(Fault::Denied(denial)))?;
        let started = Instant::now();
        let client = self.client(ask.url).map_err(|why| at(Fault::Tls(why)))?;
        // The builder turns a user name in the address into a header.
        let mut request = client
            .request(Method::GET, ask.url.clone())
            .build()
            .map_err(|error| at(Fault::Connection(cause(&error))))?;
        let asked = self.prepare(&ask, request.headers_mut());
        let patience = self.settings.timeouts.head.min(ask.time);
        let mut response = match timeout(patience, client.execute(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(at(fault(&error, self.settings.timeouts.connect))),
            Err(_) => return Err(at(Fault::Timeout(Phase::Head, patience))),
        };
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let body = if !fits(&headers) {
            Err(Fault::Headers)
        } else if carries_body(status) {
            self.body(&mut response, &headers, ask.kind, started + ask.time).await
        } else {
            Ok(Body::default())
        };
        if let Err(Fault::Headers) = body {
            return Err(at(Fault::Headers));
        }
        outcome(ask.url, asked, outcome::Response { status, headers, body }, clock())
    }

    /// Sends a form and comes back with the status of the answer, whose body is not read.
    /// A redirect is not followed.
    ///
    /// # Errors
    /// [`FetchError`]: the guard says no, or there was no answer.
    pub async fn post(&self, url: &Url, form: String, patience: Duration) -> Result<u16, FetchError> {
        let at = |fault: Fault| fault.at(url);
        self.settings.guard.check(url).map_err(|denial| at(Fault::Denied(denial)))?;
        let client = self.client(url).map_err(|why| at(Fault::Tls(why)))?;
        let request = client
            .post(url.clone())
            .header(USER_AGENT, self.user_agent.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .body(form)
            .send();
        match timeout(patience, request).await {
            Ok(Ok(response)) => Ok(response.status().as_u16()),
            Ok(Err(error)) => Err(at(fault(&error, self.settings.timeouts.connect))),
            Err(_) => Err(at(Fault::Timeout(Phase::Head, patience))),
        }
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client, String> {
        if url.scheme() != "https" {
            return Ok(&self.plain);
        }
        let secure = self.secure.get_or_init(|| {
            let builder = builder(&self.settings).map_err(|e| e.to_string())?;
            builder.tls_certs_merge(self.certificates.clone()).build().map_err(|e| {
                format!("{}; install the system's certificates (ca-certificates) or set `fetch.ca_file`", cause(&e))
            })
        });
        secure.as_ref().map_err(Clone::clone)
    }

    fn prepare(&self, ask: &Ask<'_>, headers: &mut HeaderMap) -> Asked {
        headers.reserve(8);
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(ACCEPT, accept(ask.kind));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(encoding::ACCEPTED));
        if ask.connection == Connection::Close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        for (name, value) in ask.headers.into_iter().flatten().filter(|(name, _)| !is_reserved_header(name.as_str())) {
            headers.insert(name.clone(), value.clone());
        }
        let mut asked = Asked::Plainly;
        for (name, value) in ask.validators.into_iter().flat_map(|v| v.to_headers(ask.url)) {
            headers.insert(name, value);
            asked = Asked::Conditionally;
        }
        asked
    }

    /// Reads a body to its end, within every limit.
    async fn body(
        &self,
        response: &mut Response,
        headers: &HeaderMap,
        kind: Kind,
        deadline: Instant,
    ) -> Result<Body, Fault> {
        let method = encoding::Method::of(headers).map_err(Fault::Encoding)?;
        let (limit, oversize) = match kind {
            Kind::Feed | Kind::Page => (self.settings.max_bytes, Oversize::Refused),
            Kind::Picture => (self.settings.max_bytes.min(LARGEST_PICTURE), Oversize::Refused),
            Kind::Robots => (robots::LARGEST, Oversize::Cut),
        };
        let expected = response.content_length().and_then(|l| usize::try_from(l).ok());
        if oversize == Oversize::Refused && expected.is_some_and(|l| l > limit) {
            return Err(Fault::TooLarge(limit));
        }
        let mut lease = Lease::default();
        let packed = self.receive(response, expected, limit, oversize, deadline, &mut lease).await?;
        match method {
            Some(method) if !packed.is_empty() => self.unpack(method, &packed, limit, oversize, lease).await,
            Some(_) | None => Ok(Body::new(packed, lease)),
        }
    }

    /// Takes what comes over the wire.
    async fn receive(
        &self,
        response: &mut Response,
        expected: Option<usize>,
        limit: usize,
        oversize: Oversize,
        mut deadline: Instant,
        lease: &mut Lease,
    ) -> Result<Bytes, Fault> {
        let timeouts = &self.settings.timeouts;
        let started = Instant::now();
        // Time we spent waiting for memory, not for the server.
        let mut waited = Duration::ZERO;
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        loop {
            let now = Instant::now();
            let left = deadline.saturating_duration_since(now);
            let (patience, phase) =
                if timeouts.stall <= left { (timeouts.stall, Phase::Stall) } else { (left, Phase::Total) };
            let chunk = match timeout(patience, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break,
                Ok(Err(error)) => return Err(fault(&error, timeouts.connect)),
                Err(_) if phase == Phase::Total => return Err(Fault::Timeout(phase, timeouts.total)),
                Err(_) => return Err(Fault::Timeout(phase, patience)),
            };
            self.received.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            let length = first.len() + rest.len() + chunk.len();
            if length > limit && oversize == Oversize::Refused {
                return Err(Fault::TooLarge(limit));
            }
            let before = Instant::now();
            self.budget.grow(lease, length).await;
            let pause = before.elapsed();
            deadline += pause;
            waited += pause;
            // Most feeds come in one piece, which is handed on as it is.
            if first.is_empty() && rest.is_empty() {
                first = chunk;
            } else {
                if rest.is_empty() {
                    rest.reserve(expected.unwrap_or(0).clamp(length, limit.max(length)));
                    rest.extend_from_slice(&first);
                    first = Bytes::new();
                }
                rest.extend_from_slice(&chunk);
            }
            if length > limit {
                break;
            }
            let took = started.elapsed().saturating_sub(waited);
            if took > timeouts.rate_after && length as u64 / took.as_secs().max(1) < timeouts.rate_bytes {
                return Err(Fault::TooSlow);
            }
        }
        Ok(if rest.is_empty() { first } else { rest.freeze() })
    }

    async fn unpack(
        &self,
        method: encoding::Method,
        packed: &[u8],
        limit: usize,
        oversize: Oversize,
        mut lease: Lease,
    ) -> Result<Body, Fault> {
        let mut unpacker = Unpacker::new(method, packed).map_err(Fault::Encoding)?;
        // One more than the limit tells a body of just that size from a larger one.
        let most = limit.saturating_add(1);
        let mut plain = Vec::new();
        let mut step = unpacker.expected().saturating_add(1).clamp(1024, most);
        loop {
            let next = (plain.len() + step).min(most);
            self.budget.grow(&mut lease, packed.len() + next).await;
            plain.reserve_exact(next - plain.len());
            match unpacker.read(next - plain.len(), &mut plain).map_err(Fault::Encoding)? {
                Unpacked::All => break,
                Unpacked::Part if plain.len() >= most => match oversize {
                    Oversize::Refused => return Err(Fault::TooLarge(limit)),
                    Oversize::Cut => break,
                },
                Unpacked::Part => step = plain.len().max(STEP),
            }
        }
        Ok(Body::new(plain.into(), lease))
    }
}

/// What happens to a body beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oversize {
    /// It is an error: half a feed is none.
    Refused,
    /// Its beginning is enough.
    Cut,
}

fn builder(settings: &Settings) -> Result<reqwest::ClientBuilder, ClientError> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(settings.timeouts.connect)
        .pool_idle_timeout(IDLE_TIME)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .http1_max_headers(HEADERS_COUNT)
        // A feed is not lost for one crooked line among its headers, as it is not in a browser.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http2_max_header_list_size(u32::try_from(HEADERS_BYTES).unwrap_or(u32::MAX));
    match &settings.proxy {
        None => {
            let resolver = Resolver::new(settings.guard.clone(), settings.lookup.clone(), settings.timeouts.connect);
            Ok(builder.no_proxy().dns_resolver(Arc::new(resolver)))
        }
        // Only the proxy's own name is looked up here, and the operator chose it.
        Some(url) => Ok(builder.proxy(reqwest::Proxy::all(url.clone()).map_err(|e| ClientError::Start(cause(&e)))?)),
    }
}

fn read_certificates(path: &PathBuf) -> Result<Vec<reqwest::Certificate>, ClientError> {
    let pem = std::fs::read(path).map_err(|source| ClientError::CaFile { path: path.clone(), source })?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) | Err(_) => Err(ClientError::NoCertificates(path.clone())),
    }
}

fn user_agent(contact: Option<&str>) -> Option<HeaderValue> {
    let product = concat!("feedloom/", env!("CARGO_PKG_VERSION"));
    let text = match contact {
        Some(contact) => format!("{product} (+{contact})"),
        None => product.to_owned(),
    };
    HeaderValue::from_str(&text).ok()
}

fn accept(kind: Kind) -> HeaderValue {
    HeaderValue::from_static(match kind {
        Kind::Feed => {
            "application/atom+xml, application/rss+xml, application/feed+json, \
             application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
        }
        Kind::Page => "text/html, application/xhtml+xml, */*;q=0.5",
        // What every reader can show; a host that has only something else sends that.
        Kind::Picture => "image/png, image/jpeg, image/gif, image/webp, */*;q=0.1",
        Kind::Robots => "text/plain, */*;q=0.5",
    })
}

fn fits(headers: &HeaderMap) -> bool {
    headers.len() <= HEADERS_COUNT
        && headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() <= HEADERS_BYTES
}

/// The variable of the environment that names a proxy, if one does. Feedloom does not use
/// it (a job of cron must not depend on who started it); a message can say so.
pub fn proxy_in_environment(variable: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .into_iter()
        .find(|name| variable(name).is_some_and(|value| !value.trim().is_empty()))
}

/// What an error of the HTTP client means for us.
fn fault(error: &reqwest::Error, connect: Duration) -> Fault {
    let mut at: Option<&(dyn Error + 'static)> = Some(error);
    let mut found = None;
    while let Some(error) = at {
        if let Some(lookup) = error.downcast_ref::<LookupError>() {
            return match lookup {
                LookupError::Slow(patience) => Fault::Timeout(Phase::Dns, *patience),
                LookupError::Unknown(error) => Fault::Dns(error.to_string()),
                LookupError::Denied(denial) => Fault::Denied(denial.clone()),
            };
        }
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Fault::Tls(tls.to_string());
        }
        if let Some(http) = error.downcast_ref::<hyper::Error>() {
            // Its own predicate comes only with the server half of the crate.
            if http.is_parse() && http.to_string().contains("too large") {
                return Fault::Headers;
            }
            if http.is_parse() {
                return Fault::Connection("the answer is not HTTP".to_owned());
            }
            if http.is_incomplete_message() {
                found = Some(Broken::Incomplete);
            }
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            // Ours are used up (ENFILE, EMFILE): no fault of the server.
            if matches!(io.raw_os_error(), Some(23 | 24)) {
                return Fault::NoDescriptor;
            }
            // A cause inside a cause: the inner one says more.
            found = Some(Broken::Io(io.kind(), io.to_string()));
            at = io.get_ref().map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
            continue;
        }
        at = error.source();
    }
    if error.is_connect() && error.is_timeout() {
        return Fault::Timeout(Phase::Connect, connect);
    }
    if error.is_connect() {
        return match found {
            Some(Broken::Io(io::ErrorKind::ConnectionRefused, why)) => Fault::Refused(why),
            Some(Broken::Io(_, why)) => Fault::Connect(why),
            Some(Broken::Incomplete) | None => Fault::Connect(cause(error)),
        };
    }
    match found {
        Some(Broken::Incomplete) if error.is_request() => Fault::NoAnswer("closed by the server".to_owned()),
        Some(Broken::Io(_, why)) if error.is_request() => Fault::NoAnswer(why),
        Some(Broken::Incomplete) => Fault::Incomplete,
        Some(Broken::Io(io::ErrorKind::UnexpectedEof, _)) => Fault::Incomplete,
        Some(Broken::Io(_, why)) => Fault::Connection(why),
        None => Fault::Connection(cause(error)),
    }
}

enum Broken {
    Incomplete,
    Io(io::ErrorKind, String),
}

/// The innermost cause: the outer ones only say that there is one.
fn cause(error: &dyn Error) -> String {
    let mut at = error;
    while let Some(inner) = at.source() {
        at = inner;
    }
    at.to_string()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderName;

    use super::*;

    #[test]
    fn the_user_agent_says_who_asks() {
        let text = |contact| user_agent(contact).map(|v: HeaderValue| v.to_str().unwrap().to_owned());
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            text(Some("https://example.org/bot")).unwrap(),
            format!("feedloom/{version} (+https://example.org/bot)")
        );
        assert_eq!(text(None).unwrap(), format!("feedloom/{version}"));
        assert_eq!(text(Some("a\r\nX-Evil: 1")), None);
    }

    #[test]
    fn a_proxy_in_the_environment_is_noticed() {
        let with = |name: &'static str, value: &'static str| {
            proxy_in_environment(move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(with("https_proxy", "http://proxy.example:3128"), Some("https_proxy"));
        assert_eq!(with("ALL_PROXY", "socks5://x"), Some("ALL_PROXY"));
        assert_eq!(with("http_proxy", " "), None);
        assert_eq!(with("no_proxy", "*"), None);
    }

    #[test]
    fn large_headers_do_not_fit() {
        let many = |count: usize, length: usize| {
            let value = HeaderValue::from_str(&"a".repeat(length)).unwrap();
            (0..count).map(|i| (HeaderName::from_bytes(format!("x-{i}").as_bytes()).unwrap(), value.clone())).collect()
        };
        let of = |count, length| fits(&many(count, length));
        assert!(of(100, 500) && of(1, 60_000));
        assert!(!of(HEADERS_COUNT + 1, 1) && !of(3, 60_000));
    }
}
