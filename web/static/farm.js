// What pages do beyond being read: buttons and forms that ask the API, what is live, and keys. Without it all pages
// can still be read.
"use strict";

const problem = document.getElementById("problem");

function tell(text) {
  problem.textContent = text;
  problem.hidden = !text;
  if (text) problem.scrollIntoView({ block: "nearest" });
}

async function ask(method, target, body) {
  const options = { method, headers: { Accept: "application/json" }, credentials: "same-origin" };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(target, options);
  const text = await response.text();
  let answer = {};
  try { answer = text ? JSON.parse(text) : {}; } catch { answer = { detail: text }; }
  return { good: response.ok, status: response.status, answer };
}

// Buttons: one request of the API each, then the page as it is by now.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-target]");
  if (!button) return;
  button.disabled = true;
  tell("");
  try {
    const { good, answer } = await ask(button.dataset.method, button.dataset.target,
      button.dataset.method === "POST" ? {} : undefined);
    if (good) return void location.reload();
    tell(answer.detail || "The farm refused that.");
  } catch {
    tell("The farm cannot be reached.");
  }
  button.disabled = false;
});

// Live: when something happens that the page is about, its live part is fetched again.
const live = document.getElementById("live");
const connection = document.getElementById("connection");
let due = null;
let asking = false;

async function refresh() {
  due = null;
  // An answer never arrives behind a newer one.
  if (asking) return void (due = setTimeout(refresh, 500));
  asking = true;
  const rows = () => [...document.querySelectorAll("table.rows tbody tr")];
  const chosen = rows().findIndex((row) => row.classList.contains("chosen"));
  try {
    await htmx.ajax("GET", location.pathname + location.search,
      { target: "#live", select: "#live", swap: "outerMorph" });
  } catch { /* the farm is away: when it is back the page is fetched again */ }
  // The keys go on where they were.
  if (chosen >= 0 && rows()[chosen]) rows()[chosen].classList.add("chosen");
  asking = false;
}

function follow() {
  // From when the page was made: nothing happens unseen in between.
  const query = new URLSearchParams({ kinds: live.dataset.live, after: document.body.dataset.event });
  let target = `/api/v1/events?${query}`;
  if (live.dataset.of) target += `&${live.dataset.of}`;
  const events = new EventSource(target);
  let lost = false;
  events.onopen = () => {
    connection.hidden = true;
    if (lost) refresh();
    lost = false;
  };
  events.onerror = () => {
    lost = true;
    connection.hidden = false;
    connection.textContent = "The farm is not there at the moment. This page goes on by itself when it is back.";
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
  };
  // Many at once are one refresh.
  for (const kind of live.dataset.live.split(",")) {
    events.addEventListener(kind, () => { due = due || setTimeout(refresh, 500); });
  }
}
if (live && live.dataset.live) follow();

// Times grow older.
setInterval(() => {
  for (const time of document.querySelectorAll("time")) {
    const seconds = Math.round((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (seconds < 0) continue;
    const [size, unit] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]].find(([one]) => seconds >= one) || [1, "s"];
    if (size < 86400) time.textContent = seconds === 0 ? "now" : `${Math.floor(seconds / size)} ${unit} ago`;
  }
}, 10000);

// Keys.
const ways = { o: "/", q: "/queue", m: "/machines", s: "/steps" };
let afterG = false;
function choose(step) {
  const rows = [...document.querySelectorAll("table.rows tbody tr")];
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.classList.contains("chosen"));
  const next = Math.max(0, Math.min(rows.length - 1, now + step));
  if (now >= 0) rows[now].classList.remove("chosen");
  rows[next].classList.add("chosen");
  rows[next].scrollIntoView({ block: "nearest" });
  const link = rows[next].querySelector("a");
  if (link) link.focus();
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  if (afterG && ways[event.key]) return void location.assign(ways[event.key]);
  afterG = event.key === "g";
  if (event.key === "/") { event.preventDefault(); document.querySelector(".search input").focus(); }
  if (event.key === "j") choose(1);
  if (event.key === "k") choose(-1);
  if (event.key === "?") document.getElementById("keys").showModal();
});
