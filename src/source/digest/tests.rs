//! Shapes put together, a claim each; whole posts are under `tests/cases/digest`.

use super::*;
use crate::config::Slugify;
use crate::source::markdown;

fn apart(md: &str) -> Vec<String> {
    let names = Names::of_titles(&["MOSN", "SOFARPC", "Seata", "Layotto", "SOFAArk"]);
    let config = DigestConfig { when: Vec::new(), sections: Vec::new(), default: SectionKind::Items };
    let reading = markdown::read(md, None, None, Slugify::Hugo);
    let taken = take_apart(&reading.pieces, "Weekly", &config, &names);
    taken
        .items
        .iter()
        .map(|i| {
            let mut line = format!("{} {}", i.kind, i.title);
            if let Some(asker) = &i.asker {
                line.push_str(&format!(" @{asker}"));
            }
            if let Some(url) = &i.url {
                line.push_str(&format!(" <{url}>"));
            }
            if !i.labels.is_empty() {
                line.push_str(&format!(" [{}]", i.labels.join(",")));
            }
            line
        })
        .collect()
}

#[test]
fn long_digests_take_time_with_their_length() {
    let shapes = [
        "### MOSN v1.2.3\n\n- fix a\n\n",
        "### [A head](https://a.example/z)\n\ntext\n\n",
        "### A heading\n\ntext here\n\n",
        "Q：what is it\n\n",
        "**1、@bob** 提问：\n\n> why is it so?\n\nA：because.\n\nMOSN：https://a.example/x\n\n",
        "- [Title number one](https://a.example/1)\n",
        "- a\n  - [b c d](https://a.example/2)\n",
        "[link](https://a.example/3) and\n",
        "时间：5 月 10 日\n\n主题：会议\n\n",
        "**A title in bold**\n\nThe text that is told below it.\n\n",
        "**Bold words** that a paragraph begins with.\n\n",
        "- A title\n  - When: now\n  - Join: [Link](https://a.example/5)\n",
        "[A name](https://a.example/6) and what it is in more words than stand on one line of a text.\n\n",
        "> - [Title number two](https://a.example/7)\n",
        "It got faster than before (Jane. [Link](https://a.example/4))\n\n",
    ];
    let took = |shape: &str, heading: &str, times: usize| {
        let text = format!("{heading}\n\n{}", shape.repeat(times));
        let begin = std::time::Instant::now();
        apart(&text);
        begin.elapsed().as_secs_f64()
    };
    for shape in shapes {
        for heading in ["", "## Articles", "## Questions", "## Releases", "## Events", "## News"] {
            // Four times as much takes four times as long, not sixteen times.
            let (short, long) = (took(shape, heading, 1_000), took(shape, heading, 4_000));
            assert!(long < short * 9.0 + 0.5, "{heading} {shape:?}: {short} and {long} seconds");
        }
    }
}

#[test]
fn follow_ups_belong_to_one_question() {
    let md = "### 读者问答\n\n**1、@a **提问：\n\n> 为什么？\n\nA：因为。\n\n> 真的？\n\nA：是。<br/>\nSeata：[https://github.com/seata/seata](https://github.com/seata/seata)\n\n**2、@b** 提问：\n\n> 怎么办\nA：这样。\n\n「MOSN」：[https://github.com/mosn/mosn](https://github.com/mosn/mosn)\n";
    assert_eq!(apart(md), ["question 为什么？ @a [Seata]", "question 怎么办 @b [MOSN]"]);
}

#[test]
fn issue_numbers_lead_to_the_issue() {
    let md = "### issue 精选\n\n**1.@SOFARPC**#1320\n\n@Misakami\n\n> 客户端获取不到服务。\n\nA：看日志。\n\n「**SOFARPC**」：[https://github.com/sofastack/sofa-rpc/issues/1320](https://github.com/sofastack/sofa-rpc/issues/1320)\n\n**2. @x #2203**\n\n> why?\n\nA：y\n\n**「Seata」**：<https://github.com/seata/seata>\n";
    assert_eq!(
        apart(md),
        [
            "question 客户端获取不到服务。 @Misakami <https://github.com/sofastack/sofa-rpc/issues/1320> [SOFARPC]",
            "question why? @x <https://github.com/seata/seata/issues/2203> [Seata]"
        ]
    );
}

