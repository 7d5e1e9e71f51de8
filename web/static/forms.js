// Forms: their fields as JSON to the API, and what it finds wrong said beside the field. Also dialogs that confirm,
// rows of inputs that come and go, and secrets that are shown once. Uses `ask` and `tell` of farm.js.
"use strict";

const rowPart = (row, name) => row.querySelector(`[name="input.${name}"]`);
const rowsOf = (form) => [...form.querySelectorAll("[data-input-row]")];
const isEmptyRow = (row) => !rowPart(row, "name").value && !rowPart(row, "value").value;

// What a field's text is for the API.
function valueOf(input) {
  if (input.type === "checkbox") return input.checked;
  if (input.dataset.list !== undefined) return input.value.split(/[\s,]+/).filter(Boolean);
  if (input.type === "number" || input.dataset.number !== undefined) return Number(input.value);
  return input.value;
}

function fieldsOf(form) {
  const fields = {};
  for (const input of form.elements) {
    if (!input.name || input.name.includes(".") || input.dataset.unsent !== undefined || input.matches(":disabled")) continue;
    if (input.dataset.each !== undefined) {
      // One of several boxes of a field that is a list.
      fields[input.name] = fields[input.name] || [];
      if (input.checked) fields[input.name].push(input.value);
    } else {
      fields[input.name] = valueOf(input);
    }
  }
  const rows = rowsOf(form).filter((row) => !rowPart(row, "name").matches(":disabled") && !isEmptyRow(row));
  if (rows.length) {
    fields.inputs = {};
    for (const row of rows) fields.inputs[rowPart(row, "name").value] = { type: rowPart(row, "type").value, value: rowPart(row, "value").value };
  }
  if (form.dataset.secretFromFragment) fields[form.dataset.secretFromFragment] = location.hash.slice(1);
  return fields;
}

let saidErrors = 0;

// Says it behind `place`, as being of `input`.
function sayError(input, place, message) {
  const said = document.createElement("span");
  said.className = "field-error";
  said.id = `field-error-${++saidErrors}`;
  said.textContent = message.charAt(0).toUpperCase() + message.slice(1);
  place.after(said);
  input.dataset.describedBefore = input.getAttribute("aria-describedby") || "";
  input.setAttribute("aria-describedby", `${said.id} ${input.dataset.describedBefore}`.trim());
  input.setAttribute("aria-invalid", "true");
}

function clearErrors(form) {
  for (const old of form.querySelectorAll(".field-error:not([data-problem])")) old.remove();
  const general = form.closest("dialog")?.querySelector("[data-problem]");
  if (general) general.textContent = "";
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    if (input.dataset.describedBefore) input.setAttribute("aria-describedby", input.dataset.describedBefore);
    else input.removeAttribute("aria-describedby");
  }
}

// "inputs.NAME", "inputs.NAME.type", "inputs.NAME.value": the field of that row.
function inputOfRow(form, field) {
  for (const row of rowsOf(form)) {
    const name = `inputs.${rowPart(row, "name").value}`;
    if (field === `${name}.type`) return rowPart(row, "type");
    if (field === name || field === `${name}.value`) return rowPart(row, "value");
  }
  return null;
}

// Errors by field; those of no field of the form are said above it.
function showErrors(form, errors) {
  const others = [];
  let first = null;
  for (const [field, message] of Object.entries(errors)) {
    const input = [...form.elements].find((one) => one.name === field && !one.matches(":disabled")) ||
      inputOfRow(form, field) || form.querySelector(`[data-error-for="${CSS.escape(field.split(".")[0])}"]`);
    if (!input) { others.push(`${field}: ${message}`); continue; }
    const row = input.closest("[data-input-row]");
    sayError(input, row ? row.lastElementChild : input.closest(".with-unit, .check, .choices, .boxes") || input, message);
    // In the order of the page.
    if (!first || input.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING) first = input;
  }
  if (first) first.focus();
  return others;
}

function messageOf(input) {
  const { valueMissing, patternMismatch, typeMismatch, tooShort } = input.validity;
  if (valueMissing) return "This is needed.";
  if (tooShort) return `At least ${input.minLength} characters.`;
  return (patternMismatch || typeMismatch) && input.title || input.validationMessage;
}

// What can be seen to be wrong without asking, as the API would tell it.
function findErrors(form) {
  const errors = [];
  for (const input of form.elements) {
    if (!input.willValidate || input.validity.valid) continue;
    errors.push([input, messageOf(input)]);
  }
  const seen = new Set();
  for (const row of rowsOf(form)) {
    const name = rowPart(row, "name");
    if (name.matches(":disabled") || isEmptyRow(row)) continue;
    if (!name.value) errors.push([name, "This input has no name."]);
    else if (seen.has(name.value)) errors.push([name, "There is another input of this name."]);
    seen.add(name.value);
  }
  for (const again of form.querySelectorAll("[data-same-as]")) {
    if (again.value !== form.elements[again.dataset.sameAs].value) errors.push([again, "This is not the same."]);
  }
  return errors;
}

