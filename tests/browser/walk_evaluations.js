// Steps of the walk: evaluations come, and pages follow.
"use strict";

const { ask } = require("./browser");

const jobset = "/jobset/examples/main";

/// Asks for an evaluation on a jobset's page and waits there for it; its number.
async function evaluate(walk, page = jobset) {
  const { tab } = walk;
  const numbers = () => tab.locator('table.rows a[href^="/eval/"]').evaluateAll((links) => links.map((link) => link.textContent));
  await tab.goto(page);
  const before = await numbers();
  await walk.act("Evaluate now");
  await walk.begins();
  await tab.waitForFunction((count) => {
    const rows = [...document.querySelectorAll('table.rows tbody tr:has(a[href^="/eval/"])')];
    return rows.length > count && rows[0].textContent.includes("complete");
  }, before.length, { timeout: 60000 });
  await walk.stays();
  return (await numbers())[0];
}

/// Builds wait until its end, so that the next step meets them waiting.
async function appears(walk) {
  const [machine] = (await walk.api("GET", "/api/v1/machines")).machines;
  await walk.api("POST", `/api/v1/machines/${machine.id}/drain`, {});
  walk.has.first = await evaluate(walk);
  await walk.tab.locator(`a[href="/eval/${walk.has.first}"]`).first().click();
  await walk.tab.waitForURL(`**/eval/${walk.has.first}`);
}

/// A crash: the page says that the farm is away, and that it goes on by itself is true.
async function survivesKill(walk) {
  const { tab } = walk;
  await tab.waitForTimeout(1000);  // let what is on its way arrive
  await walk.begins();
  walk.down(true);
  await ask("kill");
  await tab.locator("#connection").waitFor({ state: "visible", timeout: 30000 });
  walk.check(/goes on by itself/.test(await tab.locator("#connection").innerText()), "the page does not say that it goes on");
  await walk.picture("farm-away");
  await ask("start");
  await tab.locator("#connection").waitFor({ state: "hidden", timeout: 60000 });
  walk.down(false);
  await walk.stays();
}

/// Once the machine takes builds again, the counts of the evaluation follow, in the same document.
async function finishes(walk) {
  const { tab } = walk;
  await walk.appears("#live .counts .queued");
  const [machine] = (await walk.api("GET", "/api/v1/machines")).machines;
  await walk.api("POST", `/api/v1/machines/${machine.id}/enable`, {});
  await tab.waitForFunction(() => !document.querySelector("#live .facts .counts .queued"), null, { timeout: 300000 });
  await walk.stays();
  for (const [kind, count] of [["good", 25], ["bad", 2]]) {
    const text = await tab.locator(`#live .facts .counts .${kind}`).innerText();
    walk.check(text.replace(/\D/g, "") === String(count), `${count} ${kind} ones specified, got ${text}`);
  }
}

async function compare(walk) {
  const { tab } = walk;
  await ask("repair");
  const second = await evaluate(walk);
  await tab.locator(`a[href="/eval/${second}"]`).first().click();
  await tab.waitForURL(`**/eval/${second}*`);
  await tab.waitForFunction(() => !document.querySelector("#live .facts .counts .queued"), null, { timeout: 300000 });
  await walk.appears("#live", { hasText: `Compared with evaluation ${walk.has.first}` });
  await tab.reload();
  const tabs = (await tab.locator("nav.groups").innerText()).replace(/\s+/g, " ");
  walk.check(/Newly failing 2 .*Newly succeeding 2/i.test(tabs), `a test and the release fail newly, two are repaired: ${tabs}`);
  await walk.appears("#targets td", { hasText: "pipeline-test" });
  await walk.appears("#live", { hasText: "not this one" });
  await walk.picture("evaluation-newly-failing");
  // As one types, without a pause and in the same document.
  await walk.begins();
  await tab.locator("input[name=filter]").fill("no such target");
  await tab.waitForFunction(() => document.querySelector(".filter [role=status]").textContent.startsWith("0 targets"));
  await walk.stays();
  // Any other evaluation may be the base.
  const other = tab.locator("main input[name=against]");
  await other.fill(walk.has.first);
  await other.evaluate((element) => element.form.requestSubmit());
  await tab.waitForURL("**against=*");
  await walk.appears("#live", { hasText: `Compared with evaluation ${walk.has.first}` });
  // Why they differ is found while one waits.
  await tab.locator("a", { hasText: "Why they differ" }).click();
  await walk.appears(".recipe h3", { hasText: "pipeline-test" });
  await walk.picture("causes");
}

module.exports = { appears, compare, evaluate, finishes, survivesKill };
