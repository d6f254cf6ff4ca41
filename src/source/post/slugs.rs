//! Names of files, and how each generator writes a name into an address.

use chrono::{Datelike, NaiveDate};

use crate::config::Slugify;
use crate::normalize::date;
use crate::source::pattern::Pattern;

/// What a path says.
pub(super) struct PathNames {
    /// Path without extension, `index` and language suffix.
    pub(super) without_language: String,
    /// The last part: file or bundle name.
    pub(super) stem: String,
    /// The folders above.
    pub(super) folders: Vec<String>,
    /// `2024-06-30-name`.
    pub(super) date: Option<NaiveDate>,
    /// The name behind the date.
    pub(super) undated: String,
    /// The name begins with a date and a hyphen, as posts of Jekyll have to.
    pub(super) jekyll: bool,
}

impl PathNames {
    /// What a post is called that says nothing itself: its name, without the date before it. Jekyll
    /// makes words of it (`Utils.titleize_slug`).
    pub(super) fn title(&self, slugify: Slugify) -> String {
        let name = if self.date.is_some() { &self.undated } else { &self.stem };
        if slugify != Slugify::Jekyll {
            return name.clone();
        }
        let capital = |word: &str| {
            let mut letters = word.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters.flat_map(char::to_lowercase)).collect::<String>()
        };
        name.split('-').filter(|word| !word.is_empty()).map(capital).collect::<Vec<_>>().join(" ")
    }

    /// The day that folders name, alone or with the file: `2024/06/30/name`, `2024/06-30`. Of Docusaurus a
    /// name may go on behind it: `2024/06-30-name`; elsewhere that may be `2024/06/12-factors`.
    pub(super) fn day_of_folders(&self, slugify: Slugify) -> Option<NaiveDate> {
        static DAY: Pattern = Pattern::new(r"(?:^|/)((?:19|20)\d{2})[-/](\d{1,2})[-/](\d{1,2})([-/]|$)");
        let found = DAY.captures(&self.without_language)?;
        if &found[4] == "-" && slugify != Slugify::Docusaurus {
            return None;
        }
        let number = |n: usize| found[n].parse::<u32>().ok();
        NaiveDate::from_ymd_opt(i32::try_from(number(1)?).ok()?, number(2)?, number(3)?)
    }
}

/// Languages of two letters (ISO 639-1), but for those by which files of code and hosts end:
/// `chart.ts.md` is about a file and `k8s.io.md` about a host.
const LANGUAGES: &str = " aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da \
de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik is it iu \
ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng \
nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn sq sr ss st su sv sw ta te \
tg th ti tk tl tn tr tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu ";

/// Those of three letters in which sites are written.
const LONG_LANGUAGES: [&str; 10] = ["ast", "ckb", "fil", "haw", "kab", "kmr", "lzh", "nan", "szl", "yue"];

/// `zh` of `name.zh.md`, `zh-hans` of `index.zh-hans.md`; none of `vue.js.md`.
pub(super) fn language_tag(path: &str) -> Option<&str> {
    tag(path).filter(|tag| is_language_tag(tag))
}

fn is_language_tag(tag: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphabetic());
    let mut parts = tag.split('-');
    let known = |first: &str| {
        let first = first.to_ascii_lowercase();
        LANGUAGES.contains(&format!(" {first} ")) || LONG_LANGUAGES.contains(&first.as_str())
    };
    parts.next().is_some_and(known) && parts.all(plain) && crate::config::is_language(tag)
}

/// What stands between the name and the ending.
pub(super) fn tag(path: &str) -> Option<&str> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let (stem, _) = file.rsplit_once('.')?;
    stem.rsplit_once('.').map(|(_, tag)| tag)
}

/// File names that stand for their folder.
fn is_index(stem: &str) -> bool {
    stem == "index" || stem.strip_prefix("index.").is_some_and(is_language_tag)
}

