//! Serves what was published, and hands questions (feeds on demand, search) to those who
//! know the answers.
//!
//! One thread answers requests from memory; whatever takes longer (reading a file,
//! packing it, asking the store) is done elsewhere and waited for. What is served is a
//! list ([`shelf`]) that is replaced as a whole: no request sees half of a refresh, and no
//! path of a request ever becomes the path of a file.
//!
//! | room | decides | |
//! |---|---|---|
//! | [`target`] | what the path of a request names | pure |
//! | [`rules`] | preconditions, ranges and codings (RFC 9110) | pure |
//! | [`media`] | what a file is and how long it may be kept | pure |
//! | [`shelf`] | which bytes are held | |
//! | [`guests`] | how many connections there are and who leaves first | IO |
//! | [`metrics`] | what is counted | |
//!
//! Refused here: every method but GET and HEAD, requests without a host, and questions
//! when too many wait. Nothing but addresses of this site is redirected to. HTTP/1 only,
//! without TLS: both are the proxy's, where there is one.

pub mod guests;
pub mod media;
pub mod metrics;
pub mod rules;
pub mod shelf;
pub mod target;

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, HeaderValue, LAST_MODIFIED, LINK, LOCATION, REFERRER_POLICY,
    RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use crate::config::FeedFormat;
use guests::{Guests, Patient};
use media::{Keep, Media, Policy};
use metrics::{Metrics, Now};
use rules::{Coding, Part, Verdict};
use shelf::{Content, Item, Shelf};
use target::NoPath;

/// Most bytes of a request's head. Honest ones have one or two KiB.
const HEAD_BYTES: usize = 16 << 10;

/// Most header lines of a request.
const HEAD_LINES: usize = 64;

/// Longest query that is looked at.
const QUERY_BYTES: usize = 2048;

/// Most answers to questions that are kept, and most bytes of them.
const KEPT: (usize, usize) = (256, 4 << 20);

/// How a server behaves.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// To say what is wanted, the first time and again after each answer.
    pub head: Duration,
    /// To take the next piece of an answer.
    pub write: Duration,
    /// To finish what is under way when the server stops.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            head: Duration::from_secs(15),
            write: Duration::from_secs(30),
            stop: Duration::from_secs(3),
        }
    }
}

/// What is asked for that is in no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// A feed made for this request.
    Feed(FeedFormat),
    /// A page with what was found.
    SearchPage,
    /// The same for programs.
    SearchJson,
}

impl What {
    fn of(path: &str) -> Option<Self> {
        match path {
            "feed.atom" => Some(What::Feed(FeedFormat::Atom)),
            "feed.rss" => Some(What::Feed(FeedFormat::Rss)),
            "feed.json" => Some(What::Feed(FeedFormat::Json)),
            "search/" | "search/index.html" => Some(What::SearchPage),
            "search.json" => Some(What::SearchJson),
            _ => None,
        }
    }
}

/// A question, and where the answer goes.
#[derive(Debug)]
pub struct Question {
    /// What is asked for.
    pub what: What,
    /// The query, as it came.
    pub query: String,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Reply>,
}

/// An answer to a question.
#[derive(Debug)]
pub enum Reply {
    /// Here it is.
    Document {
        /// The bytes.
        bytes: Vec<u8>,
        /// What they are.
        media: Media,
        /// When they changed last, in seconds since the epoch.
        modified_s: i64,
        /// The `Link` header.
        link: Option<String>,
    },
    /// The same question has another spelling: the query of that.
    Spelled(String),
    /// What is wrong with the question, for the one who asked.
    Refused {
        /// 400 or 404.
        status: u16,
        /// What is wrong and what to do.
        text: String,
    },
    /// Not now: ask again in a moment.
    Later,
}

/// Takes questions; `Err` when too many wait.
pub type Ask = Box<dyn Fn(Question) -> Result<(), Question> + Send + Sync>;

/// Answers to questions that are kept until the state changes.
#[derive(Debug, Default)]
struct Kept {
    generation: u64,
    items: HashMap<(What, String), Arc<Item>>,
    bytes: usize,
}

/// A server.
pub struct Server {
    /// What is served.
    pub shelf: Arc<Shelf>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    prefix: String,
    ask: Option<Ask>,
    kept: Mutex<Kept>,
    limits: Limits,
}

