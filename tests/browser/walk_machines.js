// Steps of the walk: a machine is drained, and taken back.
"use strict";

async function drain(walk) {
  const { tab } = walk;
  await tab.goto("/machines");
  await tab.locator('a[href^="/machine/"]').first().click();
  await tab.waitForURL("**/machine/*");
  await walk.act("Drain: let nothing new start");
  await walk.appears("main .status", { hasText: "drained" });
  await walk.picture("drained");
  await tab.goto("/machines");
  await walk.appears("main .status", { hasText: "drained" });
  // Somebody else takes it back: the list follows.
  await walk.begins();
  const [machine] = (await walk.api("GET", "/api/v1/machines")).machines;
  await walk.api("POST", `/api/v1/machines/${machine.id}/enable`, {});
  await walk.appears("main .status", { hasText: "idle" });
  await walk.stays();
}

module.exports = { drain };
