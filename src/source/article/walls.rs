//! Pages that stand where an article should be: error pages with status 200, walls,
//! questions for a person, shells that only scripts fill.
//!
//! An article may speak of all of these: a page is refused only when it says so in
//! its title or its first heading and has no text of its own besides, or has next to
//! no text at all.

use super::Refusal;
use super::facts::Facts;
use super::scan::Script;

/// A page with more text than this in paragraphs is an article, whatever it is called.
const PROSE: usize = 900;

/// A page with less text than this is a wall when it looks like one.
const LITTLE: usize = 1500;

/// A page of scripts with less text than this is a shell.
const NOTHING: usize = 200;

const CHALLENGES: [&str; 26] = [
    "just a moment",
    "attention required",
    "checking your browser",
    "verify you are human",
    "verifying you are human",
    "are you a robot",
    "are you a human",
    "access denied",
    "access to this page has been denied",
    "ddos-guard",
    "security check",
    "please verify",
    "captcha",
    "unusual traffic",
    "bot verification",
    "人机验证",
    "安全验证",
    "请完成验证",
    "请输入验证码",
    "滑动验证",
    "访问验证",
    "百度安全验证",
    "环境异常",
    "pardon our interruption",
    "human verification",
    "请完成下列验证",
];

const NOT_FOUND: [&str; 42] = [
    "404",
    "page not found",
    "not found",
    "page does not exist",
    "page doesn't exist",
    "page no longer exists",
    "page isn't available",
    "page is not available",
    "page unavailable",
    "nothing found",
    "no longer available",
    "content not found",
    "article not found",
    "file not found",
    "we can't find",
    "we couldn't find",
    "can’t find the page",
    "页面不存在",
    "页面未找到",
    "找不到页面",
    "您访问的页面",
    "你访问的页面",
    "内容不存在",
    "文章不存在",
    "文章已被删除",
    "内容已被删除",
    "该页面无法",
    "页面找不到",
    "页面走丢",
    "页面没有找到",
    "无法找到该页",
    "找不到网页",
    "seite nicht gefunden",
    "seite wurde nicht gefunden",
    "seite existiert nicht",
    "page introuvable",
    "page non trouvée",
    "página no encontrada",
    "página não encontrada",
    "pagina non trovata",
    "ページが見つかりません",
    "페이지를 찾을 수 없습니다",
];

const BROKEN: [&str; 16] = [
    "500 internal",
    "internal server error",
    "502 bad gateway",
    "bad gateway",
    "503 service",
    "service unavailable",
    "service temporarily unavailable",
    "504 gateway",
    "gateway time-out",
    "gateway timeout",
    "server error",
    "temporarily unavailable",
    "site is under maintenance",
    "under maintenance",
    "服务器错误",
    "系统维护",
];

const LOGINS: [&str; 24] = [
    "log in", "login", "sign in", "signin", "sign up", "log into", "please log in", "members only", "登录", "登陆",
    "请登录", "用户登录", "扫码登录", "anmelden", "anmeldung", "einloggen", "se connecter", "connexion",
    "iniciar sesión", "entrar", "accedi", "ログイン", "로그인", "subscribe to continue",
];

