//! The ledger of a large site: 50,000 entries read and written. Prints CPU seconds, and
//! the ratio to reading the same bytes as bare JSON lines, since machines differ.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use feedloom::entry::{EntryId, Kind};
use feedloom::ledger::{Ledger, Place};

const ENTRIES: usize = 50_000;

fn main() {
    // `cargo test --benches` only wants to see that it starts.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let start: DateTime<Utc> = DateTime::from_timestamp(1_500_000_000, 0).expect("a date");
    let mut ledger = Ledger::new("tag:feeds.example.org,2024:".to_owned());
    for n in 0..ENTRIES {
        let key = format!("question:weekly/2022-{n:05}|reader{n}|为什么第{n}个配置没有生效");
        let id = EntryId::mint(&ledger.id_base, Kind::Question, &key);
        let row = ledger.row_mut(&id, start + TimeDelta::minutes(i64::try_from(n).unwrap_or(0)));
        row.place = Some(Place(format!("weekly/2022-{n:05}.md"), 10 + n % 50));
        row.says = format!("为什么第{n}个配置没有生效试过文档里的办法");
        row.hash = format!("{n:016x}");
        row.feeds = vec!["all".to_owned(), format!("project-{}", n % 36)];
        ledger
            .add_keys(&id, [key.as_str()].into_iter(), |_| Ok::<_, std::convert::Infallible>(false))
            .expect("nothing fails");
    }
    let text_of = |ledger: &Ledger| {
        let mut bytes = Vec::new();
        ledger.write_to(&mut bytes).expect("memory takes it");
        String::from_utf8(bytes).expect("text")
    };
    let text = text_of(&ledger);
    println!("{ENTRIES} entries, {:.1} MB", text.len() as f64 / 1e6);
    let mut best = f64::MAX;
    let mut floor = f64::MAX;
    for _ in 0..9 {
        let begin = Instant::now();
        let read = Ledger::parse(&text).expect("a ledger");
        let written = text_of(&read);
        best = best.min(begin.elapsed().as_secs_f64());
        assert!(written == text);
        let begin = Instant::now();
        let values: usize =
            text.lines().filter(|l| serde_json::from_str::<serde_json::Value>(l).is_ok_and(|v| v.is_object())).count();
        floor = floor.min(begin.elapsed().as_secs_f64());
        assert!(values > ENTRIES);
    }
    println!("read and written      {best:.3} s (one thread)");
    println!("lines as bare JSON    {floor:.3} s; ratio {:.2}", best / floor);
}