/// The body of an answer: in one piece, or none.
#[derive(Debug)]
pub struct Body(Option<Bytes>);

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |b| b.len() as u64))
    }
}

type Answer = Response<Body>;

impl Server {
    /// `prefix` is the path of the site's own address, `/` or `/feeds/`.
    pub fn new(shelf: Arc<Shelf>, metrics: Arc<Metrics>, prefix: String, ask: Option<Ask>, limits: Limits) -> Self {
        Self { shelf, metrics, prefix, ask, kept: Mutex::new(Kept::default()), limits }
    }

    /// Another state: answers that were kept are old.
    pub fn forget(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Kept { generation: kept.generation + 1, ..Kept::default() };
    }

    /// Answers until `stop` becomes true; then what is under way is finished.
    pub async fn run(self: Arc<Self>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        let guests = Arc::new(Guests::new(self.limits.connections, Arc::clone(&self.metrics)));
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .max_headers(HEAD_LINES)
            .max_buf_size(HEAD_BYTES);
        let mut tasks = tokio::task::JoinSet::new();
        loop {
            let stream = tokio::select! {
                stream = accepted(&listener) => stream,
                _ = tasks.join_next(), if !tasks.is_empty() => continue,
                _ = stopped(&mut stop) => break,
            };
            let guest = guests.enter();
            let number = guest.number();
            let (server, http, mut stop) = (Arc::clone(&self), http.clone(), stop.clone());
            let handle = tasks.spawn(async move {
                let service = hyper::service::service_fn(|request| {
                    guest.asked();
                    let server = Arc::clone(&server);
                    async move { Ok::<_, Infallible>(server.answer(request).await) }
                });
                let io = TokioIo::new(Patient::new(stream, server.limits.write));
                let mut connection = pin!(http.serve_connection(io, service));
                tokio::select! {
                    // Whatever ends a connection is the client's affair.
                    _ = connection.as_mut() => return,
                    _ = stopped(&mut stop) => connection.as_mut().graceful_shutdown(),
                }
                let _ = connection.await;
            });
            guests.can_leave(number, handle);
        }
        drop(listener);
        let all = async { while tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(self.limits.stop, all).await;
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Incoming>) -> Answer {
        let started = Instant::now();
        let mut answer = self.route(&request).await;
        if request.method() == Method::HEAD {
            // What a GET would have sent is said, and not sent.
            *answer.body_mut() = Body(None);
        }
        let bytes = answer.body().0.as_ref().map_or(0, Bytes::len);
        self.metrics.answered(answer.status().as_u16(), bytes, started.elapsed());
        answer
    }

    async fn route(&self, request: &Request<Incoming>) -> Answer {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        let hosts = request.headers().get_all(HOST).iter().count();
        if hosts > 1 || hosts == 0 && request.version() == Version::HTTP_11 {
            return text(StatusCode::BAD_REQUEST, "a request names one host (RFC 9112, 3.2)");
        }
        if request.uri().path().strip_prefix(self.prefix.trim_end_matches('/')) == Some("") {
            let name = self.prefix.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            if !name.is_empty() {
                return elsewhere(&format!("{name}/"));
            }
        }
        let path = match target::path(request.uri().path(), &self.prefix) {
            Ok(path) => path,
            Err(NoPath::Bad) => return text(StatusCode::BAD_REQUEST, "this is no path of a site"),
            Err(NoPath::Unknown) => return not_there(),
        };
        if path == "healthz" {
            return self.health();
        }
        if let (Some(what), Some(ask)) = (What::of(&path), &self.ask) {
            return self.question(request, what, ask).await;
        }
        if path == "search" && self.ask.is_some() {
            let query = request.uri().query().map_or_else(String::new, |q| format!("?{q}"));
            return elsewhere(&format!("search/{query}"));
        }
        let found = if path.is_empty() || path.ends_with('/') {
            self.shelf.find(&format!("{path}index.html"))
        } else {
            self.shelf.find(&path)
        };
        match found {
            Some(item) => self.send(request, &item).await,
            None if !path.is_empty() && self.shelf.find(&format!("{path}/index.html")).is_some() => {
                // Relative, so that it holds behind any proxy.
                let name = path.rsplit('/').next().unwrap_or_default();
                elsewhere(&format!("{name}/"))
            }
            None => not_there(),
        }
    }

    fn health(&self) -> Answer {
        if self.shelf.is_empty() {
            return text(StatusCode::SERVICE_UNAVAILABLE, "nothing is published yet: run `feedloom refresh`");
        }
        text(StatusCode::OK, "ok")
    }

    /// An answer from memory, or from those who know.
    async fn question(&self, request: &Request<Incoming>, what: What, ask: &Ask) -> Answer {
        let query = request.uri().query().unwrap_or("");
        if query.len() > QUERY_BYTES {
            let length = query.len();
            let say = format!("the query has {length} bytes, and at most {QUERY_BYTES} are read: ask for less at once");
            return text(StatusCode::BAD_REQUEST, &say);
        }
        let name = (what, query.to_owned());
        let (known, generation) = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            (kept.items.get(&name).cloned(), kept.generation)
        };
        if let Some(item) = known {
            self.metrics.asked_kept.fetch_add(1, Ordering::Relaxed);
            return self.send(request, &item).await;
        }
        let (answer, reply) = oneshot::channel();
        if ask(Question { what, query: query.to_owned(), answer }).is_err() {
            self.metrics.asked_busy.fetch_add(1, Ordering::Relaxed);
            return later();
        }
        self.metrics.asked_store.fetch_add(1, Ordering::Relaxed);
        match reply.await {
            Ok(Reply::Document { bytes, media, modified_s, link }) => {
                let length = bytes.len();
                let item = Arc::new(Item::of_bytes(bytes, modified_s.saturating_mul(1_000_000_000), media, link));
                if media.keep != Keep::Never {
                    let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                    // Counted three times: its packed forms are kept with it.
                    if kept.items.len() >= KEPT.0 || kept.bytes + length * 3 > KEPT.1 {
                        *kept = Kept { generation: kept.generation, ..Kept::default() };
                    }
                    // What was made of the state before is sent, but not kept.
                    if kept.generation == generation {
                        kept.bytes += length * 3;
                        kept.items.insert(name, Arc::clone(&item));
                    }
                }
                self.send(request, &item).await
            }
            Ok(Reply::Spelled(query)) => {
                let name = request.uri().path().rsplit('/').next().unwrap_or_default();
                elsewhere(&if query.is_empty() { name.to_owned() } else { format!("{name}?{query}") })
            }
            Ok(Reply::Refused { status, text: say }) => {
                text(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), &say)
            }
            Ok(Reply::Later) | Err(_) => later(),
        }
    }

    /// Sends an item, or as much of it as is wanted.
    async fn send(&self, request: &Request<Incoming>, item: &Arc<Item>) -> Answer {
        let headers = request.headers();
        // A part is one of the plain bytes: others would make one that cannot be continued elsewhere.
        let wanted = if rules::wants_part(headers) { Coding::Identity } else { rules::coding(headers) };
        let (content, coding) = match self.shelf.content(item, wanted).await {
            Ok(ready) => ready,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return not_there(),
            Err(_) => return later(),
        };
        let (bytes, coding, etag) = content.form(coding);
        let tag = etag.to_str().unwrap_or("");
        match rules::preconditions(headers, tag, content.modified_s) {
            Verdict::Failed => return text(StatusCode::PRECONDITION_FAILED, "it has changed"),
            Verdict::NotModified => {
                let mut answer = labelled(StatusCode::NOT_MODIFIED, headers, item, &content, coding, etag);
                *answer.body_mut() = Body(None);
                return answer;
            }
            Verdict::Send => {}
        }
        // Section 14.2: a range means something with GET only.
        let part = match *request.method() {
            Method::GET => rules::part(headers, tag, content.modified_s, bytes.len()),
            _ => Part::Whole,
        };
        match part {
            Part::Whole => {
                let mut answer = labelled(StatusCode::OK, headers, item, &content, coding, etag);
                answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
                *answer.body_mut() = Body(Some(bytes.clone()));
                answer
            }
            Part::Bytes(first, last) => {
                let mut answer = labelled(StatusCode::PARTIAL_CONTENT, headers, item, &content, coding, etag);
                let piece = bytes.slice(first..=last);
                let headers = answer.headers_mut();
                headers.insert(CONTENT_LENGTH, HeaderValue::from(piece.len()));
                range(headers, &format!("bytes {first}-{last}/{}", bytes.len()));
                *answer.body_mut() = Body(Some(piece));
                answer
            }
            Part::None => {
                let mut answer = text(StatusCode::RANGE_NOT_SATISFIABLE, "there are no such bytes");
                range(answer.headers_mut(), &format!("bytes */{}", bytes.len()));
                answer
            }
        }
    }

    /// Answers a monitor: its numbers and nothing else.
    pub async fn tell(self: Arc<Self>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.limits.head).max_buf_size(HEAD_BYTES);
        // A monitor or two, and nobody else.
        let places = Arc::new(tokio::sync::Semaphore::new(8));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let stream = tokio::select! {
                stream = accepted(&listener) => stream,
                _ = stopped(&mut stop) => return,
            };
            let (server, http) = (Arc::clone(&self), http.clone());
            tokio::spawn(async move {
                let _place = place;
                let service = hyper::service::service_fn(|request: Request<Incoming>| {
                    let known = request.method() == Method::GET && request.uri().path() == "/metrics";
                    let mut answer = if known {
                        let now = Now { files: server.shelf.len(), held: server.shelf.held() };
                        text(StatusCode::OK, &server.metrics.text(now))
                    } else {
                        text(StatusCode::NOT_FOUND, "ask for /metrics")
                    };
                    let version = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
                    answer.headers_mut().insert(CONTENT_TYPE, version);
                    async move { Ok::<_, Infallible>(answer) }
                });
                let io = TokioIo::new(Patient::new(stream, server.limits.write));
                let _ = http.serve_connection(io, service).await;
            });
        }
    }
}

