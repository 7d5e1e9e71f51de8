// Steps of the walk: the large package set, whose targets are 17,000.
"use strict";

const { ask, facts } = require("./browser");
const evaluations = require("./walk_evaluations");
const forms = require("./walk_forms");

const jobset = "/jobset/packages/release";
const mirrored = "s-mirror";  // all its derivations are other ones, all its outputs the same
const edited = "s-leaf";  // hello is another one

const count = (number) => number.toLocaleString("en");

/// The evaluation is there, and what a cache has of it follows in the same document.
async function evaluate(walk) {
  const { tab } = walk;
  await forms.putProject(walk, { name: "packages", displayName: "A package set", description: "Of June 2015" });
  await forms.putJobset(walk, "packages", {
    name: "release", description: "All its packages", expressionPath: "release.nix", value: facts.packages });
  walk.has.packages = await evaluations.evaluate(walk, jobset);
  await tab.goto(`/eval/${walk.has.packages}`);
  await walk.begins();
  await walk.appears("#live .facts", { hasText: `${count(facts.packageTargets)} targets` });
  await tab.waitForFunction((most) => {
    const good = document.querySelector("#live .facts .counts .good");
    return good && Number(good.textContent.replace(/\D/g, "")) > most * 0.98;
  }, facts.packageTargets, { timeout: 180000 });
  await walk.stays();
  await walk.picture("packages-evaluation");
  await tab.goto("/queue");
  await walk.appears("td", { hasText: "packages:release" });
  await walk.picture("packages-queue");
  // Not what waits for a slot alone: that may run before one looks.
  const waiting = await walk.appears("tr", { hasText: /waits (for .* to be made|to be tried again)/ });
  await waiting.locator('a[href^="/build/"]').first().click();
  await tab.waitForURL("**/build/*");
  await walk.appears(".notice", { hasText: "It waits" });
  await walk.picture("packages-waiting");
}

/// As one types, each letter; what is left follows.
async function filter(walk) {
  const { tab } = walk;
  await tab.goto(`/eval/${walk.has.packages}?show=new`);
  await walk.begins();
  const field = tab.locator("input[name=filter]");
  const matching = () => tab.locator(".filter [role=status]").innerText();
  const before = await matching();
  await field.focus();
  const asked = Date.now();
  await tab.keyboard.type("python3", { delay: 30 });
  await tab.waitForFunction((text) => document.querySelector(".filter [role=status]").textContent !== text, before);
  await tab.waitForFunction(() => [...document.querySelectorAll("#targets tr td:first-child")]
    .every((cell) => cell.textContent.toLowerCase().includes("python3")), null);
  console.log(`   filtered ${Date.now() - asked} ms after the first of seven letters`);
  walk.check(await field.evaluate((element) => element === document.activeElement && element.value === "python3"),
    "the field is not as it was typed");
  await walk.stays();
  await walk.picture("packages-filtered");
  await tab.goto(`${jobset}/targets`);
  await walk.appears("td, th", { hasText: "389-ds-base" });
  await walk.picture("packages-targets");
}

/// A label, an output's hash (whose page is shown at once) and a commit lead to what they are of.
async function search(walk) {
  const { tab } = walk;
  const find = async (text, link) => {
    await tab.goto("/machines");
    await tab.keyboard.press("/");
    await tab.keyboard.type(text);
    await tab.keyboard.press("Enter");
    await tab.waitForURL((url) => url.pathname !== "/machines");
    return walk.appears(link);
  };
  await (await find("firefox", 'a[href="/job/packages/release/firefox"]')).click();
  await tab.waitForURL("**/job/packages/release/firefox");
  await walk.picture("packages-target");
  await (await walk.appears('main a[href^="/build/"]')).click();
  await tab.waitForURL("**/build/*");
  walk.has.firefox = new URL(tab.url()).pathname.split("/")[2];
  const build = await walk.api("GET", `/api/v1/builds/${walk.has.firefox}`);
  await find(build.outputs.out.split("/").pop().slice(0, 32), `a[href="/build/${walk.has.firefox}"]`);
  const evaluation = await walk.api("GET", `/api/v1/evaluations/${walk.has.packages}`);
  await find(evaluation.inputs.src.revision.slice(0, 12), `a[href="/eval/${walk.has.packages}"]`);
}

async function graph(walk) {
  const { tab } = walk;
  await tab.goto(`/build/${walk.has.firefox}/graph?depth=8`);
  await walk.appears(".graph svg .graph-node.root");
  const nodes = await tab.locator(".graph svg .graph-node").count();
  walk.check(nodes > 300, `${nodes} derivations are drawn`);
  await walk.picture("packages-graph");
  const width = () => tab.locator(".graph svg").evaluate((element) => element.getBoundingClientRect().width);
  const before = await width();
  await tab.getByRole("button", { name: "Fit" }).click();
  walk.check(await width() < before, "the whole is no smaller");
}

/// All are written differently and produce the same; then one does not.
async function compare(walk) {
  const { tab } = walk;
  await ask("packages", mirrored);
  const second = await evaluations.evaluate(walk, jobset);
  await tab.goto(`/eval/${second}`);
  const all = count(facts.packageTargets);
  await walk.appears("#live strong", { hasText: `${all} of ${all} .drv paths changed, 0 outputs did.` });
  await walk.picture("packages-equivalent");
  await tab.locator("a", { hasText: "Why they differ" }).click();
  for (const source of ["gmp", "zlib"]) await walk.appears(".recipe h3", { hasText: source });
  await walk.picture("packages-rewritten");
  // Whoever looks at a build of zlib sees that another recipe makes the same.
  const [zlib] = (await walk.api("GET", "/api/v1/builds?project=packages&jobset=release&label=zlib")).builds;
  await tab.goto(`/build/${zlib.id}`);
  await walk.appears("#equivalents tbody td", { hasText: "zlib" });
  await walk.picture("packages-equivalent-derivations");
  await ask("packages", edited);
  const third = await evaluations.evaluate(walk, jobset);
  await tab.goto(`/eval/${third}?against=${walk.has.packages}&show=changed`);
  await walk.appears("#targets td", { hasText: "hello" });
  const rows = await tab.locator("#targets tr").count();
  walk.check(rows === 1, `one target changed, ${rows} are shown`);
  await walk.picture("packages-changed");
  await tab.locator("a", { hasText: "Why they differ" }).click();
  await walk.appears(".recipe h3", { hasText: "hello" });
  await walk.picture("packages-causes");
}

module.exports = { compare, evaluate, filter, graph, search };
