//! What section headings are called, in Chinese and English.
//!
//! Ordered: the first pattern that matches decides, so the narrower words stand
//! above the wider ones. A site's own `sections` come before all of these.

use std::sync::LazyLock;

use regex::Regex;

use crate::config::{DigestConfig, SectionKind};
use crate::names::Names;
use crate::normalize::text;
use crate::source::pattern::{Pattern, pattern};

/// What comes next, at a time or at none.
const PROGRAMMES: [&str; 3] = ["节目预告", "内容预告", "新书预告"];

/// Whether a heading says that it tells what comes next.
pub(super) fn is_programme(heading: &str) -> bool {
    PROGRAMMES.iter().any(|word| heading.contains(word))
}

/// The built-in words.
static WORDS: LazyLock<Vec<(Regex, SectionKind)>> = LazyLock::new(|| {
    [
        // What nobody subscribes to: thanks, adverts, where to follow us.
        (
            r"本[周月期]\s*(贡献|contributor)|(贡献者?|contributors?)\s*(榜单?|名单)?$|扫码|^关注|订阅|致谢|鸣谢|招聘|赞助|往[年期](回顾|今日)|历史上的本周|关于我们|\b(stellenangebote|stellenanzeigen|ofertas de (empleo|trabajo)|vagas|offres d['’]emploi|kontakt|contacto|contato|unsere sponsoren|nous (suivre|contacter|rejoindre)|fale conosco|síguenos|siga-nos|shout-?outs?|acknowledge?ments?|agradecimientos?|agradecimentos?|remerciements?|danksagung(?:en)?|thanks|thank you|quotes? of the (week|month)|jobs?|hiring|sponsors?|subscribe|(follow|find|join|reach) us|stay in touch|social media|about (us|this)|credits|corrections?)\b",
            SectionKind::Skip,
        ),
        (r"\bcfp\b.*\bevents?\b|\bevents?\b.*\bcfp\b|calls? for (papers|proposals|speakers|talks)", SectionKind::Events),
        (
            r"新手任务|入门任务|任务(计划|清单|列表|认领|招募)|^招募(贡献者|任务)$|招工|^任务|课题|待认领|good[ -]first[ -](issue|bug)|help[ -]wanted|(calls?|requests?) for (participation|contribut\w+|help|testing)|help (is )?(needed|wanted)|^needs? help[^?？]*$|testers (needed|wanted)|^looking for testers|appels? à (contribution|l['’]aide)|looking for (help|contribut\w+)|how to contribute|get involved|new ?comer|starter (tasks|issues)",
            SectionKind::Tasks,
        ),
        (
            r"问答|答疑|解答|释疑|疑难|提问|issue\s*精选|常见问题|读者来信|\bq\s*(&|and|＆)\s*a\b|\bqa\b|\bfaqs?\b|\bquestions?\b|\bask (us|me|the)\b",
            SectionKind::Questions,
        ),
        (
            r"記事|ブログ|動画|기사|블로그|읽을거리|阅读|集锦|合集|合辑|全?系列(文章|解析)?$|回顾(集合|合集|汇总|合辑)|特辑|专栏|好文|干货|技术(分享|解析|实践)|文章|博客|教程|读物|论文|视频$|精选内容|\b(artikel|artículos?|artigos?|lectures?|lecturas|leituras|articles?|reading|reads|blog ?posts?|blogs?|tutorials?|walkthroughs?|guides|talks|videos?|podcasts?|papers?|links?|books?|newsletters?|press|from the (blog|web|community))\b",
            SectionKind::Articles,
        ),
        (
            r"évènements?|événements?|rendez-vous|мероприятия|события|конференции|митапы|イベント|勉強会|カンファレンス|ミートアップ|행사|이벤트|모임|밋업|活动|会议|直播|预告|报名|沙龙|峰会|大会|日程|\b(termine|veranstaltung(en)?|konferenz(en)?|eventos?|conferencias?|conferências?|conférences?|événements?|evénements?|rencontres|encuentros|evenemang|arrangementer|begivenheder|evenementen|bijeenkomsten|tapahtumat|wydarzenia|akce|incontri|etkinlikler|events?|meet-?ups?|conferences?|webinars?|workshops?|hackathons?|calendar|community (call|meeting)s?|office hours|agenda|coming up|save the dates?)\b",
            SectionKind::Events,
        ),
        (
            r"nouvelles versions|nuevas versiones|novas versões|versions publiées|リリース|릴리스|출시|发布|项目进展|版本(更新|动态|发布)?|更新日志|\b(veröffentlichungen|lanzamientos?|lançamentos?|releases?|released|changelogs?|new versions?|version updates?|(project|subproject|dependency|package|crate|tooling|library|app|plugin|extension|module|component|theme|version)s?( and dependency)? (updates?|bumps?)|(new and )?updated (apps?|packages?|plugins?|crates?|extensions?|modules?|components?|librar(y|ies)))\b",
            SectionKind::Releases,
        ),
        (
            r"ニュース|お知らせ|뉴스|소식|大事件|新闻|动态|公告|要闻|资讯|快讯|速递|速览|热点|头条|喜报|新晋|科技动态|\b(neuigkeiten|nachrichten|noticias|notícias|novedades|novidades|actualités|actus?|big news|news|announcements?|headlines?|highlights|in brief|what'?s new)\b",
            SectionKind::News,
        ),
    ]
    .into_iter()
    .map(|(words, kind)| (pattern(&format!("(?i){words}")), kind))
    .collect()
});