/// The next client.
async fn accepted(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // No file descriptors are left, or the client has gone: neither lasts.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Ends when the server is to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The sender going away means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn range(headers: &mut hyper::HeaderMap, text: &str) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(CONTENT_RANGE, value);
    }
}

/// An answer with everything that is said of an item: the same in 200, 206 and 304.
fn labelled(
    status: StatusCode,
    asked: &hyper::HeaderMap,
    item: &Item,
    content: &Content,
    coding: Coding,
    etag: &HeaderValue,
) -> Answer {
    let mut answer = Response::new(Body(None));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.reserve(16);
    let shown = item.media.is_styled() && rules::wants_page(asked);
    let content_type = if shown { media::SHOWN } else { item.media.content_type };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(ETAG, etag.clone());
    headers.insert(LAST_MODIFIED, content.last_modified.clone());
    headers.insert(CACHE_CONTROL, item.media.keep.header());
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    match coding {
        Coding::Identity => {}
        Coding::Gzip => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Coding::Brotli => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
        }
    }
    if item.media.packs {
        let vary = if item.media.is_styled() { "accept, accept-encoding" } else { "accept-encoding" };
        headers.insert(VARY, HeaderValue::from_static(vary));
    }
    if let Some(link) = &item.link {
        headers.insert(LINK, link.clone());
    }
    if item.media.policy == Policy::Data {
        // Feeds are for everybody, for readers inside browsers too.
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    secure(headers, item.media.policy);
    answer
}

