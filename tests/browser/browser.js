// Debian's Chromium, and what a page must never do meanwhile: write an error to the console, break its policy, ask anybody
// but the farm.
"use strict";

const path = require("node:path");
const readline = require("node:readline");
const { chromium } = require("playwright-core");

const facts = JSON.parse(process.env.FACTS);
const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };

function launch() {
  // What it visits is the farm alone, and it may be run by root: without a sandbox.
  return chromium.launch({ executablePath: facts.chromium, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/// A list of what went wrong in any page of the context from now on. `allowed(text)`: what is no fault.
function watch(context, allowed = () => false) {
  const faults = [];
  const add = (text) => { if (!allowed(text)) faults.push(text); };
  const see = (page) => {
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        add(`console at ${page.url()}: ${message.text()} (${message.location().url})`);
      }
    });
    page.on("pageerror", (error) => add(`error at ${page.url()}: ${error.message}`));
    page.on("request", (request) => {
      const asked = new URL(request.url());
      if (asked.protocol !== "data:" && asked.origin !== facts.base) add(`request to others at ${page.url()}: ${asked}`);
    });
  };
  context.on("page", see);
  context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} refuses ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  return faults;
}

/// A context of its own, in which the administrator has signed in where `signedIn`.
async function visit(browser, { signedIn = false, ...options } = {}) {
  const context = await browser.newContext({ baseURL: facts.base, viewport: sizes.wide, ...options });
  if (signedIn) {
    const answer = await context.request.post("/api/v1/session", {
      data: { name: "admin", password: facts.password }, headers: { Origin: facts.base } });
    if (!answer.ok()) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
  }
  return context;
}

const answers = readline.createInterface({ input: process.stdin, terminal: false });
const waiting = [];
answers.on("line", (line) => waiting.shift()(JSON.parse(line)));

/// Asks the scenario that runs this for something that no page does.
function ask(name, ...words) {
  return new Promise((resolve) => {
    waiting.push(resolve);
    process.stdout.write(`ask ${name} ${JSON.stringify(words)}\n`);
  });
}

/// Runs a whole script: `run(browser, report)`, where report(text) tells a fault. Ends the process.
async function main(run) {
  const faults = [];
  const report = (text) => { faults.push(text); console.log(`FAULT ${text}`); };
  const browser = await launch();
  try {
    await run(browser, report);
  } catch (error) {
    report(error.stack || String(error));
  }
  await browser.close();
  console.log(faults.length ? `${faults.length} faults` : "ok");
  process.exit(faults.length ? 1 : 0);
}

const picture = (name) => path.join(facts.output, `${name}.png`);

module.exports = { ask, facts, launch, main, picture, sizes, visit, watch };
