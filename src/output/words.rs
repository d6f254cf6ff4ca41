//! The few words Feedloom itself writes into feeds and pages, by language.
//!
//! To add a language: one more table, one more line in [`words`]. What people
//! wrote is never translated.

use crate::entry::Kind;

/// Words of one language.
#[derive(Debug)]
pub struct Words {
    /// BCP 47 primary tag.
    pub tag: &'static str,
    /// Before the posts that recommend an article.
    pub recommended_in: &'static str,
    /// Before the post an item is from.
    pub from: &'static str,
    /// Before the original's own date.
    pub issued: &'static str,
    /// The link to the whole, where a text was cut.
    pub read_more: &'static str,
    /// Before the feed an entry came from.
    pub via: &'static str,
    /// Before the place where an article was published.
    pub original: &'static str,
    /// Of a project that has ended.
    pub ended: &'static str,
    /// Heading above the list of projects.
    pub projects: &'static str,
    /// Of the feed that carries every entry.
    pub all: &'static str,
    /// Before the three feeds.
    pub subscribe: &'static str,
    /// Where a feed has no entries.
    pub empty: &'static str,
    /// Number of entries.
    pub entries: &'static str,
    /// Before the newest entry's date.
    pub latest: &'static str,
    /// Link back to all projects.
    pub home: &'static str,
    /// Separates links in a row.
    pub comma: &'static str,
    /// Names of kinds, in the order of [`Kind::ALL`].
    pub kinds: [&'static str; 9],
}

impl Words {
    /// The name of a kind.
    pub fn kind(&self, kind: Kind) -> &'static str {
        let at = Kind::ALL.iter().position(|k| *k == kind).unwrap_or(0);
        self.kinds[at]
    }
}

const ENGLISH: Words = Words {
    tag: "en",
    recommended_in: "Recommended in",
    from: "From",
    issued: "First published",
    read_more: "Read on",
    via: "Via",
    original: "Original:",
    ended: "This project has ended.",
    projects: "Projects",
    all: "Everything",
    subscribe: "Subscribe",
    empty: "Nothing here yet.",
    entries: "entries",
    latest: "latest",
    home: "All projects",
    comma: ", ",
    kinds: ["Post", "Digest", "Question", "Article", "Release", "Task", "Event", "News", "Upstream"],
};

const CHINESE: Words = Words {
    tag: "zh",
    recommended_in: "推荐于",
    from: "出自",
    issued: "原文发布于",
    read_more: "阅读全文",
    via: "来源",
    original: "原文：",
    ended: "该项目已结束。",
    projects: "项目",
    all: "全部",
    subscribe: "订阅",
    empty: "暂无内容。",
    entries: "条",
    latest: "最近更新",
    home: "全部项目",
    comma: "、",
    kinds: ["文章", "周报", "问答", "推荐阅读", "发布", "任务", "活动", "动态", "上游"],
};

/// The words of a language; English for those that have none.
pub fn words(language: Option<&str>) -> &'static Words {
    match language.and_then(|l| l.split('-').next()).map(str::to_lowercase).as_deref() {
        Some("zh") => &CHINESE,
        _ => &ENGLISH,
    }
}
