// The pages in a browser, as people and hostile posts meet them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { chinese, hostile, moving, PROGRAM, site, SHOTS } from "./site.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
let browser;
before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
});
after(() => browser?.close());

/** A page that remembers what should not happen: requests elsewhere, errors, dialogs. */
async function open(of, path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: of.origin });
  const page = await context.newPage();
  const bad = [];
  page.on("request", (r) => { if (!r.url().startsWith(of.origin) && !r.url().startsWith("data:")) bad.push(`request to ${r.url()}`); });
  page.on("console", (m) => { if (m.type() === "error") bad.push(`console: ${m.text()}`); });
  page.on("pageerror", (e) => bad.push(`error: ${e.message}`));
  page.on("dialog", (d) => { bad.push(`dialog: ${d.message()}`); d.dismiss(); });
  const answer = await page.goto(of.url + path);
  assert.equal(answer.status(), 200, path);
  return { page, bad, close: () => context.close() };
}

async function accessible(page, name) {
  // The policy of the pages forbids foreign scripts: axe comes in by the debugger.
  await page.evaluate(AXE);
  const result = await page.evaluate(() => axe.run(document));
  const found = result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 200)).join(" | ")}`);
  assert.deepEqual(found, [], name);
}

const shot = (page, name) => page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
const noBroken = async (page) =>
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "wider than the window");

describe("the pages", () => {
  let zh;
  before(async () => { zh = await site("zh-CN", chinese); });
  after(() => zh?.close());

  test("a project is found by a name it is known by, and opened with the keyboard", async () => {
    const { page, bad, close } = await open(zh, "");
    assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
    assert.equal(await page.locator(".projects > li:visible").count(), 3);
    await page.getByLabel("查找项目").fill("灯笼");
    assert.equal(await page.locator(".projects > li:visible").count(), 1);
    assert.match(await page.locator("#found").textContent(), /^1 /);
    await page.keyboard.press("Enter");
    await page.waitForURL(/lantern\/index\.html$/);
    assert.equal(await page.locator("h1").textContent(), "Lantern");
    assert.deepEqual(bad, []);
    await close();
  });

  test("without scripts the list is whole, and kinds can still be chosen", async () => {
    const { page, bad, close } = await open(zh, "", { javaScriptEnabled: false });
    assert.equal(await page.locator(".projects > li:visible").count(), 3);
    assert.equal(await page.locator("#find").isVisible(), false);
    assert.equal(await page.locator("button:visible").count(), 0);
    await page.goto(zh.url + "lantern/");
    await page.getByText("问答", { exact: true }).first().click();
    assert.deepEqual(await page.locator(".entry:visible .kind").allTextContents(), ["问答"]);
    assert.deepEqual(bad, []);
    await close();
  });

  test("a kind is chosen, a question opened and read as a conversation", async () => {
    const { page, bad, close } = await open(zh, "lantern/");
    const all = await page.locator(".entry:visible").count();
    await page.getByRole("radio", { name: "问答" }).check();
    assert.ok((await page.locator(".entry:visible").count()) < all);
    await page.locator(".entry:visible h3 a").first().click();
    await page.waitForURL(/page\/question-[0-9a-f]+\.html$/);
    const said = (await page.locator(".talk > li .content").allInnerTexts()).map((t) => t.split("\n")[0]);
    assert.deepEqual(said, ["Lantern 为什么会在热升级之后重启两次？", "因为监听端口需要先交给新的进程，旧的进程随后退出。", "谢谢，那么可以关掉吗？", "可以，把 upgrade 设为 false。"]);
    assert.match(await page.locator(".talk .asks .who").first().textContent(), /小明/);
    await shot(page, "question");
    const back = page.locator(".back a", { hasText: "社区周报 1" });
    assert.match(await back.getAttribute("href"), /\/blog\/weekly-1\//);
    assert.deepEqual(bad, []);
    await close();
  });

  test("the address of a feed is copied", async () => {
    const { page, bad, close } = await open(zh, "lantern/");
    await page.getByRole("button", { name: "复制: Atom" }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), zh.url + "lantern/atom.xml");
    assert.match(await page.locator(".subscribe .said").textContent(), /已复制/);
    const readers = await page.locator(".readers a").evaluateAll((links) => links.map((a) => a.href));
    assert.ok(readers.length >= 4 && readers.some((r) => r.includes(encodeURIComponent(zh.url + "lantern/atom.xml"))), readers.join(" "));
    assert.deepEqual(bad, []);
    await close();
  });

  test("feeds are found from their pages, and each page says what it is", async () => {
    for (const path of ["", "lantern/", "lantern/archive/2024-05.html", "all/", "lantern/release/"]) {
      const { page, close } = await open(zh, path);
      const feeds = await page.locator('link[rel="alternate"]').evaluateAll((links) => links.map((l) => l.href));
      assert.equal(feeds.length, 3, path);
      for (const feed of feeds) assert.equal((await page.request.get(feed)).status(), 200, feed);
      const canonical = await page.getAttribute('link[rel="canonical"]', "href");
      assert.equal((await page.request.get(canonical)).status(), 200, canonical);
      assert.equal(await page.getAttribute('meta[property="og:url"]', "content"), canonical);
      for (const name of ["description", "og:title", "og:type", "og:site_name"]) {
        assert.ok(await page.getAttribute(`meta[name="${name}"], meta[property="${name}"]`, "content"), `${path} ${name}`);
      }
      await close();
    }
  });

  test("every link within the site leads somewhere", async () => {
    const { page, close } = await open(zh, "");
    const seen = new Set();
    const waiting = [zh.url];
    while (waiting.length) {
      const url = waiting.pop().split("#")[0];
      if (seen.has(url)) continue;
      seen.add(url);
      const answer = await page.request.get(url);
      assert.equal(answer.status(), 200, url);
      if (!(answer.headers()["content-type"] ?? "").includes("html")) continue;
      await page.goto(url);
      waiting.push(...(await page.locator("a[href], link[href]").evaluateAll((links) => links.map((l) => l.href))).filter((h) => h.startsWith(zh.url)));
    }
    assert.ok(seen.size > 20, `${seen.size} pages`);
    await close();
  });

  for (const colorScheme of ["light", "dark"]) {
    for (const [width, device] of [[1280, "wide"], [360, "phone"]]) {
      test(`pages are accessible and fit: ${colorScheme}, ${device}`, async () => {
        const { page, bad, close } = await open(zh, "", { colorScheme, viewport: { width, height: 800 } });
        const question = await page.request.get(zh.url + "lantern/").then((r) => r.text()).then((t) => t.match(/page\/question-[0-9a-f]+\.html/)[0]);
        for (const [name, path] of [["index", ""], ["project", "lantern/"], ["all", "all/"], ["month", "lantern/archive/2024-05.html"], ["entry", question], ["health", "health.html"]]) {
          await page.goto(zh.url + path);
          await noBroken(page);
          await accessible(page, `${name} ${colorScheme} ${device}`);
          await shot(page, `${name}-${colorScheme}-${device}`);
        }
        const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const sum = back.match(/\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b);
        assert.equal(sum < 382, colorScheme === "dark", back);
        assert.deepEqual(bad, []);
        await close();
      });
    }
  }

  test("an answer one remembers is found again, in Chinese and in English", async () => {
    const { page, bad, close } = await open(zh, "search/?q=%E5%85%A8%E5%B1%80%E9%94%81");
    const results = page.locator("#results > li");
    const titles = async (count) => {
      await page.waitForFunction((n) => document.querySelectorAll("#results > li").length === n, count);
      return page.locator("#results h2 a").allTextContents();
    };
    // What has it in the title first, then the weekly it stands in.
    assert.match((await titles(2)).join(), /^Harbour 的全局锁在高并发下.*,社区周报 2$/);
    assert.match(await results.first().locator(".meta").textContent(), /问答 2024-06-14 · Harbour/);
    assert.equal(await page.title(), "全局锁 · 示例社区订阅");
    await accessible(page, "search");
    await noBroken(page);
    await shot(page, "search");
    // Words in any order, whatever their case; each key narrows what is shown.
    const field = page.getByRole("searchbox");
    await field.fill("V1.2.0 lantern");
    await page.waitForFunction(() => document.querySelector("#results h2 a")?.textContent === "Lantern 1.2.0");
    await field.fill("harbour");
    const all = await page.waitForFunction(() => document.querySelectorAll("#results > li").length > 1).then(() => results.count());
    await page.getByRole("combobox").selectOption("lantern");
    await page.waitForFunction((n) => document.querySelectorAll("#results > li").length < n, all);
    await field.fill("没有这个词");
    await page.locator("#nothing").waitFor({ state: "visible" });
    assert.equal(await results.count(), 0);
    await page.getByRole("button", { name: "搜索" }).click();
    assert.match(decodeURI(page.url()), /q=没有这个词&project=lantern$/);
    assert.deepEqual(bad, []);
    await close();
  });

  test("a server answers the same question without scripts", async () => {
    const server = spawn(PROGRAM, ["--site", zh.folder, "serve", "--listen", "127.0.0.1:0", "--offline"], { stdio: ["ignore", "pipe", "pipe"] });
    try {
      const origin = await new Promise((found, failed) => {
        let said = "";
        const hear = (text) => { said += text; const at = said.match(/http:\/\/127\.0\.0\.1:\d+/); if (at) found(at[0]); };
        server.stdout.on("data", hear);
        server.stderr.on("data", hear);
        server.on("exit", () => failed(new Error(said)));
      });
      const { page, bad, close } = await open({ origin, url: `${origin}/` }, "search/?q=%E5%85%A8%E5%B1%80%E9%94%81", { javaScriptEnabled: false });
      for (let n = 0; n < 50 && !(await page.locator(".entries > li").count()); n++) {
        await page.waitForTimeout(100);
        await page.reload();
      }
      assert.match(await page.locator(".entries h2 a").first().textContent(), /全局锁在高并发下/);
      assert.equal(await page.getByRole("searchbox").inputValue(), "全局锁");
      assert.deepEqual(bad.filter((b) => !/favicon|Failed to load resource/.test(b)), []);
      await close();
    } finally {
      const ended = once(server, "exit");
      server.kill();
      await ended;
    }
  });

  test("the first stop of the keyboard skips to the content", async () => {
    const { page, close } = await open(zh, "lantern/");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "content");
    await close();
  });

  test("a feed in a browser is a list that says what it is for", async () => {
    for (const [file, shown] of [["atom.xml", "feed"], ["rss.xml", "rss"]]) {
      const { page, bad, close } = await open(zh, `lantern/${file}`);
      const hint = await page.evaluate((name) => getComputedStyle(document.querySelector(name), "::before").content, shown);
      assert.match(hint, /订阅源/);
      const titles = await page.evaluate(() => [...document.querySelectorAll("entry > title, item > title")].filter((t) => t.getClientRects().length).length);
      assert.ok(titles > 2, `${titles} titles in ${file}`);
      const content = await page.evaluate(() => [...document.querySelectorAll("entry > content, item > *")].filter((t) => /content|encoded/.test(t.localName) && t.getClientRects().length).length);
      assert.equal(content, 0, "HTML is not shown as text");
      // A screenshot the usual way waits for what only HTML documents have.
      const debug = await page.context().newCDPSession(page);
      const { data } = await debug.send("Page.captureScreenshot");
      writeFileSync(join(SHOTS, `feed-${shown}.png`), Buffer.from(data, "base64"));
      assert.deepEqual(bad, []);
      await close();
    }
  });

  test("printed pages have no buttons", async () => {
    const { page, close } = await open(zh, "lantern/");
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator("button:visible, nav:visible, .filter:visible").count(), 0);
    await close();
  });
});

describe("an English site", () => {
  test("speaks English", async () => {
    const en = await site("en", (origin) => ({ ...chinese(origin), "feeds/lantern.yaml": "title: Lantern\n" }));
    try {
      const { page, bad, close } = await open(en, "lantern/");
      assert.equal(await page.getAttribute("html", "lang"), "en");
      assert.equal(await page.locator("#newest").textContent(), "Latest entries");
      await accessible(page, "English");
      assert.deepEqual(bad, []);
      await close();
    } finally {
      en.close();
    }
  });
});

describe("films", () => {
  let films;
  before(async () => { films = await site("en", moving); });
  after(() => films?.close());

  test("nothing of others is loaded before somebody presses play", async () => {
    const { page, bad, close } = await open(films, "page/talk.html");
    const asked = [];
    page.on("request", (r) => asked.push(new URL(r.url()).pathname));
    await page.waitForLoadState("networkidle");
    await page.mouse.wheel(0, 2000);
    await page.waitForTimeout(300);
    assert.deepEqual(asked.filter((p) => /player|mp4|mp3/.test(p)), []);
    assert.equal(await page.locator("iframe").count(), 2);
    await accessible(page, "film, closed");
    await shot(page, "film-closed");
    await page.getByText("Play", { exact: true }).first().click();
    const frame = page.frameLocator("iframe >> nth=0");
    assert.equal(await frame.locator("p").textContent(), "A post.");
    assert.deepEqual(asked.filter((p) => /player/.test(p)), ["/player/one"]);
    await noBroken(page);
    await shot(page, "film-open");
    // A file of another host: the policy lets it through, once it is wanted.
    assert.equal(await page.locator("video[controls][preload=none], audio[controls][preload=none]").count(), 2);
    const violations = await page.evaluate(() => new Promise((done) => {
      const seen = [];
      document.addEventListener("securitypolicyviolation", (e) => seen.push(e.effectiveDirective));
      document.querySelector("audio").load();
      document.querySelector("audio").play().catch(() => {});
      const frame = document.createElement("iframe");
      frame.src = "http://127.0.0.2:9/";
      document.body.append(frame);
      setTimeout(() => done(seen), 300);
    }));
    assert.deepEqual(violations, ["frame-src"]);
    assert.deepEqual(bad.filter((b) => !/127\.0\.0\.2|Failed to load resource|frame-src/.test(b)), []);
    await close();
  });
});

describe("hostile posts", () => {
  test("run no script, open no dialog, break no page", async () => {
    const bad = await site("zh-CN", hostile);
    try {
      const { page, bad: happened, close } = await open(bad, "");
      const seen = new Set();
      const waiting = [bad.url, `${bad.url}lantern/atom.xml`, `${bad.url}lantern/rss.xml`];
      while (waiting.length) {
        const url = waiting.pop().split("#")[0];
        if (seen.has(url)) continue;
        seen.add(url);
        await page.goto(url);
        await page.waitForLoadState("networkidle");
        assert.equal(await page.evaluate(() => window.broken), undefined, url);
        if (!url.endsWith(".xml")) {
          await noBroken(page);
          const scripts = await page.locator("script").evaluateAll((s) => s.map((x) => x.src));
          // The search page has a script of its own, and a form.
          const searches = url === `${bad.url}search/`;
          const own = [`${bad.url}assets/feedloom.js`, ...(searches ? [`${bad.url}search/search.js`] : [])];
          assert.deepEqual(scripts, own, url);
          const handlers = await page.evaluate(() => [...document.querySelectorAll("*")].flatMap((e) => [...e.attributes]).filter((a) => a.name.startsWith("on") || a.name === "style" || /^\s*(javascript|data:text)/i.test(a.value)).map((a) => `${a.name}=${a.value}`));
          assert.deepEqual(handlers, [], url);
          const foreign = searches ? "iframe, object, embed, style" : "iframe, object, embed, form, style";
          assert.equal(await page.locator(foreign).count(), 0, url);
          for (const link of await page.locator(".content a, .entry a").all()) await link.hover({ timeout: 200, trial: true }).catch(() => {});
          waiting.push(...(await page.locator("a[href]").evaluateAll((links) => links.map((l) => l.href))).filter((h) => h.startsWith(bad.url) && /(html|\/)$/.test(h.split("#")[0])));
        }
      }
      assert.ok(seen.size >= 6, [...seen].join(" "));
      await shot(page, "hostile");
      // Pictures that are not there are no mistake of ours.
      assert.deepEqual(happened.filter((h) => !/Failed to load resource/.test(h) && !/^request to https?:\/\/x\//.test(h)), []);
      await close();
    } finally {
      bad.close();
    }
  });
});
