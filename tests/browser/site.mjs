// A site of its own in a temporary folder, made by the real program, and a server for it on
// loopback. The server knows one path below its root, as many hosts of static files do.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join, normalize, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
export const PROGRAM = process.env.FEEDLOOM ?? join(TARGET, "release/feedloom");
export const SHOTS = join(TARGET, "screenshots");
const BASE = "/feeds/";
const TYPES = {
  ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
  ".xml": "application/xml", ".json": "application/json", ".png": "image/png",
};
// A picture of one grey point.
const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==", "base64");

/** Serves `<folder>/public` below BASE, pictures at /pictures/; `files` are the site's, by path. */
export async function site(language, files) {
  const folder = mkdtempSync(join(tmpdir(), "feedloom-pages-"));
  const output = join(folder, "public");
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://x").pathname);
    const send = (status, type, body) => response.writeHead(status, { "content-type": type }).end(body);
    if (path.startsWith("/pictures/")) return send(200, "image/png", PICTURE);
    if (path === "/favicon.ico") return send(204, "image/png", "");
    if (!path.startsWith(BASE)) return send(200, "text/html; charset=utf-8", "<!doctype html><title>a post</title><p>A post.");
    let name = normalize(join(output, path.slice(BASE.length)));
    if (!name.startsWith(output)) return send(404, "text/plain", "");
    if (path.endsWith("/")) name = join(name, "index.html");
    try {
      send(200, TYPES[extname(name)] ?? "application/octet-stream", readFileSync(name));
    } catch {
      send(404, "text/plain", "not there");
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const config = `title: ${language.startsWith("zh") ? "示例社区订阅" : "Example feeds"}
description: ${language.startsWith("zh") ? "一个社区的周报与文章，按项目分成订阅源" : "One community, one feed a project"}
url: ${origin}${BASE}
language: ${language}
timezone: Asia/Shanghai
output: {split: [release]}
posts:
  - path: posts
    url: ${origin}/blog/{slug}/
    digest: {when: [{categories: Weekly}]}
`;
  for (const [name, text] of Object.entries({ "feedloom.yaml": config, ...files(origin) })) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  try {
    execFileSync(PROGRAM, ["--site", folder, "refresh", "--quiet"], { stdio: "pipe" });
  } catch (error) {
    throw new Error(`${PROGRAM}: ${error.stderr ?? error}`);
  }
  const close = () => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { origin, url: origin + BASE, folder, close };
}

const post = (title, date, categories, body) =>
  `---\ntitle: ${JSON.stringify(title)}\ndate: ${date}\n${categories ? `categories: ${categories}\n` : ""}---\n\n${body}\n`;

/** A weekly in Chinese, posts, two projects with entries and one without. */
export const chinese = (origin) => ({
  "feeds/lantern.yaml": "title: Lantern\ndescription: 一个轻量的服务网格代理\nhome: https://lantern.example/\naliases: [灯笼]\naddresses: [github.com/example/lantern]\n",
  "feeds/harbor.yaml": "title: Harbour\ndescription: 分布式事务的港湾\naddresses: [github.com/example/harbor]\n",
  "feeds/quiet.yaml": "title: Quiet\n",
  "posts/weekly-1.md": post("社区周报 1", "2024-05-10T10:00:00+08:00", "Weekly", `### 每周读者问答

**1、@小明** 提问：

> Lantern 为什么会在热升级之后重启两次？

A：因为监听端口需要先交给新的进程，旧的进程随后退出。

\`\`\`text
lantern --upgrade
\`\`\`

> 谢谢，那么可以关掉吗？

A：可以，把 \`upgrade\` 设为 \`false\`。

Lantern：[https://github.com/example/lantern](https://github.com/example/lantern)

### 本周推荐阅读

- [Harbour 的设计与实践](https://articles.example/harbor-design)

### 社区版本发布

**1、发布 Lantern v1.2.0 版本，主要变更如下：**

- 更快的启动
- 更少的内存

[https://github.com/example/lantern/releases/tag/v1.2.0](https://github.com/example/lantern/releases/tag/v1.2.0)
`),
  "posts/weekly-2.md": post("社区周报 2", "2024-06-14T10:00:00+08:00", "Weekly", `### 每周读者问答

**1、@alice** 提问：

> Harbour 的全局锁在高并发下应该怎样配置，才不会影响吞吐？

A：先看看事务的范围能否缩小。

Harbour：[https://github.com/example/harbor](https://github.com/example/harbor)

### 社区会议

**Lantern：**

**主题**：Lantern 社区会议

**时间**：2024 年 6 月 20 日 19:30 - 20:30
`),
  "posts/lantern-inside.md": post("走进 Lantern：一次请求的旅程", "2024-03-01T10:00:00+08:00", "", `从一次请求看代理怎样工作。后面的部分讲述连接池。\n\n![图](${origin}/pictures/a.png)`),
  "posts/harbor-notes.md": post("Notes on Harbour & friends", "2024-06-20T10:00:00+08:00", "", "Plain notes about a release train, with words enough to make an excerpt of. They go on for a while."),
});

/** What people should never write, and do. */
export const hostile = (origin) => {
  const script = "<script>window.broken = 1; alert(1)</script>";
  const pictures = `<img src=x onerror="window.broken=2;alert(2)"><svg onload="alert(3)"><set attributeName="href" to="javascript:alert(4)"/></svg><math><annotation-xml encoding="text/html"><img src=x onerror=alert(5)></annotation-xml></math>`;
  return {
    "feeds/lantern.yaml": `title: Lantern "><script>alert(6)</script>\ndescription: <img src=x onerror=alert(7)>\naliases: [Lantern]\n`,
    "posts/weekly-1.md": post(`Weekly "><script>alert(8)</script> ${"长".repeat(1000)}`, "2024-05-10T10:00:00+08:00", "Weekly", `### Questions

**1、@mallory"><script>alert(9)</script>** 提问：

> Why ${script} does Lantern ${pictures} break? <a href="javascript:alert(10)">x</a> <a title="<blockquote>" onclick="alert(11)">y</a>

A：<iframe srcdoc="<script>alert(12)</script>"></iframe><a href="data:text/html,<script>alert(13)</script>">d</a> <div><p>unclosed

> ${script}

### Releases

**1、发布 Lantern v1.0.0 版本："><img src=x onerror=alert(14)>**

- [${"a".repeat(300)}](javascript:alert(15))
`),
    "posts/rtl.md": post("Lantern \u202Eevil\u202C مرحبا بالعالم e\u0301\u0301\u0301\u0301 👩‍👩‍👧‍👦", "2024-05-11T10:00:00+08:00", "", `${script}${pictures}<style>body{display:none}</style>\u0007 text`),
    "posts/long.md": post("Lantern " + "x".repeat(1 << 20), "2024-05-12T10:00:00+08:00", "", "text"),
    "posts/picture.md": `---\ntitle: Lantern picture\ndate: 2024-05-13\nimage: "javascript:alert(16)"\nimages: ['${origin}/pictures/missing.png" onerror="alert(17)']\n---\n\ntext\n`,
  };
};

/** A post that is published here only, with a film of a host that has a player, and with files. */
export const moving = (origin) => ({
  "feedloom.yaml": `title: Films\nurl: ${origin}/feeds/\nlanguage: en\nposts:\n  - {path: posts}\n`,
  "sites/films.yaml": `hosts: [films.example]\npages:\n  - path: ^/watch/\n    parts: ^/watch/(?P<id>[a-z]+)\n    player: ${origin}/player/{id}\n`,
  "posts/talk.md": post("A talk", "2024-05-10", "", `It was recorded.

[![The stage](${origin}/pictures/stage.png)](https://films.example/watch/one)

And [a second part](https://films.example/watch/two) of it.

[The whole evening](https://films.example/watch/three)

[The film as a file](${origin}/files/talk.mp4)

[Sound only](${origin}/files/talk.mp3)
`),
});
