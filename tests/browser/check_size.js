// The first view of a page, with all that it needs, as it goes over the wire.
"use strict";

const { visit } = require("./browser");

const most = 100 * 1024;

/// What is transferred for the page in a browser that has nothing yet: [{url, bytes}].
async function transfers(browser, page) {
  const context = await visit(browser, { signedIn: true });
  const tab = await context.newPage();
  const network = await context.newCDPSession(tab);
  await network.send("Network.enable");
  const asked = new Map();
  network.on("Network.responseReceived", ({ requestId, response }) =>
    asked.set(requestId, { url: response.url, type: response.mimeType, bytes: 0 }));
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (asked.has(requestId)) asked.get(requestId).bytes = encodedDataLength;
  });
  await tab.goto(page.url);
  await tab.waitForTimeout(300);
  await context.close();
  return [...asked.values()].filter((one) => one.type !== "text/event-stream");
}

async function sizeProblems(browser, page) {
  const all = await transfers(browser, page);
  const sum = all.reduce((bytes, one) => bytes + one.bytes, 0);
  const parts = all.map((one) => `${new URL(one.url).pathname.split("/").pop() || "/"} ${one.bytes}`).join(", ");
  console.log(`size of ${page.name}: ${sum} (${parts})`);
  return sum > most ? [`${sum} bytes are transferred for the first view, ${most} are allowed: ${parts}`] : [];
}

module.exports = { sizeProblems };