/// What a section of that heading holds, when its words tell.
pub(super) fn section_kind(heading: &str, config: &DigestConfig) -> Option<SectionKind> {
    if let Some(rule) = config.sections.iter().find(|r| r.heading.is_match(heading)) {
        return Some(rule.kind);
    }
    if SCHEDULE.is_match(heading) {
        return None;
    }
    let whole = text::columns(heading.trim_matches(|c: char| !c.is_alphanumeric()));
    if FRAME.is_match(heading) {
        return Some(SectionKind::Skip);
    }
    if is_programme(heading) {
        return Some(SectionKind::Articles);
    }
    WORDS
        .iter()
        .find(|(words, kind)| {
            let found = words.find(heading).map(|m| text::columns(m.as_str()));
            // Nothing is skipped for a word in passing: it has to be most of the heading.
            found.is_some_and(|columns| *kind != SectionKind::Skip || columns * 9 >= whole * 4)
        })
        .map(|(_, kind)| *kind)
}

/// Whether a line has the word of a section.
pub(super) fn has_word(line: &str) -> bool {
    WORDS.iter().any(|(words, _)| words.is_match(line))
}

/// Whether a heading says more than what kind of section it is: `Release timing`, not
/// `New releases` or `MOSN releases`.
pub(super) fn names_more(heading: &str, names: &Names) -> bool {
    static QUALIFIES: Pattern = Pattern::new(
        r"(?i)\b(?:the|a|an|of|in|on|from|for|and|or|our|your|this|last|past|new|newest|latest|recent|upcoming|other|more|some|all|community|project|core|team|security|minor|major|stable|notable|featured|selected|interesting|week(?:ly)?|month(?:ly)?|updates?|releases?|around|ecosystem|week['’]?s|month['’]?s)\b|本|最新|社区|项目|周|月|推荐|精选",
    );
    let mut rest = heading.to_owned();
    for (words, _) in WORDS.iter() {
        rest = words.replace_all(&rest, " ").into_owned();
    }
    for name in names.titles_in(heading) {
        rest = rest.replace(name.as_str(), " ");
    }
    QUALIFIES.replace_all(&rest, " ").chars().filter(|c| c.is_alphabetic()).count() >= 3
}

