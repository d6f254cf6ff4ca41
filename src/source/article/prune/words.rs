//! Words that tell what is not the article: in the names of elements, and at the
//! beginning of what they say. In the languages that pages are in.

/// What the name of an element says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Not the article, however long.
    Beside,
    /// Not the article when it is short.
    ShortBeside,
    /// A caption, a credit.
    Caption,
    /// A date, a byline, when it is short.
    Byline,
}

const BESIDE: [&str; 48] = [
    "related", "recommended", "recommendation", "recommendations", "recirc", "recirculation", "newsletter",
    "newsletters", "breadcrumb", "breadcrumbs", "outbrain", "taboola", "trending", "disqus", "sharedaddy", "addthis",
    "addtoany", "sharebar", "sharethis", "jp", "mostread", "mostpopular", "advert", "advertisement", "adsbygoogle",
    "adslot", "adsense", "cookie", "gdpr", "sidebar", "pagination", "signup", "subscribe", "subscription", "cta",
    "teaser", "teasers", "readnext", "popup", "tooltip", "popover", "carousellist", "relatedposts", "relatedarticles",
    "sharing", "sharebuttons", "makehomepage", "cookiebanner",
];

const SHORT_BESIDE: [&str; 66] = [
    "share", "social", "tools", "toolbar", "print", "comments", "comment", "respond", "ad", "ads", "promo",
    "promotion", "sponsor", "sponsored", "widget", "rail", "menu", "nav", "navigation", "footer", "tags", "taglist",
    "taglinks", "tagged", "categories", "catlinks", "copyright", "copyrights", "compyrights", "disclaimer",
    "disclosure", "bio", "biography", "authorbio", "authorbox", "donate", "donation", "rating", "ratings", "vote",
    "likes", "poll", "survey", "overlay", "modal", "dropdown", "slidecount", "pager", "control", "controls", "counter",
    "views", "textresizer", "resizer", "jump", "readmore", "loading", "login", "register", "feedback", "hidden",
    "flyout", "popular", "latest", "highlights", "reprint",
];

const CAPTION: [&str; 12] = [
    "caption", "captions", "credit", "credits", "photocredit", "imagecredit", "figcaption", "leadmediacaption",
    "newscaption", "bildunterschrift", "bildunterzeile", "legende",
];

const BYLINE: [&str; 34] = [
    "byline", "bylines", "timestamp", "dateline", "postmeta", "postinfo", "entrymeta", "articlemeta", "meta",
    "metadata", "date", "time", "published", "publish", "updated", "posted", "submitted", "pubdate", "storydate",
    "publishdate", "datetime", "author", "authors", "authorname", "readtime", "readingtime", "dek", "kicker",
    "attribution", "contributors", "views", "info", "data", "subhead",
];

/// The words of a class or id: parted at marks and where capitals begin.
pub(super) fn parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && was_lower {
            if word.len() > 1 {
                parts.push(std::mem::take(&mut word));
            }
            word.clear();
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    if word.len() > 1 {
        parts.push(word);
    }
    parts
}

/// What a class or id says, the strongest first.
pub(super) fn named(name: &str) -> Option<Named> {
    let parts = parts(name);
    let has = |list: &[&str]| parts.iter().any(|p| list.contains(&p.as_str()));
    let pair = |a: &str, b: &str| parts.windows(2).any(|w| w[0] == a && w[1] == b);
    if has(&BESIDE)
        || pair("read", "next")
        || pair("most", "read")
        || pair("most", "popular")
        || pair("sign", "up")
        || pair("you", "may")
        || pair("more", "stories")
        || pair("more", "from")
        || pair("author", "bio")
        || pair("author", "box")
        || pair("about", "author")
        || pair("author", "details")
        || pair("author", "info")
        || pair("rollover", "block")
    {
        return Some(Named::Beside);
    }
    if has(&CAPTION) {
        return Some(Named::Caption);
    }
    if has(&SHORT_BESIDE) || pair("table", "contents") {
        return Some(Named::ShortBeside);
    }
    has(&BYLINE).then_some(Named::Byline)
}

/// Whole texts of blocks that are no part of an article, in lower case, without marks around.
const WHOLE: [&str; 85] = [
    "advertisement", "advert", "ad", "anzeige", "werbung", "publicidad", "publicité", "pubblicità", "publicidade",
    "iklan", "реклама", "广告", "廣告", "comments", "comment", "kommentare", "commentaires", "comentarios",
    "comentários", "share", "share this", "teilen", "partager", "compartir", "compartilhar", "分享", "tweet", "email",
    "print", "print article", "order reprints", "text size", "close", "caption", "loading", "loading...", "read more",
    "learn more", "mehr lesen", "weiterlesen", "lire la suite", "leer más", "阅读全文", "subscribe", "subscribe now",
    "sign up", "abonnieren", "trending", "popular", "most read", "most popular", "latest", "latest news", "related",
    "related news", "related articles", "related stories", "related posts", "recommended", "you may also like",
    "you might also like", "more stories", "recent articles", "popular this week", "don't miss", "don’t miss",
    "see also", "highlights", "menu", "search", "home", "news", "back to top", "post comment", "post comment (+)",
    "leave a comment", "leave a reply", "add a comment", "view comments", "view author archive", "email the author",
    "sharing is caring", "sharing is caring!", "相关阅读", "相关文章",
];

