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

/// A project by its form: {name, displayName, description}.
async function putProject(walk, project) {
  const { tab } = walk;
  await tab.goto("/");
  await tab.locator('main a[href="/new-project"]:visible').first().click();
  for (const name of Object.keys(project)) await field(tab, name).fill(project[name]);
  await walk.picture(`new-project-${project.name}`);
  await send(walk, `**/project/${project.name}`);
  await walk.appears("h1", { hasText: project.displayName });
}

/// A jobset with one git input `src` by its form: {name, description, expressionPath, value}.
async function putJobset(walk, project, { value, ...jobset }) {
  const { tab } = walk;
  await tab.goto(`/project/${project}`);
  await tab.locator(`main a[href="/project/${project}/new-jobset"]:visible`).first().click();
  for (const name of Object.keys(jobset)) await field(tab, name).fill(jobset[name]);
  await field(tab, "checkInterval").fill("0");
  await field(tab, "expressionInput").fill("src");
  if (!await tab.locator("[data-input-row]").count()) await tab.locator('button[data-rows="add"]').click();
  const row = tab.locator("main [data-input-row]").first();
  await row.locator('[name="input.name"]').fill("src");
  await row.locator('[name="input.type"]').selectOption("git");
  await row.locator('[name="input.value"]').fill(value);
  await walk.picture(`new-jobset-${project}`);
  await send(walk, `**/jobset/${project}/${jobset.name}`);
}

async function createProject(walk) {
  await putProject(walk, { name: "examples", displayName: "Grange's examples", description: "What a new user tries" });
}

const description = "What is in examples/";

async function createJobset(walk) {
  await putJobset(walk, "examples", { name: "main", description, expressionPath: "default.nix", value: facts.examples });
}

async function cloneJobset(walk) {
  const { tab } = walk;
  await tab.goto("/jobset/examples/main");
  await tab.locator(".actions summary").click();
  await tab.locator('.actions a[href="/jobset/examples/main/clone"]').click();
  await tab.waitForURL("**/jobset/examples/main/clone");
  const values = await tab.evaluate(() => Object.fromEntries(new FormData(document.querySelector("main form"))));
  walk.check(values.expressionPath === "default.nix" && values["input.value"] === facts.examples,
    `the form is not filled from the original: ${JSON.stringify(values)}`);
  await field(tab, "name").fill("cloned");
  await walk.picture("clone");
  await send(walk, "**/jobset/examples/cloned");
  const made = await walk.api("GET", "/api/v1/projects/examples/jobsets/cloned");
  walk.check(made.inputs.src.value === facts.examples && made.description === description, "the clone is another one");
}

module.exports = { cloneJobset, createJobset, createProject, putJobset, putProject };