/// Headings that thank, pay and hire, whatever else is in them.
static FRAME: Pattern = Pattern::new(
    r"(?i)^\W*(?:(?:licen[cs]e|licen[cz]ia|licença|lizenz)\W*$|(?:unsubscribe|cancelar (?:la|su|a|tu) suscripci|se désabonner|désinscription|abmelden|abbestellen)|(?:quotes?|citations?|zitate)\W*$|refs?\W*$|classifieds?\W*$|(?:分类)?广告\W*$|quick links\W*$|(?:(?:your|our|today['’]s|special) )?(?:co-?)?(?:hosts?|guests?)(?: (?:and|&) (?:co-?)?(?:hosts?|guests?))?\W*$|tips (?:and|&) feedback\W*$|(?:connect|keep in touch|stay connected|get in touch) with (?:us|me|the community)\W*$|(?:keep in touch|stay connected)\W*$|welcoming (?:our )?new (?:sponsors|partners)\b|(?:our )(?:partners|sponsors|backers|supporters)\W*$|(?:partners|sponsors|backers|supporters) (?:and|&) (?:partners|sponsors|backers|supporters)\W*$|(?:new|latest|open|community|remote|current) jobs\W*$|mitmachen\b|thanks (?:to|for)\b|special thanks\b|employment\W*$|(?:open )?(?:jobs?|positions?)(?:\W+(?:and|gigs?|careers?|offers?|openings?|board|listings?|postings?))*\W*$|open positions\b|(?:\w+ )?jobs? (?:openings?|offers?|listings?|board|postings?)\W*$|careers\W*$|who(?: is|['’]s) hiring\b|we(?: are|['’]re) hiring\b|(?:requests? for )?donations?\b|(?:in )?(?:the )?next (?:issue|edition)\W*$|that['’]s a wrap\b|newsletter translations?\W*$|help us (?:to )?(?:build|write|improve|translate) (?:the |this |our )?(?:newsletter|issue|weekly|digest)\W*$|spread the (?:news|word)\W*$|want to see your .{1,20} here\b|谁在招|内推\W*$|本期编辑\W*$|contributors?['’]?s? corner\b|(?:sponsored|supported|brought to you) by\b|our sponsors?\b|donat(?:e|ions?)\b|(?:join|meet|follow|find) us\b|where to (?:find|meet) us\b|(?:特别)?感谢\W*$|(?:(?:社区|官方|交流)渠道\W*$|加入社区\W*$|群聊|交流群|加入(?:钉钉|微信|QQ)|加入我们|联系我们|关注我们|(?:订阅方式|赞助我们|(?:欢迎|如何)?投稿|欢迎(?:提交|订阅|关注)(?:我们|本刊|周刊|公众号)?|关于(?:周刊|周报|本刊|本站|我们))\W*$))",
);

/// Headings longer than these columns are sentences: a section is called something short.
const SENTENCE_COLUMNS: usize = 30;

/// Whether a heading only has the word of a section among many others.
pub(super) fn is_in_passing(heading: &str) -> bool {
    let whole = text::columns(heading.trim());
    let Some(word) = WORDS.iter().find_map(|(words, _)| words.find(heading)) else { return false };
    whole > SENTENCE_COLUMNS && text::columns(word.as_str()) * 3 < whole || says_who_released(heading)
}

/// `Wick releases hardened images`, `谷歌发布新的模型`: who released what.
fn says_who_released(heading: &str) -> bool {
    static RELEASES: Pattern = Pattern::new(r"(?i)发布|\breleases?\b");
    let Some(verb) = RELEASES.find(heading) else { return false };
    static NOBODY: Pattern = Pattern::new(
        r"(?i)[本上这][周月期]|最[新近]|社区|项目|产品|\b(?:new|notable|latest|recent|all|other|major|minor|patch|security|stable|this|upcoming|project|community)\b",
    );
    static GOES_ON: Pattern = Pattern::new(r"(?i)^(?:[的和与及在]|(?:of|and|from|in|for|to|by|with|this|last|next)\b)");
    let (who, what) = (&heading[..verb.start()], heading[verb.end()..].trim());
    who.contains(char::is_alphabetic)
        && !NOBODY.is_match(who)
        && !GOES_ON.is_match(what)
        && what.starts_with(char::is_alphabetic)
        && text::columns(what) >= 8
        && !has_word(what)
}

