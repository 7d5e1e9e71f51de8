// What `accessible` checks of every page.
"use strict";

const { facts, main, picture, sizes, visit, watch } = require("./browser");
const { pagesThere } = require("./pages");
const { axeProblems } = require("./check_axe");
const { htmlProblems } = require("./check_html");
const { keyProblems } = require("./check_keys");
const { layoutProblems } = require("./check_layout");
const { readingProblems } = require("./check_reading");
const { sizeProblems } = require("./check_size");

// Each colour and each size once; with GRANGE_BROWSER_LOOKS=all, each with each.
const looks = [{ colorScheme: "light", size: "wide" }, { colorScheme: "dark", size: "narrow" }];
if (process.env.GRANGE_BROWSER_LOOKS === "all") {
  looks.push({ colorScheme: "light", size: "narrow" }, { colorScheme: "dark", size: "wide" });
}

main(async (browser, report) => {
  const plain = await visit(browser, { signedIn: true });
  const pages = pagesThere(facts.has);
  const tell = (page, how) => (problem) => report(`${page.name} (${page.url}), ${how}: ${problem}`);

  for (const { colorScheme, size } of looks) {
    const how = `${colorScheme} ${size}`;
    // Who has not signed in sees a part of the same.
    for (const signedIn of how === "dark narrow" ? [true, false] : [true]) {
      const context = await visit(browser, { signedIn, colorScheme, viewport: sizes[size] });
      const faults = watch(context, (text) => / 404 /.test(text));
      const tab = await context.newPage();
      for (const page of pages) {
        if (!signedIn && !page.visitor) continue;
        const there = tell(page, signedIn ? how : `${how}, not signed in`);
        const answer = await tab.goto(page.url);
        if (answer.status() !== page.status) there(`status ${answer.status()}`);
        (await axeProblems(tab)).forEach(there);
        (await layoutProblems(tab)).forEach(there);
        if (signedIn) await tab.screenshot({ path: picture(`${page.name}-${colorScheme}-${size}`), fullPage: true });
      }
      faults.forEach((fault) => report(`${how}: ${fault}`));
      await context.close();
    }
  }
  const checkOne = async (page) => {
    (await htmlProblems(plain, page)).forEach(tell(page, "HTML"));
    (await readingProblems(browser, page)).forEach(tell(page, "scripts off"));
    (await sizeProblems(browser, page)).forEach(tell(page, "size"));
    (await keyProblems(browser, page)).forEach(tell(page, "keys"));
  };
  // They mostly wait for the browser: three at once.
  const left = [...pages];
  await Promise.all([1, 2, 3].map(async () => {
    while (left.length) await checkOne(left.shift());
  }));
});
