// With scripts off a page says what it says with them.
"use strict";

const { visit } = require("./browser");

/// What there is to read in the page's content, but for buttons and drawings, which need scripts, and for times and
/// durations, which change by themselves.
async function contentOf(browser, page, javaScriptEnabled) {
  const context = await visit(browser, { signedIn: true, javaScriptEnabled });
  const tab = await context.newPage();
  await tab.goto(page.url);
  const said = await tab.evaluate(() => {
    const main = document.querySelector("main").cloneNode(true);
    main.querySelectorAll("time, button, figure, noscript, [hidden]").forEach((element) => element.remove());
    const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    const said = [];
    while (texts.nextNode()) said.push(texts.currentNode.data);
    return said.join(" ");
  });
  await context.close();
  return said.replace(/\d[\d.]*\s+(s|min|h|d)\b/g, "").replace(/\s+/g, " ").trim();
}

async function readingProblems(browser, page) {
  const off = await contentOf(browser, page, false);
  const on = await contentOf(browser, page, true);
  const problems = [];
  if (!off.includes(page.shows)) problems.push(`does not show "${page.shows}"`);
  if (off !== on) {
    let at = 0;
    while (off[at] === on[at]) ++at;
    problems.push(`says "${off.slice(at, at + 60)}", with scripts "${on.slice(at, at + 60)}"`);
  }
  return problems;
}

module.exports = { readingProblems };
