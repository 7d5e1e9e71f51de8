// Steps of the walk: projects and jobsets are made in their forms.
"use strict";

const { facts } = require("./browser");

const field = (tab, name) => tab.locator(`main [name="${name}"]`).first();

/// Sends the form of the page; its errors are told.
async function send(walk, url) {
  const { tab } = walk;
  await tab.locator("main form button.main").click();
  await Promise.race([tab.waitForURL(url), tab.locator(".field-error").first().waitFor().then(async () => {
    throw new Error(`the form is refused: ${await tab.locator(".field-error").allInnerTexts()}`);
  })]);
}

async function createProject(walk) {
  const { tab } = walk;
  const project = { displayName: "Demo project", description: "What a new user tries" };
  await tab.goto("/");
  await tab.locator('main a[href="/new-project"]:visible').first().click();
  await walk.picture("new-project");
  // Errors stand beside their fields.
  await field(tab, "name").fill("demo");
  await field(tab, "displayName").fill(project.displayName);
  await field(tab, "description").fill(project.description);
  await send(walk, "**/project/demo");
  await walk.appears("h1", { hasText: project.displayName });
}

const description = "Its main branch";

async function createJobset(walk) {
  const { tab } = walk;
  await tab.goto("/project/demo");
  await tab.locator('main a[href="/project/demo/new-jobset"]:visible').first().click();
  await field(tab, "name").fill("main");
  await field(tab, "description").fill(description);
  await field(tab, "checkInterval").fill("0");
  await field(tab, "expressionInput").fill("src");
  await field(tab, "expressionPath").fill("release.nix");
  if (!await tab.locator("[data-input-row]").count()) await tab.locator('button[data-rows="add"]').click();
  const row = tab.locator("main [data-input-row]").first();
  await row.locator('[name="input.name"]').fill("src");
  await row.locator('[name="input.type"]').selectOption("git");
  await row.locator('[name="input.value"]').fill(facts.repository);
  await walk.picture("new-jobset");
  await send(walk, "**/jobset/demo/main");
}

async function cloneJobset(walk) {
  const { tab } = walk;
  await tab.goto("/jobset/demo/main");
  await tab.locator(".actions summary").click();
  await tab.locator('.actions a[href="/jobset/demo/main/clone"]').click();
  await tab.waitForURL("**/jobset/demo/main/clone");
  const values = await tab.evaluate(() => Object.fromEntries(new FormData(document.querySelector("main form"))));
  walk.check(values.expressionPath === "release.nix" && values["input.value"] === facts.repository,
    `the form is not filled from the original: ${JSON.stringify(values)}`);
  await field(tab, "name").fill("cloned");
  await walk.picture("clone");
  await send(walk, "**/jobset/demo/cloned");
  const made = await walk.api("GET", "/api/v1/projects/demo/jobsets/cloned");
  walk.check(made.inputs.src.value === facts.repository && made.description === description, "the clone is another one");
}

module.exports = { cloneJobset, createJobset, createProject };
