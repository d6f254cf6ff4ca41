//! What a monitor wants to know, in the text form of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Bounds of the buckets that times are counted in, in microseconds.
const BUCKETS_US: [u64; 8] = [100, 500, 1_000, 5_000, 10_000, 50_000, 250_000, 1_000_000];

/// Counters. All start at 0 when the program does.
#[derive(Debug, Default)]
pub struct Metrics {
    statuses: [AtomicU64; 5],
    not_modified: AtomicU64,
    bytes: AtomicU64,
    times: [AtomicU64; BUCKETS_US.len() + 1],
    time_us: AtomicU64,
    /// Connections that are open.
    pub open: AtomicI64,
    /// Connections that there were.
    pub connections: AtomicU64,
    /// Connections that were closed to let others in.
    pub evicted: AtomicU64,
    /// Questions that were answered from what is kept.
    pub asked_kept: AtomicU64,
    /// Questions that the store was asked.
    pub asked_store: AtomicU64,
    /// Questions that were turned away because there were too many.
    pub asked_busy: AtomicU64,
    /// Refreshes that ended well, and those that did not.
    pub refreshes: [AtomicU64; 2],
    /// When the last one ended well, in seconds since the epoch.
    pub refreshed_s: AtomicI64,
    /// How long it took, in milliseconds.
    pub refresh_ms: AtomicU64,
    /// Problems that it reported.
    pub problems: AtomicU64,
    /// Sources that failed in it.
    pub sources_failed: AtomicU64,
    /// When another list of files was put in place, in seconds since the epoch.
    pub published_s: AtomicI64,
}

/// What is known elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Files that are served.
    pub files: usize,
    /// Bytes that are held.
    pub held: usize,
}

impl Metrics {
    /// Counts an answer.
    pub fn answered(&self, status: u16, bytes: usize, took: Duration) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        self.statuses[class].fetch_add(1, Ordering::Relaxed);
        if status == 304 {
            self.not_modified.fetch_add(1, Ordering::Relaxed);
        }
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_US.iter().position(|bound| us <= *bound).unwrap_or(BUCKETS_US.len());
        self.times[bucket].fetch_add(1, Ordering::Relaxed);
        self.time_us.fetch_add(us, Ordering::Relaxed);
    }

    /// All of it as text.
    pub fn text(&self, now: Now) -> String {
        let mut out = String::new();
        let load = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let head = |out: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(out, "# HELP feedloom_{name} {help}\n# TYPE feedloom_{name} {kind}");
        };
        head(&mut out, "http_requests_total", "counter", "Answers by class of status.");
        for (n, count) in self.statuses.iter().enumerate() {
            let _ = writeln!(out, "feedloom_http_requests_total{{class=\"{}xx\"}} {}", n + 1, load(count));
        }
        head(&mut out, "http_request_duration_seconds", "histogram", "Time from a request to its answer.");
        let mut total = 0;
        for (bound, count) in BUCKETS_US.iter().zip(&self.times) {
            total += load(count);
            let bound = *bound as f64 / 1e6;
            let _ = writeln!(out, "feedloom_http_request_duration_seconds_bucket{{le=\"{bound}\"}} {total}");
        }
        total += load(&self.times[BUCKETS_US.len()]);
        let sum = load(&self.time_us) as f64 / 1e6;
        let name = "feedloom_http_request_duration_seconds";
        let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {total}\n{name}_sum {sum}\n{name}_count {total}");
        let mut one = |name: &str, kind: &str, help: &str, value: f64| {
            head(&mut out, name, kind, help);
            let _ = writeln!(out, "feedloom_{name} {value}");
        };
        let count = |n: &AtomicU64| n.load(Ordering::Relaxed) as f64;
        let moment = |n: &AtomicI64| n.load(Ordering::Relaxed) as f64;
        one("http_not_modified_total", "counter", "Answers that sent nothing again.", count(&self.not_modified));
        one("http_body_bytes_total", "counter", "Bytes of bodies.", count(&self.bytes));
        one("connections_open", "gauge", "Connections that are open.", moment(&self.open));
        one("connections_total", "counter", "Connections that there were.", count(&self.connections));
        one("connections_evicted_total", "counter", "Connections closed to let others in.", count(&self.evicted));
        one("asked_kept_total", "counter", "Feeds and searches answered from memory.", count(&self.asked_kept));
        one("asked_store_total", "counter", "Feeds and searches made from the store.", count(&self.asked_store));
        one("asked_busy_total", "counter", "Feeds and searches turned away.", count(&self.asked_busy));
        one("files", "gauge", "Files that are served.", now.files as f64);
        one("held_bytes", "gauge", "Bytes of files in memory.", now.held as f64);
        one("published_timestamp_seconds", "gauge", "When the files changed last.", moment(&self.published_s));
        one("refreshes_total", "counter", "Refreshes that ended well.", count(&self.refreshes[0]));
        one("refreshes_failed_total", "counter", "Refreshes that did not.", count(&self.refreshes[1]));
        one("refresh_timestamp_seconds", "gauge", "When the last refresh ended well.", moment(&self.refreshed_s));
        one("refresh_duration_seconds", "gauge", "How long it took.", count(&self.refresh_ms) / 1e3);
        one("refresh_problems", "gauge", "Problems that it reported.", count(&self.problems));
        one("sources_failed", "gauge", "Sources that failed in it.", count(&self.sources_failed));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up() {
        let metrics = Metrics::default();
        for (status, us) in [(200, 50), (304, 700), (404, 2_000_000)] {
            metrics.answered(status, 10, Duration::from_micros(us));
        }
        let text = metrics.text(Now { files: 3, held: 4 });
        for line in [
            "feedloom_http_requests_total{class=\"2xx\"} 1",
            "feedloom_http_requests_total{class=\"3xx\"} 1",
            "feedloom_http_request_duration_seconds_bucket{le=\"0.0001\"} 1",
            "feedloom_http_request_duration_seconds_bucket{le=\"0.001\"} 2",
            "feedloom_http_request_duration_seconds_bucket{le=\"+Inf\"} 3",
            "feedloom_http_not_modified_total 1",
            "feedloom_files 3",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }
}
