// Steps of the walk: who one is.
"use strict";

const { facts } = require("./browser");

async function makeAdministrator(walk) {
  const { tab } = walk;
  await tab.goto(facts.link);
  await walk.picture("setup");
  await tab.getByLabel("Name").fill("admin");
  for (const field of await tab.locator("main input[type=password]").all()) await field.fill(facts.password);
  await tab.locator("main button.main").click();
  await tab.waitForURL(facts.base + "/");
  await walk.appears(".who", { hasText: "admin" });
}

async function signOutAndIn(walk) {
  const { tab } = walk;
  await tab.getByRole("button", { name: "Sign out" }).click();
  await (await walk.appears('a:text("Sign in")')).click();
  await tab.waitForURL("**/login*");
  await tab.getByLabel("Name").fill("admin");
  await tab.getByLabel("Password", { exact: true }).fill("wrong");
  await tab.locator("main button.main").click();
  await walk.appears("#problem:not([hidden]), .field-error");
  await walk.picture("wrong-password");
  await tab.getByLabel("Password", { exact: true }).fill(facts.password);
  await tab.locator("main button.main").click();
  await tab.waitForURL(facts.base + "/");
  await walk.appears(".who", { hasText: "admin" });
  await tab.goto("/account");
  await walk.appears("main h2", { hasText: "Tokens" });
  await walk.picture("account");
  await tab.goto("/admin");
  await walk.appears("main h2", { hasText: "Accounts" });
  await walk.picture("administration");
}

async function signOut(walk) {
  const { tab } = walk;
  await tab.goto("/");
  await tab.getByRole("button", { name: "Sign out" }).click();
  await walk.appears('a:text("Sign in")');
  await tab.goto(`/build/${walk.has.broken}`);
  const buttons = await tab.locator("main button[data-target]").count();
  walk.check(buttons === 0, `who has signed out may still press ${buttons} buttons`);
}

module.exports = { makeAdministrator, signOut, signOutAndIn };