function showOwnErrors(errors) {
  for (const [input, message] of errors) {
    const row = input.closest("[data-input-row]");
    sayError(input, row ? row.lastElementChild : input.closest(".with-unit, .check") || input, message);
  }
  errors[0][0].focus();
}

function refused(form, status, answer) {
  const errors = answer.errors || {};
  // A name that is taken.
  if (status === 409 && form.dataset.names !== undefined) errors.name = answer.detail;
  // What one must know, and does not.
  if (status === 403 && form.dataset.refused) errors[form.dataset.refused] = answer.detail;
  const others = showErrors(form, errors);
  if (!others.length && Object.keys(errors).length) return;
  const dialog = form.closest("dialog");
  const text = others.join("; ") || answer.detail || "The farm refused that.";
  if (dialog) dialog.querySelector("[data-problem]").textContent = text;
  else tell(text);
}

// What the API answered is shown, once, in a dialog; behind it the page is as it is by now.
function showAnswer(dialog, answer) {
  for (const place of dialog.querySelectorAll("[data-answer]")) place.value = answer[place.dataset.answer];
  dialog.addEventListener("close", () => location.reload(), { once: true });
  dialog.showModal();
  dialog.querySelector("[data-answer]").select();
}

async function send(form) {
  const fields = fieldsOf(form);
  const fill = (text) => text.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(fields[name]));
  const { api, apiMethod } = form.dataset;
  const headers = form.dataset.onlyNew !== undefined ? { "If-None-Match": "*" } : {};
  const { good, status, answer } = await askWith(apiMethod, fill(api), apiMethod === "DELETE" ? undefined : fields, headers);
  if (!good) return refused(form, status, answer);
  form.removeAttribute("data-changed");
  if (form.dataset.answerIn) form.closest("dialog")?.close();
  if (form.dataset.answerIn) return showAnswer(document.getElementById(form.dataset.answerIn), answer);
  if (form.dataset.then) location.assign(fill(form.dataset.then));
  else location.reload();
}

// `ask` with further headers.
async function askWith(method, target, body, headers) {
  if (!Object.keys(headers).length) return ask(method, target, body);
  const response = await fetch(target, { method, credentials: "same-origin", body: JSON.stringify(body),
    headers: { Accept: "application/json", "Content-Type": "application/json", ...headers } });
  return { good: response.ok, status: response.status, answer: await response.json().catch(() => ({})) };
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.api) return;
  event.preventDefault();
  tell("");
  clearErrors(form);
  const errors = findErrors(form);
  if (errors.length) return void showOwnErrors(errors);
  const buttons = [...form.querySelectorAll("button:not([type=button])")];
  for (const button of buttons) button.disabled = true;
  try {
    await send(form);
  } catch {
    tell("The farm cannot be reached.");
  }
  for (const button of buttons) button.disabled = false;
});
// Browsers say it in bubbles; here it is said beside the field, all of it at once.
for (const form of document.querySelectorAll("form[data-api]")) form.noValidate = true;

// Rows of inputs come and go, and say what their type wants.
function explainRow(row) {
  const chosen = rowPart(row, "type").selectedOptions[0];
  row.querySelector("[data-input-help]").textContent = chosen.dataset.help;
  rowPart(row, "value").placeholder = chosen.dataset.example;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-rows]");
  if (!button) return;
  const list = document.getElementById("input-rows");
  if (button.dataset.rows === "remove") {
    const row = button.closest("[data-input-row]");
    const next = row.nextElementSibling || row.previousElementSibling;
    row.remove();
    (next ? rowPart(next, "name") : document.querySelector("button[data-rows=add]")).focus();
    return;
  }
  list.append(document.getElementById("input-row").content.cloneNode(true));
  rowPart(list.lastElementChild, "name").focus();
});

document.addEventListener("change", (event) => {
  if (event.target.name === "input.type") explainRow(event.target.closest("[data-input-row]"));
  // Of parts that exclude each other only the chosen one is there.
  if (event.target.dataset.shows) {
    for (const choice of event.target.form.querySelectorAll("[data-shows]")) {
      const part = document.getElementById(choice.dataset.shows);
      part.hidden = part.disabled = !choice.checked;
    }
  }
});

// Dialogs: what confirms, or asks for a little more.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("button[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    // One dialog for what stands in many rows.
    if (opener.dataset.of) {
      dialog.querySelector("input[name=id]").value = opener.dataset.of;
      dialog.querySelector("[data-filled]").textContent = opener.dataset.named;
    }
    dialog.showModal();
  }
  const closer = event.target.closest("button[data-close]");
  if (closer) closer.closest("dialog").close();
  const copier = event.target.closest("button[data-copy]");
  if (copier) {
    const text = document.getElementById(copier.dataset.copy);
    text.select();
    navigator.clipboard?.writeText(text.value).then(() => { copier.textContent = "Copied"; });
  }
});

// What is typed is not lost by accident.
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form && form.matches("form.settings")) form.setAttribute("data-changed", "");
});
window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("form.settings[data-changed]")) event.preventDefault();
});
