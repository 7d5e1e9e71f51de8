// In a page on which all that others wrote is hostile (hostile.py), none of it is more than text.
"use strict";

/// Runs in the page: what is there that a template did not put there.
function foreignParts({ base }) {
  const problems = [];
  if (window.owned !== undefined) problems.push(`a script ran: window.owned is ${window.owned}`);
  for (const element of document.querySelectorAll("owned-place, img[src=x], script:not([src]), iframe, object, embed, base, meta[http-equiv]")) {
    problems.push(`markup became an element: ${element.outerHTML.slice(0, 100)}`);
  }
  for (const element of document.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (/^on|^style$|^srcdoc$|[^a-z0-9-:]/i.test(name)) problems.push(`<${element.localName}> has the attribute ${name}`);
      if (["href", "src", "action", "formaction", "data-target", "data-api", "data-then"].includes(name)) {
        const target = new URL(value, base);
        const own = target.origin === base;
        const outside = element.localName === "a" && /^https?:$/.test(target.protocol);
        if (!own && !outside) problems.push(`<${element.localName} ${name}="${value.slice(0, 80)}"> leads elsewhere`);
      }
    }
  }
  const text = document.documentElement.outerHTML;
  const hidden = text.match(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  if (hidden) {
    const around = text.slice(Math.max(0, hidden.index - 60), hidden.index);
    problems.push(`the character ${hidden[0].codePointAt(0).toString(16)} is in the page, behind: ${around}`);
  }
  return problems.slice(0, 8);
}

/// Every text that is shown is shown as it was written: what follows "at-PLACE " does so with its markup as text.
function altered(places) {
  const problems = [];
  const fields = [...document.querySelectorAll("input, textarea")].map((field) => field.value);
  const text = [document.body.textContent, ...fields].join("\n");
  for (const place of places) {
    if (!text.includes(`at-${place} `) && !text.includes(`at-${place}<`)) problems.push(`${place} is not shown`);
  }
  for (const [, place, rest] of text.matchAll(/at-([a-z-]+) ([^\n]{0,30})/g)) {
    if (!["<owned-place", "&lt;owned-pl"].some((begin) => rest.startsWith(begin)) && place !== "author" && place !== "file") {
      problems.push(`${place} is shown altered: ${rest}`);
    }
  }
  // Behind this word each text has what templates would fill; long ones may be cut off.
  const templates = "{{title}}{{{title}}}{{#head}}";
  for (const [, found] of text.matchAll(/ autofocus ([^ &\n\u2026]*)/g)) {
    if (!templates.startsWith(found)) problems.push(`a template was filled from a text: ${found}`);
  }
  return problems;
}

async function injectionProblems(tab, base, places) {
  return [...await tab.evaluate(foreignParts, { base }), ...await tab.evaluate(altered, places)];
}

/// What an answer's head must say whatever is in it.
function headProblems(response) {
  const head = response.headers();
  const policy = head["content-security-policy"] || "";
  const problems = [];
  if (!/default-src 'none'/.test(policy) && !/^sandbox/.test(policy)) problems.push(`its policy is "${policy}"`);
  if (/unsafe|\*/.test(policy.replace("style-src 'unsafe-inline'", "")) && !/^sandbox/.test(policy)) {
    problems.push(`its policy allows too much: "${policy}"`);
  }
  if (head["x-content-type-options"] !== "nosniff") problems.push("its type may be guessed");
  return problems;
}

module.exports = { headProblems, injectionProblems };
