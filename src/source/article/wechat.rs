//! Articles of WeChat accounts (`mp.weixin.qq.com`): articles, picture posts, short
//! texts. Every page is answered with status 200, those that say that something was
//! deleted, too: only a page that carries an article is one.
//!
//! Their text is hidden until a script has run, or lies in the script alone; their
//! address is no identity: `__biz`, `mid` and `idx` are, which the page names.

mod literal;

use chrono::{FixedOffset, NaiveDateTime, TimeZone, Utc};
use dom_query::{Document, NodeRef, Selection};
use serde_json::Value;
use url::Url;

use super::content::{self, Content};
use super::facts::Facts;
use super::scan::Script;
use super::{Confidence, Page, Published, Refusal, lazy, metadata};
use crate::normalize::{address, html, text};

/// The host of all articles.
const HOST: &str = "mp.weixin.qq.com";

/// Titles of texts without one end here, in columns.
const TITLE_COLUMNS: usize = 80;

/// What pages that are no article say, and what it means. The first that is found counts.
const REFUSED: &[(&str, Refusal)] = &[
    ("环境异常", Refusal::Challenge),
    ("完成验证后即可继续访问", Refusal::Challenge),
    ("访问过于频繁", Refusal::Busy),
    ("操作频繁", Refusal::Busy),
    ("链接已过期", Refusal::Expired),
    ("链接已失效", Refusal::Expired),
    ("The link has expired", Refusal::Expired),
    ("已被发布者删除", Refusal::Deleted),
    ("已被作者删除", Refusal::Deleted),
    ("deleted by the author", Refusal::Deleted),
    ("deleted by its author", Refusal::Deleted),
    ("此内容因违规无法查看", Refusal::Withdrawn),
    ("因违规无法查看", Refusal::Withdrawn),
    ("被投诉且经审核涉嫌", Refusal::Withdrawn),
    ("涉嫌侵权", Refusal::Withdrawn),
    ("冒名侵权", Refusal::Withdrawn),
    ("此帐号已被屏蔽", Refusal::Withdrawn),
    ("此账号已被屏蔽", Refusal::Withdrawn),
    ("帐号已自主注销", Refusal::Withdrawn),
    ("账号已自主注销", Refusal::Withdrawn),
    ("violating relevant laws", Refusal::Withdrawn),
    ("unable to view this content because it violates", Refusal::Withdrawn),
    ("此内容发送失败无法查看", Refusal::Withdrawn),
    ("处于帐号迁移流程中", Refusal::Moved(None)),
    ("处于账号迁移流程中", Refusal::Moved(None)),
    ("公众号已迁移", Refusal::Moved(None)),
    ("该内容暂时无法查看", Refusal::Busy),
    ("内容暂时无法查看", Refusal::Busy),
    ("参数错误", Refusal::NotFound),
    ("page_rumor", Refusal::Withdrawn),
];

/// Whether this is the page of a WeChat article, or stands where one should.
pub(super) fn is_one(address: &Url, scripts: &[Script<'_>]) -> bool {
    address.host_str() == Some(HOST) || data_of(scripts).is_some()
}

fn data_of<'t>(scripts: &[Script<'t>]) -> Option<&'t str> {
    scripts.iter().find_map(|s| {
        let at = memchr::memmem::find(s.body.as_bytes(), b"window.cgiDataNew")?;
        let rest = &s.body[at..];
        rest.get(..rest.find('{')?).is_some_and(|r| r.contains('=') && r.len() < 60).then_some(rest)
    })
}

