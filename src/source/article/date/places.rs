//! Where pages say dates: in their address, in meta elements and JSON-LD, in elements
//! that are called a date, behind words that mean publication.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use chrono::NaiveDate;
use url::Url;

use super::find::{self, Form, Found};
use super::{Claim, Order, Strength, alone};
use crate::source::article::facts::{Facts, cue};
use crate::source::article::jsonld::Said;
use crate::source::article::scan::Script;

/// Meta elements that name the day of publication, the surest first.
const PUBLISHED: [&str; 66] = [
    "article:published_time",
    "og:article:published_time",
    "article:published",
    "og:published_time",
    "og:article:published",
    "article:published_date",
    "article:post_date",
    "article:publicationdate",
    "article_date_original",
    "article.published",
    "article.created",
    "itemprop:datepublished",
    "datepublished",
    "date_published",
    "date-published",
    "published_time",
    "published_date",
    "published-date",
    "publisheddate",
    "publish_date",
    "publish-date",
    "publishdate",
    "publish_time",
    "publishtime",
    "publication_date",
    "publication-date",
    "pubdate",
    "pub_date",
    "originalpublicationdate",
    "parsely-pub-date",
    "sailthru.date",
    "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime",
    "bt:pubdate",
    "rbpubdate",
    "vr:published_time",
    "shareaholic:article_published_time",
    "mediator_published_time",
    "dcterms.issued",
    "dc.date.issued",
    "dcterms.created",
    "dc.date.created",
    "dc.created",
    "dc.date.publication",
    "dcsext.articlefirstpublished",
    "citation_publication_date",
    "citation_online_date",
    "rnews:datepublished",
    "weibo:article:create_at",
    "og:datepublished",
    "og:pubdate",
    "og:publish_date",
    "og:question:published_time",
    "og:regdate",
    "displaydate",
    "ptime",
    "pdate",
    "gentime",
    "datecreated",
    "date_created",
    "created",
    "content_create_date",
    "dateposted",
    "timestamp",
    "twt-published-at",
    "video:release_date",
];

/// Meta elements that name a day, mostly that of publication.
const DATED: [&str; 13] = [
    "itemprop:datecreated",
    "dc.date",
    "dcterms.date",
    "dc:date",
    "dcterms:date",
    "dc:created",
    "date",
    "doc_date",
    "citation_date",
    "release_date",
    "analyticsattributes.articledate",
    "itemprop:uploaddate",
    "eprints.date",
];

/// Meta elements that name the day of a change.
const CHANGED: [&str; 14] = [
    "article:modified_time", "og:updated_time", "article:modified", "og:article:modified_time",
    "itemprop:datemodified", "datemodified", "dcterms.modified", "dc.date.modified", "dc.modified", "last-modified",
    "lastmodified", "lastmod", "revision_date", "modified_time",
];

/// Words before a date of publication.
const SAID: [&str; 30] = [
    "published", "posted", "publication date", "date published", "first published", "created", "date:",
    "veröffentlicht", "erschienen", "erstellt", "datum:", "publié", "mis en ligne", "paru le", "publicado",
    "publicada", "fecha", "pubblicato", "publicerad", "geplaatst", "发布", "發佈", "发表", "發表", "时间：", "日期：",
    "公開日", "投稿日", "掲載日", "опубликовано",
];

/// Words before a date of change.
const MENDED: [&str; 22] = [
    "updated", "modified", "last edited", "edited", "revised", "reviewed", "aktualisiert", "zuletzt", "geändert",
    "änderung", "mis à jour", "mise à jour", "modifié", "actualizado", "modificado", "aggiornato", "更新", "修改",
    "编辑于", "最終更新", "обновлено", "bearbeitet",
];

/// Words around dates of something else.
const OTHERS: [&str; 30] = [
    "copyright", "©", "(c)", "expires", "deadline", "valid until", "gültig", "until", "bis zum", "bis ", "ab dem",
    "since", "seit", "joined", "mitglied", "registered", "born", "geboren", "accessed", "retrieved", "abgerufen",
    "today", "heute ist", "event", "starts", "beginn", "from", "wann", "截止", "版权",
];

