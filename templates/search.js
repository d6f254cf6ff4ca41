// Search on a static host: titles and beginnings, in shards by project that are loaded when
// somebody asks. What was written by others reaches the page as text only.
"use strict";
(() => {
  const form = document.querySelector("form.search");
  const list = document.getElementById("results");
  const nothing = document.getElementById("nothing");
  const shown = 50;
  const loaded = new Map();
  let turn = 0;

  const load = (name) => {
    if (!loaded.has(name)) {
      const got = fetch(name).then((answer) => {
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      });
      // What failed is tried again the next time.
      got.catch(() => loaded.delete(name));
      loaded.set(name, got);
    }
    return loaded.get(name);
  };
  const fold = (text) => text.normalize("NFKC").toLowerCase();
  const element = (name, text, parent) => {
    const made = parent.appendChild(document.createElement(name));
    made.textContent = text;
    return made;
  };

  const show = (entries, catalogue) => {
    list.replaceChildren();
    for (const [title, link, kind, day, projects, text] of entries) {
      const item = element("li", "", list);
      const anchor = element("a", title, element("h2", "", item));
      if (/^https?:/.test(link)) anchor.href = link;
      const meta = element("p", "", item);
      meta.className = "meta";
      element("span", catalogue.kinds[kind] || kind, meta).className = "kind kind-" + kind;
      const names = projects.map((slug) => catalogue.titles[slug] || slug);
      meta.append(" " + [day, ...names].join(" · "));
      element("p", text, item);
    }
  };

  const search = async () => {
    const mine = ++turn;
    const words = fold(form.q.value).split(/\s+/).filter(Boolean);
    nothing.hidden = true;
    if (!words.length) return list.replaceChildren();
    const catalogue = await load("index.json");
    const project = form.project.value;
    const names = Object.entries(catalogue.shards).filter(([slug]) => !project || slug === project);
    const found = new Map();
    // A few at a time; what is found is shown as it comes.
    const queue = names.flatMap(([, files]) => files);
    const work = async () => {
      for (let name; (name = queue.shift()); ) {
        const entries = await load(name);
        if (mine !== turn) return;
        for (const entry of entries) {
          const title = fold(entry[0]);
          const all = title + "\n" + fold(entry[5]);
          if (words.every((word) => all.includes(word))) {
            found.set(entry[1] + "\n" + entry[0], [words.every((word) => title.includes(word)) ? 1 : 0, entry]);
          }
        }
      }
    };
    await Promise.all([work(), work(), work(), work()]);
    if (mine !== turn) return;
    const order = [...found.values()].sort((a, b) => b[0] - a[0] || (a[1][3] < b[1][3] ? 1 : -1));
    show(order.slice(0, shown).map((pair) => pair[1]), catalogue);
    nothing.hidden = order.length > 0;
    document.title = form.q.value + " · " + document.title.split(" · ").pop();
  };

  const asked = new URLSearchParams(location.search);
  form.q.value = asked.get("q") || "";
  if (asked.get("project")) form.project.value = asked.get("project");
  let later;
  form.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(search, 150);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const query = new URLSearchParams(new FormData(form));
    history.replaceState(null, "", "?" + query);
    search();
  });
  search();
})();
