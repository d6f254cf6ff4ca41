//! The few words Feedloom itself writes into feeds and pages, by language.
//!
//! English and Chinese are built in. A site brings another language, or says
//! something differently, with a file `templates/words.LANGUAGE.yaml`: what the file
//! leaves out is said as before. What people wrote is never translated.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::entry::Kind;

/// One line a word: its key, what it is for, English, Chinese.
macro_rules! words {
    ($($key:ident, $doc:literal, $english:literal, $chinese:literal;)+) => {
        /// Words of one language.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Words {
            $(#[doc = $doc] pub $key: Cow<'static, str>,)+
        }

        /// Every key, as words files and templates name it.
        pub const KEYS: &[&str] = &[$(stringify!($key)),+];

        impl Words {
            fn english() -> Self {
                Self { $($key: Cow::Borrowed($english),)+ }
            }

            fn chinese() -> Self {
                Self { $($key: Cow::Borrowed($chinese),)+ }
            }

            /// Says `key` differently; false when there is no such key.
            pub fn set(&mut self, key: &str, text: String) -> bool {
                match key {
                    $(stringify!($key) => self.$key = Cow::Owned(text),)+
                    _ => return false,
                }
                true
            }

            /// Every word with its key.
            pub fn pairs(&self) -> Vec<(&'static str, &str)> {
                vec![$((stringify!($key), &*self.$key)),+]
            }
        }
    };
}

words! {
    direction, "`ltr`, or `rtl` of scripts that run from right to left.", "ltr", "ltr";
    comma, "Separates links in a row.", ", ", "、";
    colon, "Between a name and what is said of it.", ": ", "：";
    // In feeds and pages.
    recommended_in, "Before the posts that recommend an article.", "Recommended in", "推荐于";
    from, "Before the post an item is from.", "From", "出自";
    credit, "Before the link to the whole of an article.", "Original:", "原文：";
    issued, "Before the original's own date.", "First published", "原文发布于";
    read_more, "The link to the whole, where a text was cut.", "Read on", "阅读全文";
    play, "Opens the player of a film.", "Play", "播放";
    via, "Before the feed an entry came from.", "Via", "来源";
    // Of every page.
    skip, "Link over the head of a page.", "Skip to the content", "跳到正文";
    home, "Link to all projects.", "All projects", "全部项目";
    all, "Of the feed that carries every entry.", "Everything", "全部动态";
    health, "The page that says how the feeds are.", "Health", "运行状况";
    opml, "The list of all feeds for readers.", "All feeds (OPML)", "全部订阅源（OPML）";
    pages, "Names the links at the head of a page for screen readers.", "Pages", "页面";
    // Subscribing.
    subscribe, "Heading above a feed's addresses.", "Subscribe", "订阅";
    subscribe_hint, "What to do with them.", "Copy an address into your feed reader, or open it in one:", "把地址复制到你的阅读器，或直接在下列阅读器中打开：";
    copy, "The button that copies an address.", "Copy", "复制";
    copied, "Said when it was copied.", "Copied", "已复制";
    reader_app, "The link that opens a reader on this device.", "Reader app", "本机阅读器";
    feed_hint, "What a feed is, for people who open one in a browser.", "This is a feed: a page for feed readers. Copy its address from the address bar into your reader, and new entries come to you.", "这是一个订阅源，供阅读器使用。把地址栏里的网址复制到你的阅读器，新内容就会自动送达。";
    // The index.
    projects, "Heading above the list of projects.", "Projects", "项目";
    find, "Of the box that narrows the list.", "Find a project", "查找项目";
    found, "How many were found; {n} is the number.", "{n} projects", "{n} 个项目";
    empty, "Where a feed has no entries.", "Nothing here yet.", "暂无内容。";
    entry, "One entry.", "1 entry", "1 条";
    entries, "Several; {n} is the number.", "{n} entries", "{n} 条";
    latest, "Before the newest entry's date.", "latest", "最近更新";
    ended, "Of a project that has ended.", "This project has ended.", "该项目已结束。";
    ended_feed, "The same, in the feed itself.", "This project has ended; the feed stays and carries nothing new.", "该项目已结束，此订阅不再更新。";
    moved, "Of a feed whose address is another now.", "This feed lives here now:", "此订阅源已迁至：";
    // Charts.
    chart, "What a chart shows; {from}, {to} and {most} are filled in.", "Entries a month by kind, {from} to {to}; at most {most}", "{from} 至 {to} 每月条数（按类型），最多 {most} 条";
    chart_years, "The same of years.", "Entries a year by kind, {from} to {to}; at most {most}", "{from} 至 {to} 每年条数（按类型），最多 {most} 条";
    activity, "Heading above the chart.", "Activity", "活跃度";
    // A project.
    about, "Before a project's home page.", "Home page", "主页";
    newest, "Heading above the newest entries.", "Latest entries", "最新内容";
    kinds, "Of the choice between kinds.", "Show", "显示";
    any_kind, "No choice.", "All", "全部";
    parts, "Before the feeds of one kind or language.", "Feeds of a part", "分类订阅";
    older, "Heading above the months.", "Older entries", "往期内容";
    older_month, "The month before.", "Earlier", "更早";
    month, "A month; {year} and {month} are filled in.", "{year}-{month}", "{year} 年 {month} 月";
    newer_month, "The month after.", "Later", "更新";
    // An entry.
    asks, "Behind the name of who asks.", "asks", "提问";
    question_label, "Where the name is not known.", "Question", "提问";
    answer, "Above an answer.", "Answer", "回答";
    in_post, "Before the place in the post.", "In the post", "所在原文";
    original, "The link to what an entry is about.", "Original", "查看原文";
    release_notes, "The same of a release.", "Release notes", "发布说明";
    starts, "Before the time of an event.", "Starts", "开始时间";
    about_projects, "Before the projects of an entry.", "About", "相关项目";
    // Health.
    health_hint, "What the health page says.", "Where entries come from, and whether it works.", "内容从哪里来，以及是否正常。";
    health_title, "Title of the feed about sources.", "Health of the sources", "来源状况";
    happened_failing, "Behind a source's title.", "cannot be read", "无法读取";
    happened_recovered, "Behind a source's title.", "is read again", "恢复读取";
    happened_gone, "Behind a source's title.", "was withdrawn by its publisher", "已被发布者撤下";
    happened_moved, "Behind a source's title.", "has moved", "已经迁移";
    happened_silent, "Behind a source's title.", "is silent for longer than usual", "沉默时间超出往常";
    health_events, "Heading above what happened.", "What happened", "近期事件";
    sources, "Heading above the sources.", "Sources", "来源";
    no_sources, "Where a site reads posts only.", "This site reads posts only, no feeds of others.", "本站只读取文章，没有外部来源。";
    source, "A source.", "Source", "来源";
    feed, "A feed.", "Feed", "订阅源";
    feeds, "Heading above the feeds.", "Feeds", "订阅源";
    state, "How it is.", "State", "状态";
    last_entry, "Its newest entry.", "Newest entry", "最新内容";
    count, "How many there are.", "Entries", "条数";
    state_fine, "It works.", "Working", "正常";
    state_new, "It was never read.", "Not read yet", "尚未读取";
    state_silent, "It has been silent for longer than usual.", "Silent for long", "久无更新";
    state_moved, "It is read at another address.", "Moved", "已迁移";
    state_failing, "It cannot be read.", "Failing", "无法读取";
    state_gone, "Its publisher withdrew it.", "Gone", "已撤除";
    since, "Before a date.", "since", "自";
    // Search.
    search, "The search page, and its button.", "Search", "搜索";
    nothing_found, "Where nothing was found.", "Nothing found. All words must be there; fewer words find more.", "没有找到。所有词都要出现；少写几个词再试。";
    not_yet, "While the index is not whole yet.", "The index is still being made: older entries are missing.", "索引还在建立，较早的条目暂时搜不到。";
    previous, "The page of results before.", "Previous", "上一页";
    next, "The page of results behind.", "Next", "下一页";
    needs_script, "Where a search runs in the browser and cannot.", "This search runs in your browser and needs JavaScript.", "这里的搜索在浏览器里运行，需要启用 JavaScript。";
    // Kinds.
    kind_post, "A local post.", "Post", "文章";
    kind_digest, "A post that is taken apart.", "Digest", "周报";
    kind_question, "A question with its answers.", "Question", "问答";
    kind_article, "A page that posts link to.", "Article", "推荐阅读";
    kind_release, "A version.", "Release", "发布";
    kind_task, "Something to do.", "Task", "任务";
    kind_event, "Something with a time.", "Event", "活动";
    kind_news, "Another piece of a digest.", "News", "动态";
    kind_upstream, "An entry of a source.", "Upstream", "上游";
}