pub(super) fn path_names(path: &str) -> PathNames {
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(s, _)| s);
    // `name.zh.md` and `index.zh-cn.md` are translations.
    let plain = match stem.rsplit_once('.') {
        Some((name, tag)) if is_language_tag(tag) => name,
        _ => stem,
    };
    let stem =
        if is_index(plain) || plain == "README" && !parts.is_empty() { parts.pop().unwrap_or("index") } else { plain };
    let folders: Vec<String> = parts.iter().map(|s| (*s).to_owned()).collect();
    let mut without_language = folders.join("/");
    if !without_language.is_empty() {
        without_language.push('/');
    }
    without_language.push_str(stem);
    // Jekyll's `DATE_FILENAME_MATCHER`; Zola wants two digits each.
    static DASHED: Pattern = Pattern::new(r"^(\d{2,4}-\d{1,2}-\d{1,2})(.*)$");
    let dashed = DASHED.captures(stem).and_then(|c| {
        let (date, behind) = (c.get(1)?.as_str(), c.get(2)?.as_str());
        let ours = date.len() == 10 || date.find('-') == Some(4) && behind.starts_with(['-', '_', ' ']);
        Some((NaiveDate::parse_from_str(date, "%Y-%m-%d").ok().filter(|_| ours), behind))
    });
    let jekyll = dashed.is_some_and(|(_, behind)| behind.starts_with('-'));
    let dashed = dashed.and_then(|(date, behind)| Some((date?, behind)));
    let date = dashed.map(|(date, _)| date).or_else(|| {
        let digits = stem.get(..8).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
        NaiveDate::parse_from_str(digits, "%Y%m%d").ok()
    });
    let undated = dashed.map(|(_, behind)| behind.trim_start_matches(['-', '_', ' '])).filter(|u| !u.is_empty());
    let undated = undated.unwrap_or(stem).to_owned();
    let trailing = || {
        let digits: String =
            stem.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect();
        if digits.len() == 8 { NaiveDate::parse_from_str(&digits, "%Y%m%d").ok() } else { None }
    };
    let date = date.or_else(trailing).filter(|d| date::SANE_YEARS.contains(&d.year()));
    PathNames { without_language, stem: stem.to_owned(), folders, date, undated, jekyll }
}

