// A graph that is larger than the window: zoomed by the wheel with Ctrl, buttons and keys, moved by dragging. Pointing
// at a node shows which lines are its own. Without this it is scrolled.
"use strict";

(() => {
  const box = document.querySelector(".graph");
  const drawing = box && box.querySelector("svg");
  if (!drawing) return;
  const width = Number(drawing.getAttribute("width"));
  const height = Number(drawing.getAttribute("height"));
  const tools = document.querySelector(".zoom");
  let scale = 1;

  function zoom(to, x = box.clientWidth / 2, y = box.clientHeight / 2) {
    const next = Math.min(3, Math.max(0.05, to));
    const left = (box.scrollLeft + x) / scale;
    const top = (box.scrollTop + y) / scale;
    scale = next;
    drawing.setAttribute("width", width * scale);
    drawing.setAttribute("height", height * scale);
    box.scrollLeft = left * scale - x;
    box.scrollTop = top * scale - y;
  }
  const room = () => Math.max(box.clientHeight, window.innerHeight * 0.6) - 4;
  const fit = () => zoom(Math.min(1, (box.clientWidth - 4) / width, room() / height));
  function toRoot() {
    const root = drawing.querySelector(".root");
    box.scrollLeft = Number(root.dataset.x) * scale - 20;
    box.scrollTop = Number(root.dataset.y) * scale - box.clientHeight / 2;
  }
  const ways = { in: () => zoom(scale * 1.25), out: () => zoom(scale / 1.25), fit, one: () => { zoom(1); toRoot(); } };

  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom]");
    if (button) ways[button.dataset.zoom]();
  });
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const place = box.getBoundingClientRect();
    zoom(scale * Math.exp(-event.deltaY / 400), event.clientX - place.left, event.clientY - place.top);
  }, { passive: false });
  box.addEventListener("keydown", (event) => {
    const way = { "+": "in", "=": "in", "-": "out", 0: "fit", 1: "one" }[event.key];
    if (way && !event.ctrlKey && !event.metaKey) ways[way]();
  });

  // Dragging; a press that does not move stays a click on a node.
  let from = null;
  let moved = false;
  box.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    from = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop };
    moved = false;
  });
  window.addEventListener("pointermove", (event) => {
    if (!from) return;
    if (Math.abs(event.clientX - from.x) + Math.abs(event.clientY - from.y) > 4) moved = true;
    if (!moved) return;
    box.classList.add("dragged");
    box.scrollLeft = from.left - (event.clientX - from.x);
    box.scrollTop = from.top - (event.clientY - from.y);
  });
  window.addEventListener("pointerup", () => { from = null; box.classList.remove("dragged"); });
  box.addEventListener("click", (event) => { if (moved) event.preventDefault(); moved = false; }, true);
  box.addEventListener("dragstart", (event) => event.preventDefault());

  // A node's own lines.
  function point(node) {
    for (const old of drawing.querySelectorAll(".own")) old.classList.remove("own");
    if (node === null) return;
    for (const line of drawing.querySelectorAll(`path[data-from="${node}"], path[data-to="${node}"]`)) {
      line.classList.add("own");
      const other = line.dataset.from === node ? line.dataset.to : line.dataset.from;
      drawing.querySelector(`[data-node="${other}"]`).classList.add("own");
    }
  }
  const nodeOf = (event) => { const node = event.target.closest("[data-node]"); return node ? node.dataset.node : null; };
  drawing.addEventListener("pointerover", (event) => point(nodeOf(event)));
  drawing.addEventListener("focusin", (event) => point(nodeOf(event)));
  drawing.addEventListener("pointerleave", () => point(null));

  // What is only a little too wide is read at once.
  if (width > box.clientWidth && (box.clientWidth - 4) / width > 0.6 && height <= room()) fit();
  toRoot();
})();
