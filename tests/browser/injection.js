// What `injection` checks of every page.
"use strict";

const { facts, main, picture, visit, watch } = require("./browser");
const { pagesThere } = require("./pages");
const { headProblems, injectionProblems } = require("./check_injection");

/// What must be shown where, by the pages' names and the places of hostile.py: else nothing would be tested.
const shown = {
  "overview": ["project", "about-project"],
  "project": ["project", "about-project", "about-jobset"],
  "jobset": ["about-jobset", "wrong"],
  "jobset settings": ["about-jobset", "input"],
  "evaluation": ["commit", "author", "wrong"],
  "failed build": ["line"],
  "build log": ["line"],
  "step log": ["line"],
  "machine": ["system", "feature", "mandatory"],
  "administration": ["full-name", "email", "token"],
  "account": ["own-name", "own-email", "token"],
};

/// Pages that only this scenario looks at.
const more = (has) => [
  { name: "build with meta", url: `/build/${has.told}`, places: ["description", "license", "maintainers"] },
  { name: "build of a hostile target", url: `/build/${has.labelled}`, places: ["label"] },
  { name: "jobset with a problem", url: `/jobset/${has.project}/broken`, places: ["path"] },
  { name: "settings with a path", url: `/jobset/${has.project}/broken/settings`, places: ["path"] },
  ...["still-succeeding", "still-failing", "new"].map((show) => (
    { name: `targets ${show}`, url: `/eval/${has.evaluation}?show=${show}`, places: [] })),
];

/// Addresses that somebody may send around: what is in them comes back.
const text = encodeURIComponent(`at-address <owned-place></owned-place><script>window.owned=1</script>"><img src=x onerror=window.owned=1>{{title}}{{{title}}}\u202e`);
const sent = (has) => [
  `/search?query=${text}`, `/eval/${has.evaluation}?filter=${text}`, `/eval/${has.evaluation}?show=${text}`, `/${text}`,
  `/build/${text}`, `/jobset/${has.project}/${text}`, `/project/${text}`, `/queue?after=${text}`, `/steps?before=${text}`,
  `/jobset/${has.project}/${has.jobset}?before=${text}`, `/machine/${text}`, `/step/${text}/log`, `/derivation/${text}`,
  `/store-path/${text}`, `/job/${has.project}/${has.jobset}/${text}`, `/build/${has.good}?${text}=${text}`,
];

/// Where signing in may lead to: never elsewhere.
const ways = ["javascript:window.owned=1", "//evil.example/", "https://evil.example/", "/\\evil.example/", "/\t/evil.example/",
  "/\n/evil.example", "\\\\evil.example", "/..//evil.example", " /", "data:text/html,x"];

async function waysBack(context, report) {
  const tab = await context.newPage();
  for (const way of ways) {
    await tab.goto(`/login?then=${encodeURIComponent(way)}`);
    const target = await tab.locator("form[data-then]").evaluate((form) => new URL(form.dataset.then, location.href).href);
    if (!target.startsWith(`${facts.base}/`)) report(`signing in with then=${JSON.stringify(way)} leads to ${target}`);
  }
  await tab.close();
}

/// Files that a build made, opened: they are shown, but nothing in them runs with what their reader may do.
async function products(context, report, has) {
  const tab = await context.newPage();
  const { products: list } = await (await context.request.get(`/api/v1/builds/${has.good}`)).json();
  if (list.length < 3) report(`only ${list.length} products are known`);
  for (let number = 1; number <= list.length; ++number) {
    for (const url of [`/api/v1/builds/${has.good}/products/${number}`, `/build/${has.good}/download/${number}`]) {
      const answer = await context.request.get(url);
      headProblems(answer).forEach((problem) => report(`${url}: ${problem}`));
      const shown = await tab.goto(url).catch(() => null);  // else it is downloaded
      if (!shown) continue;
      if (await tab.title() === "owned") report(`${url}: its script ran`);
    }
  }
  await tab.close();
}

async function checkPage(context, page, tell) {
  const tab = await context.newPage();
  const answer = await tab.goto(page.url);
  if (page.status && answer.status() !== page.status) tell(`status ${answer.status()}`);
  headProblems(answer).forEach(tell);
  // What would run on being looked at or focused has its chance.
  await tab.evaluate(() => {
    for (const element of document.querySelectorAll("details")) element.open = true;
    for (const element of document.querySelectorAll("a, input, button")) element.focus();
  });
  await tab.waitForTimeout(100);
  (await injectionProblems(tab, facts.base, page.places)).forEach(tell);
  if (page.name) await tab.screenshot({ path: picture(page.name) });
  await tab.close();
}

main(async (browser, report) => {
  const context = await visit(browser, { signedIn: true });
  const faults = watch(context, (text) => /the server responded with a status of 4/.test(text));
  const pages = pagesThere(facts.has).map((page) => ({ ...page, places: shown[page.name] || [] }));
  const all = [...pages, ...more(facts.has), ...sent(facts.has).map((url) => ({ url, places: [] }))];
  for (const page of all) await checkPage(context, page, (problem) => report(`${page.name || page.url}: ${problem}`));
  faults.splice(0).forEach(report);
  for (const page of all) {
    const answer = await context.request.get(page.url, { headers: { Accept: "application/json" } });
    headProblems(answer).forEach((problem) => report(`${page.url} as JSON: ${problem}`));
    const type = answer.headers()["content-type"] || "";
    if (/html|xml|javascript/.test(type)) report(`${page.url} as JSON is ${type}`);
  }
  await waysBack(context, report);
  await products(context, report, facts.has);
});