/// Beginnings of lines that lead elsewhere, when what follows is mostly a link.
const LEADS: [&str; 64] = [
    "read more", "read also", "also read", "also see", "see also", "see more", "related:", "related stor",
    "related cover", "related article", "related post", "related read", "related video", "more:", "more from",
    "more on ", "more great", "more stories", "more news", "watch:", "watch now", "watch more", "listen:",
    "don't miss", "don’t miss", "you may also", "you might also", "must read", "read next", "up next", "next:",
    "previous:", "click here", "lesen sie auch", "lesen sie mehr", "lesen sie hier", "mehr zum thema",
    "auch interessant", "das könnte sie", "lire aussi", "à lire aussi", "lire également", "voir aussi", "leer también",
    "lea también", "lee también", "te puede interesar", "leia também", "leia mais", "veja também", "saiba mais",
    "leggi anche", "lees ook", "läs även", "czytaj także", "читайте также", "читать также", "相关阅读", "相关文章",
    "猜你喜欢", "上一篇", "下一篇", "関連記事", "あわせて読みたい",
];

/// Beginnings of lines that are no part of an article, links or not.
const ASIDES: [&str; 60] = [
    "sign up for", "sign up to", "sign up:", "subscribe to", "subscribe for", "get the latest", "get breaking news",
    "get our", "get access to", "join our newsletter", "follow us", "follow @", "like us on", "share this",
    "sharing is caring", "share on ", "advertisement", "story continues", "article continues", "continue reading",
    "click here to", "click to ", "tap here", "leave a comment", "leave a reply", "post comment", "add a comment",
    "tell us what you think", "filed under", "posted in", "tagged", "tags:", "categories:", "category:", "skip to",
    "back to top", "view gallery", "enlarge image", "copyright ©", "copyright @", "© 20", "©20", "all rights reserved",
    "the contents of this site", "this post may contain", "this article may contain", "microsoft may earn",
    "we may earn", "first published:", "source: news agencies", "want more stories", "want to read more",
    "melden sie sich", "jetzt abonnieren", "abonnieren sie", "inscrivez-vous", "suscríbete", "inscreva-se",
    "iscriviti", "via syndigate",
];

/// Beginnings of captions and credits.
const CREDITS: [&str; 30] = [
    "image copyright", "image caption", "image credit", "image:", "image source", "image 1 of", "photo:", "photos:",
    "photo by", "photo credit", "photo courtesy", "photograph:", "(image", "(photo", "(credit", "(foto", "(bild",
    "credit:", "credits:", "foto:", "bild:", "bildquelle", "quelle:", "crédit", "crédito", "图片来源", "图源",
    "图片：", "via getty", "getty images",
];

fn lower(text: &str) -> String {
    text.chars().take(60).flat_map(char::to_lowercase).collect::<String>().replace('\u{a0}', " ")
}

/// Whether a block says one of the usual things beside an article, and nothing else.
pub(super) fn is_whole(text: &str) -> bool {
    if text.len() > 60 {
        return false;
    }
    let lower = lower(text);
    let bare = lower.trim_matches(|c: char| c.is_whitespace() || ":：.,|»›>←→-–—•".contains(c));
    WHOLE.contains(&bare) || WHOLE.contains(&lower.trim())
}

/// Whether a line leads to other articles.
pub(super) fn leads(text: &str) -> bool {
    let lower = lower(text);
    LEADS.iter().any(|l| lower.starts_with(l))
}

/// Whether a line is said beside the article.
pub(super) fn is_aside(text: &str) -> bool {
    let lower = lower(text);
    ASIDES.iter().any(|l| lower.starts_with(l)) || is_follow(text)
}

/// Whether a line is a caption or a credit.
pub(super) fn is_credit(text: &str) -> bool {
    let lower = lower(text);
    CREDITS.iter().any(|l| lower.starts_with(l)) || is_numbered_picture(&lower)
}

/// `Image 3 of 23`, `3 / 23`
fn is_numbered_picture(lower: &str) -> bool {
    let rest = ["image ", "photo ", "slide ", "bild "].iter().find_map(|w| lower.strip_prefix(w)).unwrap_or(lower);
    let words: Vec<&str> = rest.split([' ', '/']).filter(|w| !w.is_empty()).collect();
    match words.as_slice() {
        [a, b] | [a, "of" | "von" | "de", b] => {
            a.bytes().all(|c| c.is_ascii_digit()) && b.bytes().all(|c| c.is_ascii_digit()) && a.len() < 4 && b.len() < 4
        }
        _ => false,
    }
}

/// `Follow Newsbeat on Instagram`, `Folgen Sie uns auf Facebook`
fn is_follow(text: &str) -> bool {
    let lower: String = text.chars().take(200).flat_map(char::to_lowercase).collect();
    let follows = ["follow ", "folgen sie", "folge uns", "suivez", "síguenos", "siga ", "like ", "关注"];
    let places = ["twitter", "facebook", "instagram", "youtube", "telegram", "whatsapp", "公众号"];
    follows.iter().any(|f| lower.starts_with(f)) && places.iter().any(|p| lower.contains(p))
}

/// Words of bylines: what remains of a line without its dates and these is a name or nothing.
pub(super) const OF_BYLINES: [&str; 64] = [
    "by", "von", "par", "por", "da", "di", "author", "autor", "auteur", "published", "publish", "posted", "post",
    "updated", "update", "on", "at", "in", "am", "pm", "est", "edt", "gmt", "utc", "pst", "pdt", "cst", "cdt", "et",
    "bst", "ist", "hst", "original", "originally", "first", "last", "modified", "date", "datum", "veröffentlicht",
    "aktualisiert", "erstellt", "uhr", "um", "publié", "mis", "jour", "le", "à", "publicado", "atualizado", "em", "às",
    "el", "min", "mins", "minute", "minutes", "read", "staff", "admin", "reuters", "ap", "stand",
];
