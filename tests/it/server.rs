//! A web server that does what a test tells it to, byte by byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// Path and query; the whole address where a proxy was asked.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// What came behind them.
    pub body: Vec<u8>,
    /// Which connection it came over.
    pub connection: usize,
    pub at: Instant,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// What happens to the connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    Keep,
    Close,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

/// A server on an address of its own.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Seen>,
}

impl Server {
    /// On a free port of `ip`; `answer` writes the answer to each request. It goes away with the tests.
    pub fn start(ip: &str, answer: impl Fn(&Request, &mut TcpStream) -> After + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Seen::default());
        let (answer, shared) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { continue };
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&shared));
                std::thread::spawn(move || serve(stream, connection, &seen, &*answer));
            }
        });
        Self { address, seen }
    }

    /// The address of `path`.
    pub fn url(&self, path: &str) -> url::Url {
        format!("http://{}{path}", self.address).parse().expect("an address")
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().expect("no panic while it was held").clone()
    }

    /// How many requests for `path` there were.
    pub fn count(&self, path: &str) -> usize {
        self.requests().iter().filter(|r| r.path == path).count()
    }

    /// The most requests that were being answered at once.
    pub fn most_at_once(&self) -> usize {
        self.seen.most.load(Ordering::SeqCst)
    }

    pub fn connections(&self) -> usize {
        self.requests().iter().map(|r| r.connection + 1).max().unwrap_or(0)
    }
}

fn serve(
    mut stream: TcpStream,
    connection: usize,
    seen: &Seen,
    answer: &(impl Fn(&Request, &mut TcpStream) -> After + ?Sized),
) {
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer, connection) {
        seen.requests.lock().expect("no panic while it was held").push(request.clone());
        let now = seen.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        seen.most.fetch_max(now, Ordering::SeqCst);
        let after = answer(&request, &mut stream);
        seen.under_way.fetch_sub(1, Ordering::SeqCst);
        if after == After::Close || request.header("connection") == Some("close") {
            return;
        }
    }
}

fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>, connection: usize) -> Option<Request> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(length) => buffer.extend_from_slice(&piece[..length]),
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, v)| v.parse().ok()).unwrap_or(0);
    while buffer.len() < length {
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(length) => buffer.extend_from_slice(&piece[..length]),
        }
    }
    let body = buffer.drain(..length).collect();
    Some(Request { path, headers, body, connection, at: Instant::now() })
}

/// Writes a whole answer.
pub fn reply(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> After {
    let mut bytes = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    raw(stream, &bytes);
    After::Keep
}

/// Writes bytes and ends the connection.
pub fn raw(stream: &mut TcpStream, bytes: &[u8]) -> After {
    // The other side may have had enough.
    let _ = stream.write_all(bytes);
    let _ = stream.flush();
    After::Close
}

/// Writes bytes, then nothing for longer than any test takes.
pub fn then_silence(stream: &mut TcpStream, bytes: &[u8]) -> After {
    raw(stream, bytes);
    std::thread::sleep(Duration::from_secs(60));
    After::Close
}
