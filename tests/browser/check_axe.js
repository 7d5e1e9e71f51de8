// axe-core in a page, held to WCAG 2.2 AA: no violation of any weight.
"use strict";

const axe = require("axe-core");

/// Numbers of log lines are as high as the text beside them, which the criterion allows.
const inline = "line-number";
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function axeProblems(tab) {
  // Through the protocol of the debugger: the page's policy allows no script of ours.
  await tab.evaluate(`if (!window.axe) { ${axe.source} }`);
  const { violations } = await tab.evaluate((values) => window.axe.run(document, { runOnly: { type: "tag", values } }), tags);
  return violations.flatMap(({ id, impact, help, nodes: all }) => {
    const nodes = all.filter((node) => id !== "target-size" || !node.html.includes(`class="${inline}"`));
    if (!nodes.length) return [];
    const [first] = nodes;
    const why = [...first.any, ...first.all].map((one) => one.message).join("; ");
    return `axe: ${id} (${impact}): ${help}: ${first.html.slice(0, 160)}: ${why}; at ${nodes.length} places`;
  });
}

module.exports = { axeProblems };
