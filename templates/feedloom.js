// What pages can do with a script, and do without: copy an address, narrow a list, forget
// pictures that are not there. Asks no server for anything.
"use strict";
(() => {
  const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/[\s._-]+/g, "");

  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const address = button.dataset.copy;
      let done = false;
      try {
        await navigator.clipboard.writeText(address);
        done = true;
      } catch {
        // Without a secure connection the clipboard is closed: the address is selected instead.
        const link = button.parentElement.querySelector("a");
        const range = document.createRange();
        range.selectNodeContents(link);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        done = document.execCommand && document.execCommand("copy");
      }
      if (!done) return;
      button.textContent = button.dataset.copied;
      const said = button.closest(".subscribe")?.querySelector(".said");
      if (said) said.textContent = button.dataset.copied + ": " + address;
      setTimeout(() => {
        button.textContent = label;
        if (said) said.textContent = "";
      }, 2500);
    });
  }

  const box = document.getElementById("find");
  if (box) {
    box.closest("[hidden]").hidden = false;
    const projects = [...document.querySelectorAll(".projects > li")];
    const texts = projects.map((p) => fold(p.querySelector("h3").textContent + " " + (p.querySelector("p")?.textContent ?? "") + " " + p.dataset.names));
    const narrow = () => {
      const wanted = fold(box.value);
      let count = 0;
      projects.forEach((project, n) => {
        project.hidden = !texts[n].includes(wanted);
        count += project.hidden ? 0 : 1;
      });
      document.getElementById("found").textContent = wanted ? box.dataset.found.replace("{n}", count) : "";
    };
    box.addEventListener("input", narrow);
    box.addEventListener("keydown", (event) => {
      const first = projects.find((p) => !p.hidden);
      if (event.key === "Enter" && first && box.value) first.querySelector("h3 a").click();
    });
    if (box.value) narrow();
  }

  const missing = (picture) => { picture.hidden = true; };
  for (const picture of document.querySelectorAll("img.picture")) {
    if (picture.complete && picture.naturalWidth === 0) missing(picture);
    picture.addEventListener("error", () => missing(picture));
  }
})();