/// Characters looked at before a date for such words.
const BEFORE: usize = 36;

/// Everything that may be the date, in no order.
pub(super) fn claims(
    facts: &Facts,
    said: &Said,
    scripts: &[Script<'_>],
    address: &Url,
    language: Option<&str>,
) -> Vec<Claim> {
    let order = Order::by(language, address.host_str().unwrap_or_default());
    let mut claims = Vec::new();
    of_address(facts, address, &mut claims);
    of_head(facts, said, order, &mut claims);
    of_stamps(facts, order, &mut claims);
    of_text(facts, order, &mut claims);
    of_pictures(facts, &mut claims);
    if !claims.iter().any(|c| c.strength <= Strength::Dated) {
        of_scripts(scripts, order, &mut claims);
    }
    unlist(&mut claims);
    claims
}

/// Several dates of publication, none of them beside the title, are those of a list.
fn unlist(claims: &mut [Claim]) {
    let named = |c: &&Claim| c.strength == Strength::Named && c.rank > 0;
    let first = claims.iter().find(named).map(|c| c.date);
    let days = claims.iter().filter(named).filter(|c| Some(c.date) != first).count();
    let beside = claims.iter().any(|c| c.strength == Strength::Beside);
    if days > 1 || days == 1 && beside {
        for claim in claims.iter_mut().filter(|c| c.strength == Strength::Named && c.rank > 0) {
            claim.strength = Strength::Dated;
        }
    }
}

fn claim(date: NaiveDate, origin: impl Into<String>, strength: Strength) -> Claim {
    Claim { date, time: None, offset: None, origin: origin.into(), strength, shown: false, rank: 0 }
}

fn read(value: &str, order: Order, origin: impl Into<String>, strength: Strength) -> Option<Claim> {
    let (date, time, offset, to_the_day) = alone(value, order)?;
    let strength = if to_the_day { strength } else { Strength::Coarse };
    Some(Claim { date, time, offset, origin: origin.into(), strength, shown: false, rank: 0 })
}

/// `/2024/06/30/`, `/2024-06-30-title`, `/20240630/`, `_20240630.html`.
pub(super) fn in_path(path: &str) -> Option<NaiveDate> {
    let hits = find::find(path, 8);
    // `/29-10-2021`
    let last = |f: &&Found| f.form == Form::Numeric && bounded(path, f);
    let usual = hits.iter().find(|f| f.form == Form::YearFirst && bounded(path, f));
    // `/2018/may/04/`
    let named = hits.iter().find(|f| f.form == Form::Named && path[f.start..f.end].starts_with(['1', '2']));
    let compact = hits.iter().find(|f| f.form == Form::Compact && bounded(path, f));
    usual.or(named).or(compact).or(hits.iter().find(last)).map(|f| f.date)
}

/// No digit touches it, and its parts are parts of the path.
fn bounded(path: &str, found: &Found) -> bool {
    let before = path[..found.start].chars().next_back();
    let after = path[found.end..].chars().next();
    !before.is_some_and(|c| c.is_ascii_digit()) && !after.is_some_and(|c| c.is_ascii_digit())
}

fn of_address(facts: &Facts, address: &Url, claims: &mut Vec<Claim>) {
    let canonical = facts.canonical.as_deref().and_then(|c| address.join(c).ok());
    let og = facts.meta("og:url").and_then(|c| address.join(c).ok());
    for (url, origin) in [(Some(address.clone()), "address"), (canonical, "link canonical"), (og, "meta og:url")] {
        let Some(url) = url else { continue };
        let path = url.path().replace("%20", " ");
        let segments = slashes_to_marks(&path);
        if let Some(date) = in_path(&segments) {
            claims.push(claim(date, origin, Strength::Address));
            return;
        }
    }
}

/// `/2018/may/04/x` as `/2018 may 04/x`, which is how dates by name are found.
fn slashes_to_marks(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let mut out = String::with_capacity(path.len());
    for (n, part) in parts.iter().enumerate() {
        let named = |at: usize| {
            parts.get(at).is_some_and(|p| (3..=9).contains(&p.len()) && crate::normalize::date::month_name(p).is_some())
        };
        if n > 0 {
            out.push(if named(n) || n > 1 && named(n - 1) { ' ' } else { '/' });
        }
        out.push_str(part);
    }
    out
}

fn of_head(facts: &Facts, said: &Said, order: Order, claims: &mut Vec<Claim>) {
    if let Some(value) = &said.published {
        let strength = if said.is_article { Strength::Declared } else { Strength::Named };
        claims.extend(read(value, order, "json-ld datePublished", strength));
    }
    if let Some(value) = &said.modified {
        claims.extend(read(value, order, "json-ld dateModified", Strength::Changed));
    }
    for (keys, strength) in
        [(&PUBLISHED[..], Strength::Declared), (&DATED[..], Strength::Meta), (&CHANGED[..], Strength::Changed)]
    {
        for key in keys {
            for (_, value) in facts.metas.iter().filter(|(k, _)| k == key) {
                claims.extend(read(value, order, format!("meta {key}"), strength));
            }
        }
    }
}

/// Where the headline ends, when there is one.
fn headline(facts: &Facts) -> Option<(usize, usize)> {
    let good = |cues: u32| cues & (cue::SIDE | cue::COMMENT | cue::NAV | cue::FOOT) == 0;
    let title = crate::normalize::text::fold(&facts.title);
    let fits = |h: &&super::super::facts::Heading| {
        let heading = crate::normalize::text::fold(facts.slice(h.start, h.end));
        heading.chars().count() > 4 && title.contains(&heading)
    };
    let all = || facts.headings.iter().filter(|h| good(h.cues));
    all()
        .find(fits)
        .or_else(|| all().find(|h| h.level == 1 && facts.slice(h.start, h.end).len() > 10))
        .or_else(|| all().find(|h| h.is_title))
        .map(|h| (h.start, h.end))
}

/// How far from the headline a byline stands, in bytes of text.
const BESIDE: usize = 500;

fn is_beside(at: usize, headline: Option<(usize, usize)>) -> bool {
    headline.is_some_and(|(start, end)| at + 300 >= start && at <= end + BESIDE)
}

const ELSEWHERE: u32 = cue::SIDE | cue::COMMENT | cue::NAV | cue::EVENT;

fn of_stamps(facts: &Facts, order: Order, claims: &mut Vec<Claim>) {
    let headline = headline(facts);
    for stamp in &facts.stamps {
        if stamp.cues & cue::COMMENT != 0 {
            continue;
        }
        let label = label_before(&facts.text, stamp.at);
        let is_changed = stamp.cues & cue::UPDATED != 0 && stamp.cues & cue::PUBLISHED == 0
            || stamp.itemprop == "datemodified"
            || label == Label::Mended;
        let strength = if is_changed {
            Strength::Changed
        } else if stamp.cues & ELSEWHERE != 0 {
            Strength::Loose
        } else if stamp.itemprop == "datecreated" {
            Strength::Dated
        } else if stamp.itemprop == "datepublished" || stamp.cues & cue::PUBLISHED != 0 {
            Strength::Named
        } else if is_beside(stamp.at, headline) {
            Strength::Beside
        } else if label == Label::Said {
            Strength::Labelled
        } else if label == Label::Other || stamp.cues & cue::FOOT != 0 {
            Strength::Loose
        } else {
            Strength::Dated
        };
        let shown = stamp.text_end > stamp.at;
        let rank = if is_beside(stamp.at, headline) { 0 } else { 1 };
        claims.extend(read(&stamp.value, order, stamp.origin, strength).map(|c| Claim { shown, rank, ..c }));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    None,
    Said,
    Mended,
    Other,
}

/// The word shortly before a place that says what date it is: the nearest one counts.
fn label_before(text: &str, at: usize) -> Label {
    let mut start = crate::normalize::text::head(text, at.saturating_sub(BEFORE)).len();
    if let Some(line) = text[start..at.max(start)].trim_end().rfind('\n') {
        // The line before counts when it is short: a label in a cell of its own.
        if text[start + line..at].trim().chars().count() > 12 {
            start += line;
        }
    }
    let before = text[start..at.max(start)].to_lowercase();
    let nearest = |words: &[&str]| words.iter().filter_map(|w| before.rfind(w)).max();
    let said = nearest(&SAID);
    let mended = nearest(&MENDED);
    let other = nearest(&OTHERS);
    match (said, mended, other) {
        (None, None, None) => Label::None,
        (s, m, o) if s >= m && s >= o => Label::Said,
        (_, m, o) if m >= o => Label::Mended,
        _ => Label::Other,
    }
}

fn of_text(facts: &Facts, order: Order, claims: &mut Vec<Claim>) {
    let headline = headline(facts);
    for found in find::find(&facts.text, 600) {
        let mark = facts
            .marks
            .iter()
            .filter(|m| m.start <= found.start && found.end <= m.end && m.end - m.start <= 160)
            .min_by_key(|m| (m.cues & (cue::DATE | cue::UPDATED) == 0 && !m.is_time, m.end - m.start));
        let zone = facts.zone(found.start) | mark.map_or(0, |m| m.cues);
        let split = facts.text[found.start..found.end].contains('\n');
        let named = mark.is_some_and(|m| m.is_time || m.cues & (cue::DATE | cue::UPDATED) != 0);
        if zone & cue::COMMENT != 0 || split && !named {
            continue;
        }
        let label = label_before(&facts.text, found.start);
        let date = order.of(&found);
        let beside = is_beside(found.start, headline);
        let is_changed =
            mark.is_some_and(|m| m.cues & cue::UPDATED != 0 && m.cues & cue::PUBLISHED == 0) || label == Label::Mended;
        let coarse = found.form == Form::Month;
        let published = mark.is_some_and(|m| m.cues & cue::PUBLISHED != 0);
        let strength = if coarse {
            Strength::Coarse
        } else if is_changed {
            Strength::Changed
        } else if zone & ELSEWHERE != 0 {
            Strength::Loose
        } else if published || label == Label::Said && (named || beside) {
            Strength::Named
        } else if named && beside {
            Strength::Beside
        } else if label == Label::Said {
            Strength::Labelled
        } else if label == Label::Other || zone & cue::FOOT != 0 {
            Strength::Loose
        } else if named {
            Strength::Dated
        } else if beside {
            Strength::Near
        } else {
            Strength::Loose
        };
        let origin = match (named, label) {
            (_, Label::Said) => "text behind a word of publication",
            (_, Label::Mended) => "text behind a word of change",
            (true, _) => "text of a date",
            (false, _) => "text",
        };
        let rank = match (beside, named) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        claims.push(Claim {
            date,
            time: found.time,
            offset: found.offset,
            origin: origin.to_owned(),
            strength,
            shown: zone & cue::HIDDEN == 0,
            rank,
        });
    }
}

/// Keys of data in scripts that name the day of publication.
const KEYS: [&str; 10] = [
    "datePublished", "published_at", "publishedAt", "publishDate", "publish_date", "publish_time", "publishTime",
    "publishedDate", "pubDate", "firstPublished",
];

/// The first date of publication in the data of scripts: applications carry their articles there.
fn of_scripts(scripts: &[Script<'_>], order: Order, claims: &mut Vec<Claim>) {
    static MATCHER: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::new(KEYS).expect("words that are written here"));
    for script in scripts {
        for key in MATCHER.find_iter(script.body) {
            let rest = &script.body[key.end()..];
            let value = rest.trim_start_matches(['"', '\\', '\'', ' ', ':', '=']);
            let end = value.find(['"', '\\', '\'', ',', '}', '<', '\n']).unwrap_or(value.len());
            if rest.len() - value.len() > 8 || end > 64 {
                continue;
            }
            if let Some(claim) = read(&value[..end], order, "data of a script", Strength::Scripted) {
                claims.push(claim);
                return;
            }
        }
    }
}

fn of_pictures(facts: &Facts, claims: &mut Vec<Claim>) {
    if let Some(date) = facts.meta("og:image").and_then(in_path) {
        claims.push(claim(date, "address of the picture", Strength::Picture));
    }
}
