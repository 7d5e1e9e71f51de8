// The walk of a new user through a farm, step by step; each is in one of the walk_*.js files.
"use strict";

const { facts, main, picture, sizes, visit, watch } = require("./browser");
const accounts = require("./walk_accounts");
const builds = require("./walk_builds");
const evaluations = require("./walk_evaluations");
const forms = require("./walk_forms");
const machines = require("./walk_machines");
const packages = require("./walk_packages");

const steps = [
  ["the first administrator", accounts.makeAdministrator],
  ["sign in", accounts.signOutAndIn],
  ["a large package set is evaluated", packages.evaluate],
  ["create a project", forms.createProject],
  ["create a jobset", forms.createJobset],
  ["an evaluation appears", evaluations.appears],
  ["the server is killed and comes back", evaluations.survivesKill],
  ["its builds finish", evaluations.finishes],
  ["open a failing build", builds.openFailing],
  ["its log at the failing line", builds.showFailingLine],
  ["reproduce it", builds.reproduce],
  ["restart it", builds.restart],
  ["clone the jobset", forms.cloneJobset],
  ["what is known by its content", builds.realisations],
  ["search", builds.search],
  ["compare two evaluations", evaluations.compare],
  ["what was repaired is reproduced", builds.reproduceRepaired],
  ["filter 17,000 targets", packages.filter],
  ["search among them", packages.search],
  ["a graph of hundreds", packages.graph],
  ["compare 17,000 targets", packages.compare],
  ["drain a machine", machines.drain],
  ["sign out", accounts.signOut],
].filter(([, step]) => facts.packages || !Object.values(packages).includes(step));

/// What steps share: the page they are on, what they have found out, and how they tell what is wrong.
class Walk {
  constructor(context, tab, report) {
    Object.assign(this, { context, tab, report, has: {} });
  }

  check(condition, text) {
    if (!condition) throw new Error(text);
  }

  /// A part of the page that must come to be, without the page being loaded again.
  async appears(selector, options = {}) {
    const found = this.tab.locator(selector, options).first();
    await found.waitFor({ timeout: 60000 });
    return found;
  }

  /// Everything up to `stays` happens in one document.
  async begins() {
    await this.tab.evaluate(() => { window.sameDocument = true; });
  }
  async stays() {
    this.check(await this.tab.evaluate(() => window.sameDocument), "the page was loaded again");
  }

  /// The API, as a page would ask it.
  async api(method, url, data) {
    const answer = await this.context.request.fetch(url, { method, data, headers: { Origin: facts.base } });
    this.check(answer.ok(), `${method} ${url}: ${answer.status()} ${await answer.text()}`);
    return answer.json().catch(() => null);
  }

  /// Pictures of the page as it is: light and dark, wide and narrow.
  async picture(name) {
    for (const colorScheme of ["dark", "light"]) {
      await this.tab.emulateMedia({ colorScheme });
      for (const size of ["narrow", "wide"]) {
        await this.tab.setViewportSize(sizes[size]);
        await this.tab.screenshot({ path: picture(`${name}-${colorScheme}-${size}`) });
      }
    }
  }

  /// A button in the drop-down of actions; the page is loaded again behind it.
  async act(text) {
    await this.tab.locator(".actions summary").click();
    await this.picture(`actions-${text.toLowerCase().replace(/\W+/g, "-")}`);
    await Promise.all([this.tab.waitForEvent("load"), this.tab.getByRole("button", { name: text, exact: true }).click()]);
  }
}

main(async (browser, report) => {
  const context = await visit(browser);
  let isDown = false;
  // The console tells each request that fails: while the server is away, and that a password was wrong.
  const faults = watch(context, (text) =>
    isDown && /net::ERR_/.test(text) || / 401 \(Unauthorized\) .*\/api\/v1\/session/.test(text));
  const walk = new Walk(context, await context.newPage(), report);
  walk.down = (value) => { isDown = value; };
  for (const [index, [name, step]] of steps.entries()) {
    console.log(`${index + 1}. ${name}`);
    const number = String(index + 1).padStart(2, "0");
    try {
      await step(walk);
    } catch (error) {
      await walk.tab.screenshot({ path: picture(`${number}-${name}-failed`) });
      throw new Error(`${name}, at ${walk.tab.url()}: ${error.stack}`);
    }
    await walk.picture(`${number}-${name}`);
    faults.splice(0).forEach((fault) => report(`${name}: ${fault}`));
  }
});