/// A name as the generator writes it into addresses; may become empty, and may keep `/`.
pub(super) fn slugify(name: &str, how: Slugify) -> String {
    match how {
        Slugify::GitHub => {
            let kept = |c: char| is_word(c) || matches!(c, '_' | '-' | ' ');
            name.trim().to_lowercase().chars().filter(|c| kept(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
        }
        Slugify::None | Slugify::Hexo | Slugify::Undated | Slugify::Docusaurus => name.to_owned(),
        Slugify::Hugo => hugo(name),
        // Zola itself calls this crate: `slugify_paths` of its components/utils/src/slugs.rs.
        Slugify::Zola => slug::slugify(name),
        // The same function with `paths = "safe"`.
        Slugify::ZolaSafe => {
            name.trim_end_matches([' ', '.']).chars().filter(|c| !"<>:\"/\\|?*".contains(*c)).collect()
        }
        Slugify::Jekyll => hyphened(name, is_word).to_lowercase(),
    }
}

/// What Jekyll calls `:title`: `slugify` of its lib/jekyll/utils.rb in the mode `pretty`,
/// which keeps some signs and the case.
pub(super) fn jekyll_title(name: &str) -> String {
    hyphened(name, |c| is_word(c) || "._~!$&'()+,;=@".contains(c))
}

/// The path of a post of Docusaurus that has no `slug`: its date as folders, where its name
/// or those of its folders have one (`parseBlogFileName` of its blogUtils.ts).
pub(super) fn docusaurus_path(path: &str) -> String {
    static DATED: Pattern = Pattern::new(r"^(.*?)(\d{4}[-/]\d{1,2}[-/]\d{1,2})[-/]?(.*)$");
    match DATED.captures(path) {
        Some(parts) => format!("{}{}/{}", &parts[1], parts[2].replace('-', "/"), &parts[3]),
        None => path.to_owned(),
    }
}

/// One hyphen for each run of other signs, none at the ends.
fn hyphened(name: &str, keep: impl Fn(char) -> bool) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if keep(c) {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// Letters, marks and decimal digits: what Go asks with `IsLetter`, `IsMark` and `IsDigit`,
/// and Ruby with `[[:alnum:]]`. A circled number is none of them.
fn is_word(c: char) -> bool {
    static WORD: Pattern = Pattern::new(r"^[\p{L}\p{M}\p{Nd}]$");
    match c {
        _ if c.is_ascii() => c.is_ascii_alphanumeric(),
        // Most of what is written in Chinese, Korean and Japanese, and between it.
        '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' => true,
        '\u{2000}'..='\u{206F}' | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{FF01}'..='\u{FF0F}' => false,
        _ => WORD.is_match(c.encode_utf8(&mut [0; 4])),
    }
}

/// As `Sanitize` of Hugo's common/paths/path.go: blanks become one hyphen, unless one is
/// there already or nothing stands before them; other signs go. Since 0.123 names of files
/// (not slugs, and not with permalinks) may keep a hyphen for each blank.
fn hugo(name: &str) -> String {
    let mut slug = String::new();
    let (mut blank, mut hyphen) = (false, false);
    for c in name.to_lowercase().chars() {
        if is_word(c) || "./_#+~-@".contains(c) {
            hyphen = c == '-';
            if std::mem::take(&mut blank) && !hyphen {
                slug.push('-');
            }
            slug.push(c);
        } else if c.is_whitespace() && !slug.is_empty() && !hyphen {
            blank = true;
        }
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_marks_and_digits_make_words() {
        let word = regex::Regex::new(r"^[\p{L}\p{M}\p{Nd}]$").unwrap();
        for c in ('\0'..='\u{3FFFF}').filter(|c| !c.is_ascii()) {
            assert_eq!(is_word(c), word.is_match(&c.to_string()), "{c:?}");
        }
    }

    #[test]
    fn paths_tell_names_and_dates() {
        let cases = [
            ("a/b/index.md", "a/b", "b", None),
            ("2018-01-14-update.md", "2018-01-14-update", "2018-01-14-update", Some("2018-01-14")),
            ("weekly-20230303/index.md", "weekly-20230303", "weekly-20230303", Some("2023-03-03")),
            ("name.zh-cn.md", "name", "name", None),
            ("x/index.en.md", "x", "x", None),
            ("v1.2.md", "v1.2", "v1.2", None),
            ("2018-1-4-update.md", "2018-1-4-update", "2018-1-4-update", Some("2018-01-04")),
            ("2018-13-14-update.md", "2018-13-14-update", "2018-13-14-update", None),
            ("1.2.3-4-5.md", "1.2.3-4-5", "1.2.3-4-5", None),
        ];
        for (path, key, stem, date) in cases {
            let names = path_names(path);
            assert_eq!((names.without_language.as_str(), names.stem.as_str()), (key, stem), "{path}");
            assert_eq!(names.date.map(|d| d.to_string()).as_deref(), date, "{path}");
        }
    }

    #[test]
    fn slugs_as_generators_make_them() {
        let cases = [
            (Slugify::Hugo, "Koupleless 2024 & Plans", "koupleless-2024-plans"),
            (Slugify::Hugo, "中文 Name", "中文-name"),
            (Slugify::Hugo, "Runtime - ArchSummit", "runtime-archsummit"),
            (Slugify::Hugo, "🎉 Hello  World!", "hello-world"),
            (Slugify::Hugo, "cafe\u{301} हिन्दी", "cafe\u{301}-हिन्दी"),
            (Slugify::Hugo, "① one --- two ", "one---two"),
            (Slugify::Hugo, "！！！", ""),
            (Slugify::Zola, "第一篇", "di-yi-pian"),
            (Slugify::Zola, "Über uns", "uber-uns"),
            (Slugify::Zola, "naïve café", "naive-cafe"),
            (Slugify::Zola, "Custom Slug Ünï", "custom-slug-uni"),
            (Slugify::Zola, "Second_Post", "second-post"),
            (Slugify::ZolaSafe, "test (hey)? <日本>. ", "test (hey) 日本"),
            (Slugify::GitHub, "My Great_Post v1.0: 日本…", "my-great_post-v10-日本"),
            (Slugify::Undated, "Test (hey) 日本", "Test (hey) 日本"),
            (Slugify::Jekyll, "Some Name's", "some-name-s"),
            (Slugify::Jekyll, "Some_Name, or_other!", "some-name-or-other"),
        ];
        for (how, name, want) in cases {
            assert_eq!(slugify(name, how), want, "{how:?} {name}");
        }
    }

    #[test]
    fn titles_of_jekyll_keep_their_case() {
        for (name, want) in [("Some_Name Here", "Some_Name-Here"), ("C++ & Go!", "C++-&-Go!"), ("-中文 名-", "中文-名")]
        {
            assert_eq!(jekyll_title(name), want);
        }
    }

    #[test]
    fn names_and_folders_tell_what_nothing_else_says() {
        assert_eq!(path_names("2024-01-02-no-API-title.md").title(Slugify::Jekyll), "No Api Title");
        assert_eq!(path_names("2024-01-02-no-API-title.md").title(Slugify::Hugo), "no-API-title");
        for path in ["2021/08/09-b.md", "2021/08-09-x/index.md"] {
            let day = path_names(path).day_of_folders(Slugify::Docusaurus);
            assert_eq!(day.map(|d| d.to_string()).as_deref(), Some("2021-08-09"), "{path}");
        }
        for (path, want) in [
            ("2021/06/07/x.md", Some("2021-06-07")),
            ("2021/08-09/b.md", Some("2021-08-09")),
            ("2021/06/12-factors.md", None),
            ("2021/13/01/x.md", None),
            ("v2021/06/07.md", None),
        ] {
            assert_eq!(
                path_names(path).day_of_folders(Slugify::Hugo).map(|d| d.to_string()).as_deref(),
                want,
                "{path}"
            );
        }
    }

    #[test]
    fn dates_of_docusaurus_are_folders() {
        for (path, want) in [
            ("2026-07-01-one_Two", "2026/07/01/one_Two"),
            ("2026/7/1-one", "2026/7/1/one"),
            ("2026-07-01/one", "2026/07/01/one"),
            ("team/2026-07-01-one", "team/2026/07/01/one"),
            ("one", "one"),
        ] {
            assert_eq!(docusaurus_path(path), want);
        }
    }

    #[test]
    fn tags_of_languages_are_told_from_endings() {
        for (path, want) in [
            ("name.zh.md", Some("zh")),
            ("name/index.zh-hans.md", Some("zh-hans")),
            ("name.pt-BR.mdx", Some("pt-BR")),
            ("name.fil.md", Some("fil")),
            ("vue.js.md", None),
            ("k8s.io.md", None),
            ("asp.net.md", None),
            ("node.js-20.md", None),
            ("name.md", None),
        ] {
            assert_eq!(language_tag(path), want, "{path}");
        }
        assert_eq!(path_names("vue.js.md").without_language, "vue.js");
        assert_eq!(path_names("a/index.zh-hans.md").without_language, "a");
        assert_eq!(path_names("name.zh-hans.md").without_language, "name");
    }

    #[test]
    fn dates_before_names() {
        for (path, undated, jekyll) in [
            ("2018-01-14-update.md", "update", true),
            ("2018-1-4-update.md", "update", true),
            ("2018-01-14_update.md", "update", false),
            ("2018-01-14.md", "2018-01-14", false),
            ("update.md", "update", false),
        ] {
            let names = path_names(path);
            assert_eq!((names.undated.as_str(), names.jekyll), (undated, jekyll), "{path}");
        }
    }
}
