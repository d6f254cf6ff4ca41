//! Which element a name names: one table for RSS, RDF, Atom, CDF and the
//! extensions, every spelling in one place. To read another element, add a name
//! here and an arm in [`super::builder`].

use std::borrow::Cow;

/// A vocabulary. Those of the formats themselves are one: feeds mix them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// RSS of any version, Atom of any version, CDF, and no namespace at all.
    Core,
    Rdf,
    Dc,
    DcTerms,
    Content,
    Itunes,
    Media,
    GeoRss,
    Gml,
    Psc,
    Cc,
    CreativeCommons,
    Admin,
    Feedburner,
    Xhtml,
    Svg,
    MathMl,
    Xml,
    /// Known by name only: its elements are kept under this prefix.
    Kept(&'static str),
    /// Not known: its elements are kept under the prefix the feed uses.
    Unknown,
}

/// Namespaces, in lower case, without scheme, `www.` and what ends them: feeds vary all three.
const SPACES: [(&str, Space); 62] = [
    ("w3.org/2005/atom", Space::Core),
    ("purl.org/atom/ns", Space::Core),
    ("purl.org/rss/1.0", Space::Core),
    ("my.netscape.com/rdf/simple/0.9", Space::Core),
    ("channel.netscape.com/rdf/simple/0.9", Space::Core),
    ("purl.org/net/rss1.1", Space::Core),
    ("my.netscape.com/publish/formats/rss-0.91.dtd", Space::Core),
    ("backend.userland.com/rss", Space::Core),
    ("backend.userland.com/rss2", Space::Core),
    ("blogs.law.harvard.edu/tech/rss", Space::Core),
    ("cyber.law.harvard.edu/rss", Space::Core),
    ("rssboard.org/rss-specification", Space::Core),
    ("purl.org/rss/1.0/modules/rss091", Space::Core),
    ("example.com/newformat", Space::Core),
    ("example.com/necho", Space::Core),
    ("purl.org/echo", Space::Core),
    ("uri/of/echo/namespace", Space::Core),
    ("purl.org/pie", Space::Core),
    ("w3.org/1999/02/22-rdf-syntax-ns", Space::Rdf),
    ("purl.org/dc/elements/1.1", Space::Dc),
    ("purl.org/dc/elements/1.0", Space::Dc),
    ("purl.org/dc/terms", Space::DcTerms),
    ("purl.org/rss/1.0/modules/content", Space::Content),
    ("itunes.com/dtds/podcast-1.0.dtd", Space::Itunes),
    ("example.com/dtds/podcast-1.0.dtd", Space::Itunes),
    ("search.yahoo.com/mrss", Space::Media),
    ("georss.org/georss", Space::GeoRss),
    ("opengis.net/gml", Space::Gml),
    ("podlove.org/simple-chapters", Space::Psc),
    ("creativecommons.org/ns", Space::Cc),
    ("creativecommons.org/ns#license", Space::Cc),
    ("web.resource.org/cc", Space::Cc),
    ("backend.userland.com/creativecommonsrssmodule", Space::CreativeCommons),
    ("cyber.law.harvard.edu/rss/creativecommonsrssmodule.html", Space::CreativeCommons),
    ("webns.net/mvcb", Space::Admin),
    ("rssnamespace.org/feedburner/ext/1.0", Space::Feedburner),
    ("w3.org/1999/xhtml", Space::Xhtml),
    ("w3.org/2000/svg", Space::Svg),
    ("w3.org/1998/math/mathml", Space::MathMl),
    ("w3.org/xml/1998/namespace", Space::Xml),
    ("wellformedweb.org/commentapi", Space::Kept("wfw")),
    ("purl.org/rss/1.0/modules/slash", Space::Kept("slash")),
    ("purl.org/rss/1.0/modules/syndication", Space::Kept("sy")),
    ("purl.org/syndication/thread/1.0", Space::Kept("thr")),
    ("purl.org/rss/1.0/modules/threading", Space::Kept("thr")),
    ("podcastindex.org/namespace/1.0", Space::Kept("podcast")),
    ("github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md", Space::Kept("podcast")),
    ("w3.org/2003/01/geo/wgs84_pos", Space::Kept("geo")),
    ("madskills.com/public/xml/rss/module/trackback", Space::Kept("trackback")),
    ("madskills.com/public/xml/rss/module/pingback", Space::Kept("pingback")),
    ("purl.org/rss/1.0/modules/taxonomy", Space::Kept("taxo")),
    ("purl.org/rss/1.0/modules/link", Space::Kept("l")),
    ("purl.org/rss/1.0/modules/event", Space::Kept("ev")),
    ("purl.org/rss/1.0/modules/image", Space::Kept("image")),
    ("purl.org/rss/1.0/modules/email", Space::Kept("email")),
    ("purl.org/rss/1.0/modules/company", Space::Kept("co")),
    ("purl.org/rss/1.0/modules/annotate", Space::Kept("annotate")),
    ("xmlns.com/foaf/0.1", Space::Kept("foaf")),
    ("w3.org/2000/01/rdf-schema", Space::Kept("rdfs")),
    ("prismstandard.org/namespaces/1.2/basic", Space::Kept("prism")),
    ("a9.com/-/spec/opensearch/1.1", Space::Kept("opensearch")),
    ("w3.org/1999/xlink", Space::Kept("xlink")),
];

