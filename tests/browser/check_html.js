// A page's HTML as it is sent, by html-validate; htmlvalidate.config.js has the rules.
"use strict";

const { HtmlValidate } = require("html-validate");

const validator = new HtmlValidate(require("./htmlvalidate.config"));

async function htmlProblems(context, page) {
  const answer = await context.request.get(page.url, { headers: { Accept: "text/html" } });
  const { results } = await validator.validateString(await answer.text());
  return results.flatMap((result) => result.messages.map((message) =>
    `${message.ruleId} at ${message.line}:${message.column}: ${message.message}`));
}

module.exports = { htmlProblems };