fn secure(headers: &mut hyper::HeaderMap, policy: Policy) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers.insert(CONTENT_SECURITY_POLICY, policy.header());
}

/// A line of text for people.
fn text(status: StatusCode, say: &str) -> Answer {
    let bytes = Bytes::from(format!("{}\n", say.trim_end()));
    let mut answer = Response::new(Body(None));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media::TEXT.content_type));
    headers.insert(CACHE_CONTROL, Keep::Never.header());
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    secure(headers, Policy::Data);
    *answer.body_mut() = Body(Some(bytes));
    answer
}

fn not_there() -> Answer {
    text(StatusCode::NOT_FOUND, "nothing is here; / lists what there is")
}

fn later() -> Answer {
    let mut answer = text(StatusCode::SERVICE_UNAVAILABLE, "busy: ask again in a moment");
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    answer
}

/// Leads to another address of the same folder.
fn elsewhere(address: &str) -> Answer {
    let mut answer = text(StatusCode::MOVED_PERMANENTLY, address);
    match HeaderValue::try_from(address) {
        Ok(location) => {
            answer.headers_mut().insert(LOCATION, location);
            answer.headers_mut().insert(CACHE_CONTROL, Keep::Minutes.header());
            answer
        }
        Err(_) => not_there(),
    }
}

/// Where a server listens.
///
/// # Errors
/// What the system says.
pub fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = guests::bind(address)?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}