impl Space {
    /// The vocabulary of a namespace name.
    pub fn of(uri: &str) -> Space {
        let uri = uri.trim();
        if uri.is_empty() {
            return Space::Core;
        }
        if uri.len() > 120 {
            return Space::Unknown;
        }
        let lower = uri.to_ascii_lowercase();
        let bare = lower.strip_prefix("http://").or_else(|| lower.strip_prefix("https://")).unwrap_or(&lower);
        let bare = bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches(['/', '#']);
        match SPACES.iter().find(|(name, _)| *name == bare) {
            Some((_, space)) => *space,
            // Userland numbered its own.
            None if bare.starts_with("backend.userland.com/rss") => Space::Core,
            None => Space::Unknown,
        }
    }

    /// The vocabulary a prefix usually stands for, for feeds that do not declare it.
    pub fn usual(prefix: &str) -> Space {
        let lower = if prefix.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(prefix.to_ascii_lowercase())
        } else {
            Cow::Borrowed(prefix)
        };
        match lower.as_ref() {
            "atom" | "atom03" | "atom10" | "a10" | "rss" => Space::Core,
            "rdf" => Space::Rdf,
            "dc" => Space::Dc,
            "dcterms" => Space::DcTerms,
            "content" => Space::Content,
            "itunes" => Space::Itunes,
            "media" => Space::Media,
            "georss" => Space::GeoRss,
            "gml" => Space::Gml,
            "psc" => Space::Psc,
            "cc" => Space::Cc,
            "creativecommons" => Space::CreativeCommons,
            "admin" => Space::Admin,
            "feedburner" => Space::Feedburner,
            "xhtml" => Space::Xhtml,
            "svg" => Space::Svg,
            "xml" => Space::Xml,
            _ => Space::Unknown,
        }
    }

    /// The prefix under which elements without a field are kept.
    pub fn prefix(self) -> Option<&'static str> {
        match self {
            Space::Core => Some(""),
            Space::Rdf => Some("rdf"),
            Space::Dc => Some("dc"),
            Space::DcTerms => Some("dcterms"),
            Space::Content => Some("content"),
            Space::Itunes => Some("itunes"),
            Space::Media => Some("media"),
            Space::GeoRss => Some("georss"),
            Space::Gml => Some("gml"),
            Space::Psc => Some("psc"),
            Space::Cc => Some("cc"),
            Space::CreativeCommons => Some("creativecommons"),
            Space::Admin => Some("admin"),
            Space::Feedburner => Some("feedburner"),
            Space::Xhtml => Some("xhtml"),
            Space::Svg => Some("svg"),
            Space::MathMl => Some("math"),
            Space::Xml => Some("xml"),
            Space::Kept(prefix) => Some(prefix),
            Space::Unknown => None,
        }
    }
}