/// Headings that divide the notes of one release: `Bug fixes`, `新特性`. Where they are of the level of
/// the release itself, only those that no section of a digest is called.
pub(super) fn is_part_of_release(heading: &str, deeper: bool) -> bool {
    static BESIDE: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:new |main |other |bug ?)?(?:features?|fix(?:es|ed)?|bug ?fix(?:es)?|optimi[sz]\w*|refactor\w*)|(?:security|tests?|docs?|links?)\s*[:：]|新特性|新功能|新增(?:功能|特性)|主要变更|(?:功能|性能)?优化|(?:问题|缺陷|bug\s*)修复|不兼容变更|重构)\W*$",
    );
    static BELOW: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:known |notable |breaking )?(?:improve\w*|enhance\w*|changes|changelog|tests?|docs?|documentation|dependenc\w+|deprecat\w+|links?|downloads?|issues|highlights|added|changed|fixed|removed|security|performance|what['’]s (?:new|changed)|upgrad\w+(?: notes?)?|migration)|新增|修复|改进|变更(?:日志)?|更新(?:内容|日志)|测试|文档|依赖(?:升级)?|下载(?:地址)?|升级(?:说明|指南))\W*$",
    );
    BESIDE.is_match(heading) || deeper && BELOW.is_match(heading)
}

/// Headings that are a word for what stands around a digest, and not a word more.
pub(super) fn is_frame_word(heading: &str) -> bool {
    static WORD: Pattern = Pattern::new(
        r"(?i)^\W*(?:前言|引言|导语|导读|序言|卷首语|刊首语|开篇|编者按|写在前面|写在最后|结语|结束语|总结|小结|后记|preface|foreword|intro(?:duction)?|welcome|conclusions?|closing|(?:last|final|closing) (?:words|thoughts|remarks)|attendees|action items|(?:a )?note from|how (?:it|this) works|why (?:we do )?this|本[周月期](?:金句|图片|语录|言论|摄影|一图)|outro|wrap[- ]?up|contribute|about(?: us| this (?:newsletter|issue|weekly))?)\W*$",
    );
    WORD.is_match(heading)
}

/// Headings of what was changed, each of it in a line: `Kernel improvements`, `语言更新`.
pub(super) fn is_of_changes(heading: &str) -> bool {
    static CHANGES: Pattern = Pattern::new(
        r"(?i)(?:更新|改进|变更|优化|修复|新增功能|新特性)\W*$|\b(?:improvements?|changes|(?:bug ?)?fixes|new features)\W*$",
    );
    let of_the_text = ["记录", "勘误", "日志", "内容更新"].iter().any(|word| heading.contains(word));
    CHANGES.is_match(heading) && !of_the_text && text::columns(heading) <= SENTENCE_COLUMNS
}

/// Headings below which each thing is one of a kind, and none of them is called so: `Clients`,
/// `其他`.
pub(super) fn is_group(heading: &str) -> bool {
    static GROUP: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:clients?|servers?|libraries|library|tools?|tooling|apps?|applications?|software|services?|extensions?|plugins?|modules?|commits|pull requests|prs|mailing lists?|discussions|proposals|threads|community|ecosystem|others?|misc\w*)(?:\W+(?:and|&|和|与|及)\W+)?\W*)+$|^\W*(?:(?:正在)?(?:审[查核]|讨论)(?:中)?的)?提案\W*$|^\W*(?:客户端|服务[端器]|库|工具|应用|插件|社区|生态|周边|邮件列表|其[他它])+\W*$",
    );
    GROUP.is_match(heading)
}

/// Headings that are a word for many things: what is told below one is not called so. `Editors`,
/// `New repositories`, `Next up`.
pub(super) fn is_matter(heading: &str) -> bool {
    static MATTER: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:new|more|other|latest|recent|upcoming|compiler|core|community|project|team|language|website)\s+)*(?:editors?|ides?|repositor(?:y|ies)|projects?|packages?|updates?|backlog|next up|up next|events?|news|announcements?|roadmap|progress|status|games?|blogs?|socials?|social media|docs|documentation|infrastructure|committees?|meetings?|people|press|media)\W*$",
    );
    MATTER.is_match(heading)
}

/// Headings of what helps its readers, or presents somebody: what is told below one is no news.
pub(super) fn is_of_advice(heading: &str) -> bool {
    static ADVICE: Pattern = Pattern::new(
        r"(?i)\b(?:faqs?|tips?|tricks?|pitfalls?|how to|guides?|tutorials?|interviews?|minutes|contacts?|contest|competition|working at|spotlight|about|(?:of the (?:day|week|month)))\b|说明|技巧|指南|教程|采访|访谈|专访|入门|须知|常见|使用|关于",
    );
    ADVICE.is_match(heading)
}