#[test]
fn reading_lists_in_their_shapes() {
    let md = "### 推荐阅读\n\n- Channel#1：[one](/blog/one/)\n- [two](https://a.b/2)（文末有福利）\n\n[three](https://a.b/3)\n\n- four\n\n[![](https://i.b/p.png)](https://a.b/4)\n\n欢迎扫码关注：\n\n![x](https://a.b/q.png)\n";
    assert_eq!(
        apart(md),
        [
            "article one </blog/one/>",
            "article two <https://a.b/2>",
            "article three <https://a.b/3>",
            "article four <https://a.b/4>"
        ]
    );
}

#[test]
fn heading_items_and_numbered_paragraphs() {
    let md = "# Digest\n\n## Featured PRs\n\n### [141375: fix it](https://a.b/1)\n\nSome words with [a link](https://a.b/x).\n\n### [141459: other](https://a.b/2)\n\nMore words.\n\n## 文章\n\n1、[甲](https://a.b/3)（英文）\n\n说明文字。\n\n**2. 乙**\n\n介绍 [这里](https://a.b/4) 的文字。\n";
    assert_eq!(
        apart(md),
        [
            "article 141375: fix it <https://a.b/1>",
            "article 141459: other <https://a.b/2>",
            "article 甲 <https://a.b/3>",
            "article 乙 <https://a.b/4>"
        ]
    );
}

#[test]
fn releases_with_their_report() {
    let md = "### 项目进展\n\n**本周发布详情如下：**\n\n**1、发布 SOFARPC v5.7.0,主要变更如下：**\n\n- 支持 x；\n- 升级到 1.2.3\n\n详细发布报告：\n[https://github.com/sofastack/sofa-rpc/releases/tag/v5.7.0](https://github.com/sofastack/sofa-rpc/releases/tag/v5.7.0)\n\n[Service Mesh 的探索](https://a.b/1)\n";
    assert_eq!(
        apart(md),
        [
            "release SOFARPC 5.7.0 <https://github.com/sofastack/sofa-rpc/releases/tag/v5.7.0>",
            "article Service Mesh 的探索 <https://a.b/1>"
        ]
    );
}

#[test]
fn tasks_by_project_and_by_item() {
    let md = "### SOFAStack&MOSN:新手任务计划\n\n欢迎参与！\n\n**Layotto**\n\n- Easy\n\n为模块加测试\n\n「详细参考」：[https://github.com/mosn/layotto/issues/108](https://github.com/mosn/layotto/issues/108)\n\n## Call for Participation\n\n* [Seata - Fix the docs](https://github.com/seata/seata/issues/9)\n* [other: thing](https://a.b/1)\n";
    assert_eq!(
        apart(md),
        [
            "task Layotto: 新手任务计划 <https://github.com/mosn/layotto/issues/108> [Layotto]",
            "task Seata - Fix the docs <https://github.com/seata/seata/issues/9> [Seata]",
            "task other: thing <https://a.b/1>"
        ]
    );
}

#[test]
fn events_with_fields_and_as_lists() {
    let md = " **SOFA 社区会议预告** \n\n**Layotto：**\n\n**主题：**Layotto 社区会议\n\n**时间：**5 月 31 日 14:00 - 15:00\n\n**议题：**\n\n- 一\n\n「**Layotto**」：[https://github.com/mosn/layotto/issues/9](https://github.com/mosn/layotto/issues/9)\n\n## Upcoming Events\n\n* [Jan 12. Tokyo - Meetup](https://a.b/1)\n";
    assert_eq!(
        apart(md),
        [
            "event Layotto 社区会议 <https://github.com/mosn/layotto/issues/9> [Layotto]",
            "event Tokyo - Meetup <https://a.b/1>"
        ]
    );
}

#[test]
fn an_introduction_is_no_item() {
    let md = "## SOFA WEEKLY | 每周精选\n\n**SOFAStack 官网:** *[https://www.sofastack.tech](https://www.sofastack.tech)*\n\nSOFAStack: [https://github.com/sofastack](https://github.com/sofastack)\n\n### 本周贡献\n\n![x](https://a.b/p.png)\n";
    assert_eq!(apart(md), Vec::<String>::new());
}
