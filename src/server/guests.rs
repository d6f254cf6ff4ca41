//! Connections: how many there may be, how long they may take, and who goes first.
//!
//! A server for everybody meets clients that connect and say nothing. Each has a time to
//! say what it wants and a time to take what it gets. When all places are taken, the one
//! whose last request is longest ago leaves, so that thousands of silent ones do not keep
//! anybody out.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::Sleep;

use super::metrics::Metrics;

/// When a guest asked last, and how it is made to leave.
type Seat = (Arc<AtomicU64>, Option<AbortHandle>);

/// Those who are connected.
#[derive(Debug)]
pub struct Guests {
    most: usize,
    started: Instant,
    next: AtomicU64,
    list: Mutex<HashMap<u64, Seat>>,
    metrics: Arc<Metrics>,
}

/// One of them. Leaves the list when it is dropped.
#[derive(Debug)]
pub struct Guest {
    number: u64,
    guests: Arc<Guests>,
    last: Arc<AtomicU64>,
}

impl Guests {
    /// Room for `most`.
    pub fn new(most: usize, metrics: Arc<Metrics>) -> Self {
        let (next, list) = (AtomicU64::new(0), Mutex::new(HashMap::new()));
        Self { most: most.max(1), started: Instant::now(), next, list, metrics }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Lets one more in, and another out when there is no room.
    pub fn enter(self: &Arc<Self>) -> Guest {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let last = Arc::new(AtomicU64::new(self.now()));
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if list.len() >= self.most {
            let longest = list.iter().min_by_key(|(_, (last, _))| last.load(Ordering::Relaxed)).map(|(n, _)| *n);
            if let Some((_, Some(handle))) = longest.and_then(|n| list.remove(&n)) {
                handle.abort();
                self.metrics.evicted.fetch_add(1, Ordering::Relaxed);
            }
        }
        list.insert(number, (Arc::clone(&last), None));
        self.metrics.connections.fetch_add(1, Ordering::Relaxed);
        self.metrics.open.fetch_add(1, Ordering::Relaxed);
        Guest { number, guests: Arc::clone(self), last }
    }

    /// Says how a guest is made to leave.
    pub fn can_leave(&self, number: u64, handle: AbortHandle) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = list.get_mut(&number) {
            entry.1 = Some(handle);
        }
    }
}

impl Guest {
    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// It asked for something.
    pub fn asked(&self) {
        self.last.store(self.guests.now(), Ordering::Relaxed);
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.guests.list.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
        self.guests.metrics.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection whose other side has to take what it is given within a time.
#[derive(Debug)]
pub struct Patient {
    stream: TcpStream,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    leaving: Option<Leaving>,
}

/// A connection that was closed from this side, until the other side has closed it, too:
/// what it still sends must be taken, or the last answer is lost on its way.
#[derive(Debug)]
struct Leaving {
    left: usize,
    until: Pin<Box<Sleep>>,
}

/// How long, and for how many bytes, a closed connection is listened to.
const LEAVING: (Duration, usize) = (Duration::from_millis(500), 256 << 10);

impl Patient {
    /// Waits for `patience` until a write goes on.
    pub fn new(stream: TcpStream, patience: Duration) -> Self {
        // An answer is one write: nothing is gained by waiting for more.
        let _ = stream.set_nodelay(true);
        Self { stream, patience, waiting: None, leaving: None }
    }

    fn waited<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.waiting = None;
            return polled;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.waited(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.waited(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.leaving.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let (time, left) = LEAVING;
        let leaving = this.leaving.get_or_insert_with(|| Leaving { left, until: Box::pin(tokio::time::sleep(time)) });
        let mut piece = [0; 4096];
        loop {
            if leaving.left == 0 || leaving.until.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut piece);
            match ready!(Pin::new(&mut this.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {
                    leaving.left = leaving.left.saturating_sub(buffer.filled().len());
                }
                // It has gone, one way or the other.
                Ok(()) | Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// Binds an address. A port in use by a server that just went is taken over.
///
/// # Errors
/// What the system says.
pub fn bind(address: SocketAddr) -> io::Result<tokio::net::TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
        SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}
