// A page without a mouse: what the keys do, and that the focus is always to be seen.
"use strict";

const { visit } = require("./browser");

/// What has the focus: a name for messages, and whether it is to be seen that it has.
function focused(tab) {
  return tab.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const style = getComputedStyle(element);
    // A part of a drawing may show it by what it is made of.
    const strokes = () => [element, ...element.querySelectorAll("*")].map((one) => {
      const { stroke, strokeWidth, fill, outlineStyle } = getComputedStyle(one);
      return [stroke, strokeWidth, fill, outlineStyle].join();
    }).join();
    let drawn = false;
    if (element instanceof SVGElement) {
      const focusedStrokes = strokes();
      element.blur();
      drawn = strokes() !== focusedStrokes;
      element.focus();
    }
    const box = element.getBoundingClientRect();
    return {
      name: `<${element.localName}> "${(element.getAttribute("aria-label") || element.textContent || element.name || "").trim().slice(0, 40)}"`,
      index: [...document.querySelectorAll("*")].indexOf(element),
      outlined: drawn || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
      sized: box.width > 1 && box.height > 1,
      inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
  });
}

/// Tab leads through the page in its order, and all that it reaches is outlined and in view.
async function tabProblems(tab) {
  const problems = [];
  const began = await focused(tab);  // at the field that a form begins with
  let before = began ? began.index : -1;
  for (let count = 0; count < 60; ++count) {
    await tab.keyboard.press("Tab");
    const at = await focused(tab);
    if (!at || at.index === before) break;
    if (count === 0 && !began && !at.name.includes("To the content")) {
      problems.push(`the first stop of Tab is ${at.name}, not the skip link`);
    }
    if (at.index < before) break;  // around
    if (!at.outlined) problems.push(`${at.name} has the focus without an outline`);
    if (!at.sized || !at.inView) problems.push(`${at.name} has the focus and is not to be seen`);
    before = at.index;
  }
  if (before < 0) problems.push("Tab reaches nothing");
  return problems.slice(0, 5);
}

async function skipProblems(tab, page) {
  await tab.goto(page.url);
  await tab.locator(".skip").focus();
  await tab.keyboard.press("Enter");
  const at = await tab.evaluate(() => document.activeElement.id);
  return at === "main" ? [] : [`the skip link leads to "${at}"`];
}

async function letterProblems(tab, page) {
  const problems = [];
  const wait = (what, test) => tab.waitForFunction(test, null, { timeout: 3000 }).catch(() => problems.push(what));
  await tab.goto(page.url);
  const autofocus = await tab.evaluate(() => document.activeElement.matches("input, textarea, select"));
  if (autofocus) return problems;
  await tab.keyboard.press("?");
  await wait("? shows no help", () => document.getElementById("keys").open);
  await tab.keyboard.press("Escape");
  await wait("Escape does not close the help", () => !document.getElementById("keys").open);
  const rows = await tab.locator("table.rows tbody tr").count();
  if (rows > 1) {
    const chosen = () => tab.evaluate(() =>
      [...document.querySelectorAll("table.rows tbody tr")].findIndex((row) => row.classList.contains("chosen")));
    await tab.keyboard.press("j");
    const first = await chosen();
    await tab.keyboard.press("j");
    const second = await chosen();
    await tab.keyboard.press("k");
    const third = await chosen();
    if (first !== 0 || second !== 1 || third !== 0) problems.push(`j, j, k choose the rows ${first}, ${second}, ${third}`);
  }
  await tab.keyboard.press("/");
  await wait("/ does not lead to the search", () => document.activeElement.matches(".search input"));
  if (await tab.locator(".search input").inputValue() === "/") problems.push("/ is written into the search");
  await tab.keyboard.press("Escape");
  await tab.evaluate(() => document.activeElement.blur());
  await tab.keyboard.press("g");
  await tab.keyboard.press("q");
  await tab.waitForURL("**/queue", { timeout: 3000 }).catch(() => problems.push("g q does not lead to the queue"));
  return problems;
}

async function keyProblems(browser, page) {
  const context = await visit(browser, { signedIn: true });
  const tab = await context.newPage();
  await tab.goto(page.url);
  const problems = [...await tabProblems(tab), ...await skipProblems(tab, page), ...await letterProblems(tab, page)];
  await context.close();
  return problems;
}

module.exports = { keyProblems };