/// Words that are set in front of what readers have to know, and states of work: no titles.
pub(super) fn is_notice(words: &str) -> bool {
    static NOTICE: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:please )?note|please|important|reminder|warning|attention|tl;?dr|update|done|in progress|blocked|todo|next|wip|注意|重要|提醒|提示|警告|进行中|已完成|待办|更新)\W*$",
    );
    NOTICE.is_match(words)
}

/// Headings of what a text is made from: at the end of a digest they list again what it told.
pub(super) fn is_references(heading: &str) -> bool {
    static REFERENCES: Pattern = Pattern::new(
        r"(?i)^\W*(?:references|参考(?:资料|文献|链接|来源)?|資料來源|参考資料|參考(?:資料|文獻|連結)?|(?:资料)?来源(?:索引|列表)?)\W*$",
    );
    REFERENCES.is_match(heading)
}

/// Headings that are the same in every issue and say nothing about what stands below this time:
/// `Package of the week`, `本周工具`.
pub(super) fn is_rubric(heading: &str) -> bool {
    static RUBRIC: Pattern = Pattern::new(
        r"(?i)^\W*(?:the )?(?:\w|-)+ of the (?:day|week|month|issue)\W*$|^\W*(?:featured|this week['’]s) (?:\w|-)+\W*$|^\W*(?:\w|-)+ in the spotlight\W*$|^\W*(?:本[周月期]|每[日周月])(?:一?[个款篇本])?(?:推荐)?(?:工具|项目|库|文章|应用|插件|好物|图书|看点|焦点|话题|推荐)\W*$",
    );
    RUBRIC.is_match(heading)
}

/// Headings that stand around what a digest tells: they are no items, whatever is linked below.
pub(super) fn is_frame(heading: &str) -> bool {
    static AROUND: Pattern = Pattern::new(
        r"(?i)^\W*(?:hi|hey|hello|hola|hallo|bonjour|olá|ciao|你好|大家好)(?: (?:there|all|everyone|everybody|folks|friends|todos|zusammen)\b.*)?\W*$|^\W*(?:intro(?:duction)?|preface|foreword|welcome|hello|greetings|conclusions?|summary|overview|wrap(?:ping)?[- ]?up|closing|outro|that['’]?s (?:all|it)|see you|until next|about|contributing|(?:how|want|ways) to contribute|contact|feedback|getting (?:in touch|involved)|licen[sc]e|(?:table of )?contents|toc|index|disclaimer|notes?|appendix|references?|quotes?(?: of the (?:week|month))?|(?:\W*and )?everything else|how (?:you|to) (?:can )?help|cover(?: image)?|封面图?|言论|金句|语录|前言|引言|导语|序言|开篇|编者|写在|结语|结束语|总结|小结|后记|目录|说明|声明|版权|参考|附录|联系|投稿|参与|加入|欢迎)(?:\W.*)?$|^\W*(?:结语|结束语|写在|编者|联系|投稿|参与|加入|欢迎|版权|参考|相关)",
    );
    AROUND.is_match(heading.trim()) || heading.split_whitespace().count() <= 3 && SCHEDULE.is_match(heading)
}

/// Plans are no releases.
static SCHEDULE: Pattern = Pattern::new(r"(?i)release (schedule|calendar|plan)|deadlines?|milestones?");

/// Bold section headings that end with a colon, as fields do.
pub(super) fn is_section_with_colon(heading: &str) -> bool {
    static SECTION: Pattern = Pattern::new(
        r"(?i)^(本[周期月])?\s*(推荐阅读|推荐文章|精选文章|项目进展|版本发布|项目发布|社区活动|活动预告|社区动态|读者问答|每周读者问答提炼|问答精选|新手任务|articles|reading list|releases|upcoming events|news)$",
    );
    SECTION.is_match(heading.trim().trim_end_matches([':', '：']).trim())
}

