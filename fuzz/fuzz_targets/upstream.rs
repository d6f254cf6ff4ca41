//! Any bytes are read, resolved, sanitised and printed, without a panic.
//!
//! `cargo +nightly fuzz run upstream -- -seed_inputs=$(find ../tests/cases/upstream -name 'input.*' | paste -sd,)`

#![no_main]

use feedloom::source::upstream::{Request, read, schema};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The first byte chooses what is known besides.
    let (first, bytes) = bytes.split_first().unwrap_or((&0, bytes));
    let request = Request {
        content_type: (first & 1 != 0).then_some("text/xml; charset=gbk"),
        address: (first & 2 != 0).then_some("https://example.org/feeds/all.xml"),
        content_language: (first & 4 != 0).then_some("zh-CN"),
        ..Request::default()
    };
    let mut reading = read(bytes, &request);
    reading.resolve();
    if first & 8 != 0 {
        reading.sanitise();
    }
    let _ = schema::document(&reading);
});
