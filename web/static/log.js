// A log that is being written: what is new is appended, and its end stays in view while one is there, or has switched
// "Follow" on. Links to lines that are on another part lead there.
"use strict";

(() => {
  const kMostLines = 20000;
  const colours = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
  const toggle = document.querySelector(".follow input");
  let source = null;
  let followed = null;

  // As the server does: colours become classes, what a carriage return goes back over is gone.
  function spansOf(line) {
    const spans = [];
    const style = { bold: false, faint: false, underlined: false, colour: -1 };
    const text = line.replace(/\r+$/, "").replace(/^.*\r/, "");
    let from = 0;
    const add = (piece) => {
      // eslint-disable-next-line no-control-regex
      const clean = piece.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "");
      if (!clean) return;
      const span = document.createElement("span");
      const classes = ["bold", "faint", "underlined"].filter((name) => style[name]);
      if (style.colour >= 0) classes.push(colours[style.colour]);
      span.className = classes.join(" ");
      span.textContent = clean;
      spans.push(span);
    };
    const change = (code) => {
      if (code === 0) Object.assign(style, { bold: false, faint: false, underlined: false, colour: -1 });
      if (code === 1) style.bold = true;
      if (code === 2) style.faint = true;
      if (code === 4) style.underlined = true;
      if (code === 22) style.bold = style.faint = false;
      if (code === 24) style.underlined = false;
      if (code >= 30 && code <= 37) style.colour = code - 30;
      if (code >= 90 && code <= 97) style.colour = code - 90;
      if (code === 39) style.colour = -1;
    };
    // eslint-disable-next-line no-control-regex
    const sequence = /\u001b(?:\[([0-?]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g;
    for (let found = sequence.exec(text); found; found = sequence.exec(text)) {
      add(text.slice(from, found.index));
      from = sequence.lastIndex;
      if (found[2] === "m") found[1].split(";").forEach((code) => change(Number(code) || 0));
    }
    add(text.slice(from));
    return spans;
  }

  function lineOf(number, text) {
    const line = document.createElement("div");
    line.className = "line";
    line.id = `L${number}`;
    const link = document.createElement("a");
    link.className = "line-number";
    link.href = `#L${number}`;
    link.setAttribute("aria-label", `Line ${number}`);
    link.textContent = number;
    const body = document.createElement("span");
    body.append(...spansOf(text));
    line.append(link, body);
    return line;
  }

  function start() {
    const log = document.querySelector(".log[data-events]");
    if (log === followed) return;
    followed = log;
    if (source) source.close();
    source = null;
    if (!log) return;
    let number = Number(log.dataset.next);
    let rest = "";
    const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const toEnd = () => { log.scrollTop = log.scrollHeight; };
    if (toggle) {
      toggle.parentElement.hidden = false;
      toggle.addEventListener("change", () => { if (toggle.checked) toEnd(); });
      // Who scrolls back wants to read; who scrolls to the end, to follow.
      log.addEventListener("wheel", () => setTimeout(() => { toggle.checked = isAtEnd(); }, 50), { passive: true });
    }
    if (!location.hash) toEnd();
    source = new EventSource(log.dataset.events);
    source.addEventListener("log", (event) => {
      const keeps = toggle ? toggle.checked : isAtEnd();
      const lines = (rest + JSON.parse(event.data).text).split("\n");
      rest = lines.pop();
      const nothing = log.querySelector(".nothing");
      if (nothing) nothing.remove();
      log.append(...lines.map((text) => lineOf(number++, text)));
      while (log.childElementCount > kMostLines) log.firstElementChild.remove();
      if (keeps) toEnd();
    });
    source.addEventListener("end", () => {
      if (rest) log.append(lineOf(number++, rest));
      rest = "";
      source.close();
      log.removeAttribute("data-events");
      if (toggle) toggle.parentElement.hidden = true;
    });
  }

  function goToLine() {
    const found = /^#L(\d+)$/.exec(location.hash);
    if (!found || document.getElementById(location.hash.slice(1)) || !location.pathname.endsWith("/log")) return;
    const target = new URL(location.href);
    const from = String(Math.max(1, Number(found[1]) - 50));
    if (target.searchParams.get("from") === from) return;
    target.searchParams.set("from", from);
    location.replace(target);
  }

  goToLine();
  window.addEventListener("hashchange", goToLine);
  start();
  const live = document.getElementById("live");
  if (live) new MutationObserver(start).observe(live, { childList: true, subtree: true });
})();