/// Whether what a list is called says that earlier issues follow.
pub(super) fn is_of_past_issues(head: &str) -> bool {
    static PAST: Pattern = Pattern::new(
        r"(?i)^\W*(?:往期[^，。,.]{0,30}|历史(?:文章|期数)|(?:past|previous|earlier|older) (?:issues|editions|digests|newsletters))\W*$",
    );
    PAST.is_match(head)
}

/// Headings with a word of what stands around a digest, in every issue: who may join, what is
/// allowed, how many there were.
pub(super) fn is_around(heading: &str) -> bool {
    static AROUND: Pattern = Pattern::new(
        r"(?i)扫码|致谢|鸣谢|感谢|贡献者|参与|加入|关注|订阅|投稿|版权|声明|联系|交流群|名单|统计|\b(?:conduct|licen[cs]e|copyright|privacy|legal|disclaimer|sponsors?|donat\w+|thanks?|contribut\w+|get(?:ting)? involved|meetings?|statistics|stats|merged|closed|subscribe|feedback|about|comment period|what comes next|next (?:week|month|issue))\b",
    );
    AROUND.is_match(heading)
}

/// Lines that close what stands above them: thanks, what comes next week, where there is more.
pub(super) fn closes(line: &str) -> bool {
    static CLOSES: Pattern = Pattern::new(
        r"(?i)^\W*(?:以上|感谢|谢谢|下[周期]|我们下|数据来源|更多|欢迎|that['’]s (?:all|it)|that is (?:all|it)|thanks|thank you|see you|until next)",
    );
    CLOSES.is_match(line)
}

/// `TL;DR:`: what follows is told again.
pub(super) fn is_summary(line: &str) -> bool {
    static SUMMARY: Pattern = Pattern::new(r"(?i)^\W*(?:tl;?\s?dr|太长不看)\W*$");
    SUMMARY.is_match(line)
}

/// Whether a line says where people of a project are met or followed: the number of a group, an
/// account, a channel.
pub(super) fn names_network(line: &str) -> bool {
    static NETWORK: Pattern = Pattern::new(
        r"(?i)QQ\s*(?:交流)?群|微信群?|公众号|钉钉群|交流群|小红书|知乎|微博|视频号|\b(?:tg|telegram|discord|slack|matrix|mastodon|irc|twitter|zulip|gitter|whatsapp|wechat|mailing list)\b",
    );
    text::columns(line) <= 120 && NETWORK.is_match(line)
}

/// Headings of what goes on, each of it in a line: `近期进展`, `Progress`.
pub(super) fn is_of_progress(heading: &str) -> bool {
    static PROGRESS: Pattern = Pattern::new(r"(?i)(?:进展|进度)\W*$|\bprogress\W*$");
    PROGRESS.is_match(heading) && text::columns(heading) <= SENTENCE_COLUMNS
}

/// Headings that say that several things follow: `New community posts`, `Notable PRs`.
pub(super) fn is_of_several(heading: &str) -> bool {
    static SEVERAL: Pattern = Pattern::new(
        r"(?i)\b(?:articles|blogs|changes|commits|contributions|issues|links|packages|papers|plugins|posts|projects|prs|pull requests|reads|releases|resources|talks|tips|tutorials|updates|videos)\W*$",
    );
    SEVERAL.is_match(heading)
}

/// `Here are some links to discussion about this post:`
pub(super) fn leads_to_talk(line: &str) -> bool {
    static TALK: Pattern = Pattern::new(
        r"(?i)\b(?:discussions?|comments?) (?:about|on|of) this (?:news )?(?:post|issue|article|newsletter)\b",
    );
    TALK.is_match(line)
}

/// Headings of where a project is found: `项目资源入口`, `Community links`.
pub(super) fn is_of_places(heading: &str) -> bool {
    static PLACES: Pattern = Pattern::new(
        r"(?i)资源|渠道|入口|链接|网站|联系|加入|参与|\b(?:links|resources|contacts?|community|channels|find us|connect)\b",
    );
    PLACES.is_match(heading) && text::columns(heading) <= SENTENCE_COLUMNS
}