/// Reads a page.
///
/// # Errors
/// Why it is no article.
pub(super) fn read(
    document: Document,
    facts: &Facts,
    scripts: &[Script<'_>],
    address: &Url,
    robots: Option<&str>,
) -> Result<Page, Refusal> {
    let data = data_of(scripts).and_then(literal::object).unwrap_or(Value::Null);
    let get = |key: &str| data.get(key).and_then(Value::as_str).map(str::trim).filter(|v| !v.is_empty());
    let body = document.select_single("#js_content");
    let shown =
        body.nodes().first().filter(|n| !n.text().trim().is_empty() || Selection::from(**n).select("img").exists());
    let pictures = pictures(&data);
    // Picture posts and short texts: what stands in the page is its frame. Articles have
    // lists of their pictures, too.
    let is_post = match get("item_show_type") {
        Some(kind) => matches!(kind, "8" | "10"),
        None => !pictures.is_empty(),
    };
    let written = get("content_noencode").or_else(|| get("content"));
    let has_article = document.select_single("#js_article").exists() || !data.is_null();
    if !has_article || shown.is_none() && written.is_none() && pictures.is_empty() {
        return Err(refusal(facts, scripts, address));
    }
    let content = match shown.filter(|_| !is_post || written.is_none()) {
        Some(node) => of_tree(node, address),
        None => of_data(written.unwrap_or_default(), &pictures, address),
    };
    let mut page = Page { restrictions: metadata::restrictions(facts, robots), ..Page::default() };
    let said = |value: Option<String>, origin: &str| value.map(|v| (v, origin.to_owned()));
    let title = facts
        .meta("og:title")
        .map(|t| (unescaped(t), "meta og:title"))
        .or_else(|| {
            data.get("title")
                .and_then(Value::as_str)
                .map(|t| (text::decode_entities(t).into_owned(), "cgiDataNew title"))
        })
        .or_else(|| Some((text_of(&document, "#activity-name")?, "#activity-name")))
        .or_else(|| Some((variable(scripts, "msg_title")?, "msg_title")))
        .map(|(t, origin)| (text::line(&t), origin))
        .filter(|(t, _)| !t.is_empty())
        .or_else(|| Some((text::first_sentence(&content.text), "its first sentence")).filter(|(t, _)| !t.is_empty()))
        .map(|(t, origin)| (text::cut(&t, 2 * TITLE_COLUMNS), origin));
    let account = get("nick_name")
        .map(|n| (text::decode_entities(n).into_owned(), "cgiDataNew nick_name"))
        .or_else(|| Some((text_of(&document, "#js_name")?, "#js_name")))
        .or_else(|| Some((variable(scripts, "nickname")?, "nickname")))
        .or_else(|| Some((text_of(&document, ".wx_follow_nickname")?, ".wx_follow_nickname")));
    let author = facts
        .meta("author")
        .or_else(|| facts.meta("og:article:author"))
        .map(|a| (text::line(a), "meta author"))
        .or_else(|| Some((text_of(&document, "#js_author_name")?, "#js_author_name")))
        .or_else(|| Some((text::line(get("author")?), "cgiDataNew author")));
    let image = facts
        .meta("og:image")
        .map(|i| (i, "meta og:image"))
        .or_else(|| Some((get("cdn_url")?, "cgiDataNew cdn_url")))
        .and_then(|(i, origin)| Some((address::absolute(i, Some(address))?.to_string(), origin)));
    page.title = page.noted("title", title.and_then(|(t, o)| said(Some(t), o)));
    page.site_name = page.noted("site_name", account.and_then(|(a, o)| said(Some(text::line(&a)), o)));
    page.author = page.noted("author", author.filter(|(a, _)| !a.is_empty()).and_then(|(a, o)| said(Some(a), o)));
    page.image = page.noted("image", image.and_then(|(i, o)| said(Some(i), o)));
    page.language =
        Some("zh-CN".to_owned()).filter(|_| content.text.chars().any(|c| ('\u{3400}'..='\u{9FFF}').contains(&c)));
    if let Some((published, origin)) = published(&data, scripts) {
        page.published = Some(published);
        page.origins.push(("published", origin.to_owned()));
    }
    if let Some(link) = long_address(&data, scripts, address) {
        let query = |name: &str| link.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
        if let (Some(biz), Some(mid), Some(idx)) = (query("__biz"), query("mid"), query("idx")) {
            page.identity = Some(format!("wechat:{biz}/{mid}/{idx}"));
            page.origins.push(("identity", "__biz, mid and idx".to_owned()));
        }
        page.canonical = Some(link);
    }
    page.text = content.text;
    page.html = content.html;
    Ok(page)
}

/// Why a page without an article is one.
fn refusal(facts: &Facts, scripts: &[Script<'_>], address: &Url) -> Refusal {
    if address.path().contains("captcha") {
        return Refusal::Challenge;
    }
    if let Some(target) = variable(scripts, "transferTargetLink").filter(|t| !t.is_empty()) {
        let to = address::absolute(&target, Some(address));
        return Refusal::Moved(to);
    }
    let said = |words: &str| facts.text.contains(words) || facts.title.contains(words);
    match REFUSED.iter().find(|(words, _)| said(words)) {
        Some((_, refusal)) => refusal.clone(),
        None => Refusal::Empty,
    }
}

fn text_of(document: &Document, selector: &str) -> Option<String> {
    let selection = document.select_single(selector);
    let said = selection.nodes().first().map(|n| text::line(&n.text()))?;
    (!said.is_empty()).then_some(said)
}

/// `\x0a` and `\n` as the page writes them into its meta elements.
fn unescaped(value: &str) -> String {
    let value = value.replace("\\x0a", "\n").replace("\\n", "\n").replace("\\x26", "&").replace("\\x22", "\"");
    text::decode_entities(&value).into_owned()
}

/// The text a script gives a variable: `var name = "" || "text";`
fn variable(scripts: &[Script<'_>], name: &str) -> Option<String> {
    let pattern = format!("var {name} =");
    for script in scripts {
        for at in memchr::memmem::find_iter(script.body.as_bytes(), pattern.as_bytes()) {
            let rest = &script.body[at + pattern.len()..];
            let end = rest.find([';', '\n']).unwrap_or(rest.len());
            let mut from = 0;
            // The first text that is not empty; quotation marks may hold a semicolon.
            while let Some(quote) = rest[from..].find(['\'', '"']).map(|q| from + q).filter(|q| *q < end) {
                let value = literal::quoted(&rest[quote..])?;
                if !value.trim().is_empty() {
                    return Some(text::decode_entities(value.trim()).into_owned());
                }
                from = quote + 2;
            }
        }
    }
    None
}

fn published(data: &Value, scripts: &[Script<'_>]) -> Option<(Published, &'static str)> {
    let zone = FixedOffset::east_opt(8 * 3600)?;
    let seconds = |v: String| v.parse::<i64>().ok().filter(|s| *s > 1_000_000_000);
    let key = |key: &str| {
        data.get(key).and_then(|v| v.as_str().map(str::to_owned).or_else(|| v.as_i64().map(|n| n.to_string())))
    };
    let moment = key("ori_create_time")
        .and_then(seconds)
        .map(|s| (s, "cgiDataNew ori_create_time"))
        .or_else(|| Some((seconds(variable(scripts, "ct")?)?, "ct")));
    let (at, origin) = match moment {
        Some((seconds, origin)) => (zone.timestamp_opt(seconds, 0).single()?, origin),
        None => {
            let written = key("create_time").or_else(|| variable(scripts, "createTime"))?;
            let local = NaiveDateTime::parse_from_str(&format!("{written}:00"), "%Y-%m-%d %H:%M:%S").ok()?;
            (zone.from_local_datetime(&local).single()?, "create_time")
        }
    };
    let published = Published {
        as_claimed: at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        at: Some(at.with_timezone(&Utc)),
        date: at.date_naive(),
        confidence: Confidence::Confident,
    };
    Some((published, origin))
}

/// The long address: the page's own link, its variables, or the address it was asked by.
fn long_address(data: &Value, scripts: &[Script<'_>], address: &Url) -> Option<Url> {
    let own = data
        .get("link")
        .and_then(Value::as_str)
        .map(|l| text::decode_entities(l).into_owned())
        .or_else(|| variable(scripts, "msg_link"))
        .and_then(|l| Url::parse(&text::decode_entities(&l)).ok());
    let from_variables = || {
        let biz = variable(scripts, "biz").or_else(|| variable(scripts, "bizuin"))?;
        let mid = variable(scripts, "mid").or_else(|| variable(scripts, "appmsgid"))?;
        let idx = variable(scripts, "idx").or_else(|| variable(scripts, "itemidx"))?;
        let sn = variable(scripts, "sn").or_else(|| variable(scripts, "sign")).unwrap_or_default();
        Url::parse(&format!("https://{HOST}/s?__biz={biz}&mid={mid}&idx={idx}&sn={sn}")).ok()
    };
    let from_data = || {
        let text_of = |key: &str| data.get(key).and_then(Value::as_str).filter(|v| !v.is_empty());
        let biz = text_of("bizuin").or_else(|| text_of("bizuin_encode")).or_else(|| text_of("biz"))?;
        Url::parse(&format!(
            "https://{HOST}/s?__biz={biz}&mid={}&idx={}&sn={}",
            text_of("mid")?,
            text_of("idx")?,
            text_of("sn").unwrap_or_default()
        ))
        .ok()
    };
    let long = |u: &Url| u.query_pairs().any(|(n, _)| n == "__biz");
    own.filter(long)
        .or_else(from_data)
        .or_else(from_variables)
        .filter(long)
        .or_else(|| Some(address.clone()).filter(long))
        .and_then(|u| without_tokens(&u))
}

/// Only what names the article and lets it be asked.
pub(super) fn without_tokens(url: &Url) -> Option<Url> {
    let query =
        |name: &str| url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned()).filter(|v| !v.is_empty());
    let biz = query("__biz")?;
    let mid = query("mid").or_else(|| query("appmsgid"))?;
    let idx = query("idx").or_else(|| query("itemidx")).unwrap_or_else(|| "1".to_owned());
    let mut short = Url::parse(&format!("https://{HOST}/s")).ok()?;
    // `=` in a value is written as it is: that is how these addresses are known.
    let mut written = format!("__biz={biz}&mid={mid}&idx={idx}");
    if let Some(sn) = query("sn").or_else(|| query("sign")) {
        written.push_str("&sn=");
        written.push_str(&sn);
    }
    short.set_query(Some(&written));
    Some(short)
}

fn pictures(data: &Value) -> Vec<String> {
    let list = data.get("picture_page_info_list").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter_map(|p| p.get("cdn_url").and_then(Value::as_str))
        .map(|address| text::decode_entities(address).into_owned())
        .collect()
}

/// The article as it stands in the page.
fn of_tree(node: &NodeRef<'_>, address: &Url) -> Content {
    clean(node, address);
    content::finish(node, address)
}

fn clean(node: &NodeRef<'_>, address: &Url) {
    let inside = Selection::from(*node);
    inside.select("mp-style-type,mp-common-profile,mp-common-product,mp-common-mpaudio,.code-snippet__line-index,script,style").remove();
    for voice in inside.select("mpvoice").nodes() {
        if let Some(id) = voice.attr("voice_encode_fileid") {
            let name = voice.attr("name").map(|n| n.to_string()).unwrap_or_default();
            let name = if name.trim().is_empty() { "audio".to_owned() } else { name };
            let link = format!("https://res.wx.qq.com/voice/getvoice?mediaid={id}");
            voice.before_html(format!("<p><a href=\"{}\">{}</a></p>", html::escape(&link), html::escape(&name)));
        }
        voice.remove_from_parent();
    }
    for frame in inside.select("iframe").nodes() {
        let source = frame.attr("data-src").or_else(|| frame.attr("src")).map(|s| s.to_string()).unwrap_or_default();
        let vid = address
            .join(&source)
            .ok()
            .and_then(|u| u.query_pairs().find(|(n, _)| n == "vid").map(|(_, v)| v.into_owned()))
            .filter(|v| !v.starts_with("wxv_") && !v.is_empty());
        if let Some(vid) = vid {
            let link = format!("https://v.qq.com/x/page/{vid}.html");
            frame.before_html(format!("<p><a href=\"{0}\">{0}</a></p>", html::escape(&link)));
        }
        frame.remove_from_parent();
    }
    // The editor writes it where nobody gave a title.
    inside.select("[title=null]").remove_attr("title");
    lazy::mend(node, address);
    content::part_code_lines(node);
}

/// The article out of the script: pictures, then the text.
fn of_data(written: &str, pictures: &[String], address: &Url) -> Content {
    let once = written.replace("&amp;", "&");
    let decoded = text::decode_entities(&once);
    let is_markup = ["</p", "<br", "</section", "</div", "&lt;p"].iter().any(|tag| written.contains(tag));
    let mut markup = String::new();
    // An article's pictures are where they belong.
    let is_there = |picture: &&String| {
        written.contains(picture.split('?').next().unwrap_or(picture).trim_end_matches(|c: char| c != '/'))
    };
    for picture in pictures.iter().filter(|p| !is_there(p)) {
        markup.push_str(&format!("<p><img src=\"{}\" alt=\"\"></p>", html::escape(picture)));
    }
    if is_markup {
        markup.push_str(if written.contains('<') { written } else { &decoded });
    } else {
        // Lines, in which links may be.
        let is_linked = written.contains("</a>");
        for line in if is_linked { written } else { &decoded }.lines().map(str::trim).filter(|l| !l.is_empty()) {
            let line = if is_linked { line.to_owned() } else { html::escape(line) };
            markup.push_str(&format!("<p>{line}</p>"));
        }
    }
    let document = Document::from(super::scan::lighten(&markup).html.as_str());
    match document.body() {
        Some(body) => of_tree(&body, address),
        None => Content::default(),
    }
}