/// What an element is for, however it is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Rss,
    Rdf,
    Feed,
    Channel,
    Entry,
    Image,
    TextInput,
    Author,
    Contributor,
    ContributorName,
    Owner,
    Publisher,
    Name,
    Email,
    Uri,
    Width,
    Height,
    Subtitle,
    Rights,
    Language,
    Published,
    Updated,
    Created,
    Expired,
    Valid,
    Category,
    MediaCategory,
    ItunesCategory,
    ItunesKeywords,
    MediaKeywords,
    Tags,
    Cloud,
    Link,
    Id,
    Title,
    MediaTitle,
    Description,
    Abstract,
    Summary,
    Info,
    Generator,
    GeneratorAgent,
    Enclosure,
    Source,
    Content,
    Encoded,
    Body,
    FullItem,
    Comments,
    Docs,
    Ttl,
    Icon,
    Logo,
    ItunesImage,
    Block,
    Explicit,
    Duration,
    License,
    LicenseText,
    MediaGroup,
    MediaContent,
    MediaThumbnail,
    MediaCredit,
    MediaRating,
    MediaLicense,
    MediaRestriction,
    MediaPlayer,
    Place,
    GeoPoint,
    GeoLine,
    GeoPolygon,
    GeoBox,
    GmlPoint,
    GmlLine,
    GmlPolygon,
    GmlRing,
    GmlExterior,
    GmlPosition,
    Chapters,
    Chapter,
    /// Of a page, not of a feed.
    Html,
    SkipHours,
    SkipDays,
    Skipped,
    /// Only holds other elements.
    Holder,
    /// Kept as it is.
    Extra,
}

/// The element `local` of `space`.
pub(super) fn element(space: Space, local: &str) -> Element {
    let mut buffer = [0u8; 24];
    let bytes = local.as_bytes();
    let name: &[u8] = if bytes.iter().any(u8::is_ascii_uppercase) {
        let Some(lower) = buffer.get_mut(..bytes.len()) else { return Element::Extra };
        lower.copy_from_slice(bytes);
        lower.make_ascii_lowercase();
        lower
    } else {
        bytes
    };
    match space {
        Space::Core => core(name),
        Space::Rdf => match name {
            b"rdf" => Element::Rdf,
            b"seq" | b"li" | b"bag" | b"description" | b"value" => Element::Holder,
            _ => Element::Extra,
        },
        Space::Dc => match name {
            b"author" | b"creator" => Element::Author,
            b"date" => Element::Updated,
            b"description" => Element::Description,
            b"language" => Element::Language,
            b"publisher" => Element::Publisher,
            b"rights" => Element::Rights,
            b"subject" => Element::Category,
            b"title" => Element::Title,
            b"contributor" => Element::ContributorName,
            _ => Element::Extra,
        },
        Space::DcTerms => match name {
            b"created" => Element::Created,
            b"issued" => Element::Published,
            b"modified" => Element::Updated,
            b"valid" => Element::Valid,
            b"creator" => Element::Author,
            b"title" => Element::Title,
            b"rights" => Element::Rights,
            b"language" => Element::Language,
            b"publisher" => Element::Publisher,
            b"subject" => Element::Category,
            b"description" => Element::Description,
            b"contributor" => Element::ContributorName,
            _ => Element::Extra,
        },
        Space::Content => match name {
            b"encoded" => Element::Encoded,
            _ => Element::Extra,
        },
        Space::Itunes => match name {
            b"author" => Element::Author,
            b"category" => Element::ItunesCategory,
            b"keywords" => Element::ItunesKeywords,
            b"name" => Element::Name,
            b"email" => Element::Email,
            b"owner" => Element::Owner,
            b"subtitle" => Element::Subtitle,
            b"summary" => Element::Summary,
            b"image" | b"link" => Element::ItunesImage,
            b"block" => Element::Block,
            b"explicit" => Element::Explicit,
            b"duration" => Element::Duration,
            _ => Element::Extra,
        },
        Space::Media => match name {
            b"category" => Element::MediaCategory,
            b"keywords" => Element::MediaKeywords,
            b"title" => Element::MediaTitle,
            b"group" => Element::MediaGroup,
            b"content" => Element::MediaContent,
            b"thumbnail" => Element::MediaThumbnail,
            b"credit" => Element::MediaCredit,
            b"rating" => Element::MediaRating,
            b"license" => Element::MediaLicense,
            b"restriction" => Element::MediaRestriction,
            b"player" => Element::MediaPlayer,
            b"description" => Element::Description,
            _ => Element::Extra,
        },
        Space::GeoRss => match name {
            b"point" => Element::GeoPoint,
            b"line" => Element::GeoLine,
            b"polygon" => Element::GeoPolygon,
            b"box" => Element::GeoBox,
            b"where" => Element::Place,
            _ => Element::Extra,
        },
        Space::Gml => match name {
            b"point" => Element::GmlPoint,
            b"linestring" => Element::GmlLine,
            b"polygon" => Element::GmlPolygon,
            b"exterior" => Element::GmlExterior,
            b"linearring" => Element::GmlRing,
            b"pos" | b"poslist" | b"coordinates" => Element::GmlPosition,
            _ => Element::Extra,
        },
        Space::Psc => match name {
            b"chapters" => Element::Chapters,
            b"chapter" => Element::Chapter,
            _ => Element::Extra,
        },
        Space::Cc => match name {
            b"license" => Element::License,
            _ => Element::Extra,
        },
        Space::CreativeCommons => match name {
            b"license" => Element::LicenseText,
            _ => Element::Extra,
        },
        Space::Admin => match name {
            b"generatoragent" => Element::GeneratorAgent,
            _ => Element::Extra,
        },
        Space::Feedburner => match name {
            b"browserfriendly" => Element::Info,
            _ => Element::Extra,
        },
        Space::Xhtml => match name {
            b"body" => Element::Body,
            b"html" => Element::Html,
            _ => Element::Holder,
        },
        Space::Svg | Space::MathMl | Space::Xml => Element::Holder,
        Space::Kept(_) | Space::Unknown => Element::Extra,
    }
}