/// Whether a title calls its post a digest, or is that of a time.
pub(super) fn names_digest(title: &str) -> bool {
    static DIGEST: Pattern = Pattern::new(
        r"(?i)[周週][报報刊]|[双雙][周週]|[月季日简簡快][报報]|月刊|动态|動態|进展|進展|[汇彙匯][总總]|[彙匯]整|速[递遞]|今週|今月|주간|월간|소식|第\s?\d+\s?期|\b(?:week(?:ly)?|month(?:ly)?|digest|newsletter|bulletin|updates?|report|round-?up|recap|progress|news|issue|status|highlights|(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]{0,6}|20\d\d)\b",
    );
    // `动态更新`: what is done while it runs.
    static WHILE: Pattern = Pattern::new(r"动态(?:更新|配置|加载|链接|规划|代理|调整|扩展)");
    DIGEST.is_match(&WHILE.replace_all(title, ""))
}

/// Headings of what the issue holds; what stands below one is told again further down.
pub(super) fn is_contents(heading: &str) -> bool {
    static CONTENTS: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:本[期周月]|内容)(?:精选|内容)?(?:速览|导读|目录|看点|预览)|(?:in|inside) this (?:issue|edition|newsletter)|at a glance)\W*$",
    );
    CONTENTS.is_match(heading)
}

/// Whether words tell what a part of a digest is for, or invite its readers, in every issue.
pub(super) fn speaks_of_the_digest(line: &str) -> bool {
    static DIGEST: Pattern = Pattern::new(
        r"(?i)栏目|^\W*收集|的介绍\W*$|欢迎.{0,12}(?:参与|加入|关注|投稿|交流|订阅|来|在|告诉)|^\W*如果(?:你|您)|整理|完整(?:的)?列表|[下本][周期](?:周刊|周报|月刊)?(?:暂停|停|休)|祝大?家|お休み|\bnext (?:issue|edition|newsletter)\b|^\W*as (?:always|usual)\b|\bfull list\b|\bslow responses\b|^\W*(?:happy|merry) \w+|^\W*(?:meeting )?(?:notes|minutes) (?:from|of)\b|^\W*total downloads\b|\b(?:stay (?:connected|tuned)|welcome to (?:join|contribute|participate)|(?:in|with) this (?:section|column|newsletter|issue|edition))\b",
    );
    DIGEST.is_match(line)
}

/// Whether a heading speaks of something that is over: its links are articles.
pub(super) fn is_recap(heading: &str) -> bool {
    static RECAP: Pattern =
        Pattern::new(r"(?i)回顾|回放|整理|实录|纪要|\b(recap|summary|retrospect\w*|past|recordings?|minutes)\b");
    static COMING: Pattern = Pattern::new(r"(?i)预告|\bupcoming\b");
    RECAP.is_match(heading) && !COMING.is_match(heading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_tell_what_follows() {
        let config = DigestConfig { when: Vec::new(), sections: Vec::new(), default: SectionKind::Items };
        use SectionKind::*;
        let cases = [
            ("每周读者问答提炼", Some(Questions)),
            ("SOFAStack GitHub issue 精选", Some(Questions)),
            ("本周推荐阅读", Some(Articles)),
            ("SOFAChannel 线上直播集锦", Some(Articles)),
            ("SOFARegistryLab 系列阅读", Some(Articles)),
            ("SOFA 项目进展", Some(Releases)),
            ("SOFARegistry 本周发布", Some(Releases)),
            ("SOFAStack&MOSN:新手任务计划", Some(Tasks)),
            ("社区直播报名", Some(Events)),
            ("SOFA 社区会议回顾", Some(Events)),
            ("社区 Big News", Some(News)),
            ("SOFAStack 社区本周 Contributor", Some(Skip)),
            ("剖析 SOFARPC 框架", None),
            ("News & Blog Posts", Some(Articles)),
            ("Call for Participation", Some(Tasks)),
            ("CFP - Events", Some(Events)),
            ("Upcoming Events", Some(Events)),
            ("Version Updates", Some(Releases)),
            ("Developer News", Some(News)),
            ("今週のリリース", Some(Releases)),
            ("イベント", Some(Events)),
            ("이번 주 릴리스", Some(Releases)),
            ("행사", Some(Events)),
            ("Career", None),
            ("Crate of the Week", None),
        ];
        for (heading, want) in cases {
            assert_eq!(section_kind(heading, &config), want, "{heading}");
        }
    }
}
