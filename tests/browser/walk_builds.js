// Steps of the walk: a build that fails, from its log to its repair.
"use strict";

const { ask } = require("./browser");

async function openFailing(walk) {
  const { tab } = walk;
  await tab.goto("/");
  await tab.locator('section', { hasText: "Latest evaluations" }).locator('a[href^="/eval/"]').first().click();
  await tab.waitForURL("**/eval/*");
  const row = tab.locator("#targets tr", { hasText: "expected-failure" }).first();
  await row.locator('a[href^="/build/"]').first().click();
  await tab.waitForURL("**/build/*");
  walk.has.broken = new URL(tab.url()).pathname.split("/")[2];
  await walk.appears("h1", { hasText: "expected-failure" });
  await walk.appears(".status", { hasText: "failed" });
  const line = await walk.appears(".log .line.failing");
  walk.check((await line.innerText()).includes("error: this target fails on purpose"), "the failing line is another one");
}

async function showFailingLine(walk) {
  const { tab } = walk;
  await tab.locator('main a[href*="/log#L"]').first().click();
  await tab.waitForURL("**/log#L*");
  const line = await walk.appears(".line:target");
  walk.check((await line.innerText()).includes("error: this target fails on purpose"), "the link leads to another line");
  const seen = await line.evaluate((element) => {
    const box = element.getBoundingClientRect();
    return box.top >= 0 && box.bottom <= innerHeight;
  });
  walk.check(seen, "the failing line is not in view");
  walk.check(await line.locator(".red").count() > 0, "its colours are not shown");
}

/// The script of the page makes the same derivation and fails the same way.
async function reproduce(walk) {
  const { tab } = walk;
  await tab.goto(`/build/${walk.has.broken}`);
  const script = tab.locator('main a[href$="/reproduce"]').first();
  const answer = await walk.context.request.get(await script.getAttribute("href"));
  walk.check(answer.ok(), `the script is not given: ${answer.status()}`);
  const failed = await ask("reproduce", await answer.text());
  walk.check(failed.said.includes("the derivation is the same"), `it is reproduced otherwise: ${failed.said}`);
  walk.check(failed.code !== 0 && failed.said.includes("this target fails on purpose"), `it does not fail: ${failed.code} ${failed.said}`);
}

/// It fails again, which the page shows by itself.
async function restart(walk) {
  const { tab } = walk;
  await tab.goto(`/build/${walk.has.broken}`);
  const steps = async () => (await walk.api("GET", `/api/v1/builds/${walk.has.broken}`)).steps.length;
  const before = await steps();
  await walk.act("Restart, with what failed through it");
  await walk.begins();
  await tab.waitForFunction((count) => document.querySelectorAll("#steps tbody tr").length > count, before, { timeout: 60000 });
  await walk.appears(".facts .status", { hasText: "failed" });
  await walk.stays();
}

/// The script of a good build gives its result.
async function reproduceRepaired(walk) {
  const { tab } = walk;
  await tab.goto("/job/examples/main/expected-failure");
  await tab.locator('main a[href^="/build/"]').first().click();
  await tab.waitForURL("**/build/*");
  await walk.appears(".facts .status.good");
  const script = await (await walk.context.request.get(
    await tab.locator('main a[href$="/reproduce"]').first().getAttribute("href"))).text();
  const built = await ask("reproduce", script);
  walk.check(built.code === 0 && built.result === "repaired\n", `it is not reproduced: ${JSON.stringify(built)}`);
}

/// A build of what is known by its content has its realisations.
async function realisations(walk) {
  const { tab } = walk;
  await tab.goto("/job/examples/main/glossary");
  await tab.locator('main a[href^="/build/"]').first().click();
  await tab.waitForURL("**/build/*");
  await walk.appears("#realisations code", { hasText: "!out" });
}

/// From anywhere by a key, for what one remembers of it.
async function search(walk) {
  const { tab } = walk;
  await tab.goto("/queue");
  await tab.keyboard.press("/");
  await tab.keyboard.type("clone");
  await tab.keyboard.press("Enter");
  await tab.waitForURL("**/search?*");
  await walk.appears('a[href="/jobset/examples/cloned"]');
  await walk.picture("search-jobset");
  // By the path of what a build made, its builds.
  const [calc] = (await walk.api("GET", "/api/v1/builds?project=examples&jobset=main&label=calc")).builds;
  await tab.locator(".search input").fill((await walk.api("GET", `/api/v1/builds/${calc.id}`)).outputs.out);
  await tab.locator(".search input").press("Enter");
  await walk.appears(`a[href="/build/${calc.id}"]`);
}

module.exports = { openFailing, realisations, reproduce, reproduceRepaired, restart, search, showFailingLine };