impl Words {
    /// The name of a kind.
    pub fn kind(&self, kind: Kind) -> &str {
        match kind {
            Kind::Post => &self.kind_post,
            Kind::Digest => &self.kind_digest,
            Kind::Question => &self.kind_question,
            Kind::Article => &self.kind_article,
            Kind::Release => &self.kind_release,
            Kind::Task => &self.kind_task,
            Kind::Event => &self.kind_event,
            Kind::News => &self.kind_news,
            Kind::Upstream => &self.kind_upstream,
        }
    }

    /// A number of entries.
    pub fn entries_of(&self, count: usize) -> String {
        if count == 1 { self.entry.to_string() } else { self.entries.replace("{n}", &count.to_string()) }
    }
}

/// Languages of a site's own, by lower-case tag.
pub type Own = BTreeMap<String, Words>;

static ENGLISH: LazyLock<Words> = LazyLock::new(Words::english);
static CHINESE: LazyLock<Words> = LazyLock::new(Words::chinese);

/// The words of a language: the site's own, the built-in ones, English. `zh` stands
/// in for `zh-CN`.
pub fn words<'a>(own: &'a Own, language: Option<&str>) -> &'a Words {
    let tag = language.unwrap_or("en").to_lowercase();
    let primary = tag.split('-').next().unwrap_or("en");
    own.get(&tag).or_else(|| own.get(primary)).unwrap_or_else(|| match primary {
        "zh" => &CHINESE,
        _ => &ENGLISH,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_words_go_before_built_in_ones() {
        let mut french = words(&Own::new(), Some("fr")).clone();
        assert!(french.set("subscribe", "S'abonner".to_owned()) && !french.set("subscribes", String::new()));
        let own = Own::from([("fr".to_owned(), french)]);
        let said = |language| words(&own, language).subscribe.to_string();
        assert_eq!([said(Some("fr-CA")), said(Some("zh-CN")), said(None)], ["S'abonner", "订阅", "Subscribe"]);
    }

    #[test]
    fn every_language_keeps_the_places_to_fill_in() {
        for ((key, english), (_, chinese)) in ENGLISH.pairs().into_iter().zip(CHINESE.pairs()) {
            for place in ["{n}", "{from}", "{to}", "{most}", "{year}", "{month}"] {
                assert_eq!(english.contains(place), chinese.contains(place), "{key}");
            }
        }
    }

    #[test]
    fn kinds_have_names() {
        assert!(Kind::ALL.iter().all(|k| !ENGLISH.kind(*k).is_empty() && !CHINESE.kind(*k).is_empty()));
        assert_eq!((ENGLISH.entries_of(1), CHINESE.entries_of(2)), ("1 entry".to_owned(), "2 条".to_owned()));
    }
}