fn core(name: &[u8]) -> Element {
    match name {
        b"title" => Element::Title,
        b"link" => Element::Link,
        b"item" | b"entry" => Element::Entry,
        b"description" => Element::Description,
        b"guid" | b"id" => Element::Id,
        b"pubdate" | b"published" | b"issued" => Element::Published,
        b"updated" | b"modified" | b"lastbuilddate" => Element::Updated,
        b"category" | b"keywords" => Element::Category,
        b"author" | b"managingeditor" => Element::Author,
        b"name" => Element::Name,
        b"email" => Element::Email,
        b"uri" | b"url" | b"homepage" => Element::Uri,
        b"summary" => Element::Summary,
        b"content" => Element::Content,
        b"enclosure" => Element::Enclosure,
        b"comments" => Element::Comments,
        b"source" => Element::Source,
        b"channel" => Element::Channel,
        b"rss" => Element::Rss,
        b"feed" => Element::Feed,
        b"rdf" => Element::Rdf,
        b"image" => Element::Image,
        b"textinput" => Element::TextInput,
        b"contributor" => Element::Contributor,
        b"webmaster" => Element::Publisher,
        b"width" => Element::Width,
        b"height" => Element::Height,
        b"subtitle" | b"tagline" => Element::Subtitle,
        b"rights" | b"copyright" => Element::Rights,
        b"language" => Element::Language,
        b"created" => Element::Created,
        b"expirationdate" => Element::Expired,
        b"cloud" => Element::Cloud,
        b"abstract" => Element::Abstract,
        b"info" => Element::Info,
        b"generator" => Element::Generator,
        b"body" => Element::Body,
        b"fullitem" => Element::FullItem,
        b"docs" => Element::Docs,
        b"ttl" => Element::Ttl,
        b"icon" => Element::Icon,
        b"logo" => Element::Logo,
        b"tags" => Element::Tags,
        b"where" => Element::Place,
        b"html" => Element::Html,
        b"skiphours" => Element::SkipHours,
        b"skipdays" => Element::SkipDays,
        b"hour" | b"day" => Element::Skipped,
        b"items" | b"schedule" | b"head" | b"div" => Element::Holder,
        _ => Element::Extra,
    }
}

/// What an element name is made of: prefix and local part.
pub(super) fn split(name: &str) -> (&str, &str) {
    match name.as_bytes().iter().position(|b| *b == b':') {
        Some(at) => (&name[..at], &name[at + 1..]),
        None => ("", name),
    }
}