/// Bytes that are no page, by their first ones and the header.
pub(super) fn not_a_page(bytes: &[u8], content_type: Option<&str>) -> Option<Refusal> {
    let what = |name: &str| Some(Refusal::NotAPage(name.to_owned()));
    for (start, name) in [
        (&b"%PDF"[..], "a PDF"),
        (b"\x89PNG", "a picture"),
        (b"\xFF\xD8\xFF", "a picture"),
        (b"GIF8", "a picture"),
        (b"RIFF", "a picture, a film or a sound"),
        (b"PK\x03\x04", "an archive"),
        (b"\x1F\x8B", "compressed data"),
        (b"\x00\x00\x00\x18ftyp", "a film"),
        (b"\x00\x00\x00\x20ftyp", "a film"),
        (b"ID3", "a sound"),
        (b"Rar!", "an archive"),
        (b"7z\xBC\xAF", "an archive"),
        (b"\x7FELF", "a program"),
        (b"MZ\x90", "a program"),
        (b"BM", "a picture"),
    ] {
        if bytes.starts_with(start) && (start != b"BM" || bytes.iter().take(64).any(|b| *b == 0)) {
            return what(name);
        }
    }
    let head = &bytes[..bytes.len().min(2048)];
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let holds = |word: &[u8]| head.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word));
    let is_html = holds(b"<html") || holds(b"<!doctype html") || holds(b"<body") || holds(b"<head");
    if text.starts_with(b"<?xml") && !is_html || text.starts_with(b"<rss") || text.starts_with(b"<feed") {
        let feed = holds(b"<rss") || holds(b"<feed") || holds(b"<rdf");
        return what(if feed { "a feed" } else { "XML" });
    }
    let zeros = head.iter().filter(|b| **b == 0).count();
    // UTF-16 has a zero for nearly every letter; other data has them anywhere.
    let is_utf16 = head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") || zeros * 5 > head.len() * 2;
    if zeros > 0 && !is_utf16 {
        return what("binary data");
    }
    let media = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_other = ["image/", "video/", "audio/", "font/"].iter().any(|m| media.starts_with(m))
        || ["application/pdf", "application/zip", "application/octet-stream", "application/gzip"]
            .contains(&media.as_str());
    if is_other && !is_html {
        return Some(Refusal::NotAPage(media));
    }
    if (media == "application/json" || text.starts_with(b"{\"") || text.starts_with(b"[{")) && !is_html {
        return what("JSON");
    }
    if media == "text/plain" && !is_html {
        return what("plain text");
    }
    None
}

/// Why a page is no article, as far as its own words tell.
pub(super) fn refusal(facts: &Facts, scripts: &[Script<'_>]) -> Option<Refusal> {
    let length = facts.text.chars().count();
    let prose = facts.in_paragraphs;
    if prose > PROSE * 3 {
        return None;
    }
    let title = facts.title.to_lowercase();
    let heading = facts
        .headings
        .iter()
        .find(|h| h.level <= 2)
        .map(|h| facts.slice(h.start, h.end).to_lowercase())
        .unwrap_or_default();
    let begins = |words: &[&str]| words.iter().any(|w| says(&title, w) || says(&heading, w));
    let opening = facts.text.chars().take(400).collect::<String>().to_lowercase();
    let little = length < LITTLE;
    if begins(&CHALLENGES) && prose < PROSE || length < 700 && CHALLENGES.iter().any(|w| opening.contains(w)) {
        return Some(Refusal::Challenge);
    }
    if begins(&NOT_FOUND) && prose < PROSE {
        return Some(Refusal::NotFound);
    }
    let named = facts.names.iter().any(|n| {
        let n = n.to_ascii_lowercase();
        n.contains("404") || n.contains("not-found") || n.contains("notfound")
    });
    let said = length < 500 && NOT_FOUND[1..].iter().any(|w| opening.contains(w));
    if named && little && prose < PROSE / 2 || said {
        return Some(Refusal::NotFound);
    }
    if begins(&BROKEN) && prose < PROSE {
        return Some(Refusal::Broken);
    }
    if begins(&LOGINS) && prose < PROSE / 2 && (facts.password || little) || facts.password && length < 600 {
        return Some(Refusal::Login);
    }
    let scripted: usize = scripts.iter().map(|s| s.body.len() + s.tag.len()).sum();
    if length < NOTHING && scripts.iter().any(|s| s.tag.contains("src")) && scripted > 0 && prose < NOTHING {
        return Some(Refusal::Shell);
    }
    if length == 0 && facts.images == 0 {
        return Some(if scripts.is_empty() { Refusal::Empty } else { Refusal::Shell });
    }
    None
}

/// Whether a title is of that kind: it begins so, or a part of it says nothing else.
fn says(title: &str, words: &str) -> bool {
    let title = title.trim();
    if title.is_empty() {
        return false;
    }
    let bare = |part: &str| part.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let short = title.chars().count() <= 60;
    if title.split(['|', '-', '–', '—', '·', ':', '：', '_', '!', '.']).any(|part| bare(part) == words) {
        return true;
    }
    short
        && bare(title).starts_with(words)
        && (words.len() > 5 || bare(title).chars().count() <= words.chars().count() + 24)
        && !bare(title)[words.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
        && title.split_whitespace().count() <= words.split_whitespace().count() + 4
}
