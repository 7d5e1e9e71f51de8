// Charts: each element with data-chart becomes one. Their numbers are in a table of the page as well.
"use strict";

(() => {
  const shown = document.querySelectorAll("[data-chart]");
  if (!shown.length || typeof uPlot === "undefined") return;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function durationText(seconds) {
    if (seconds < 10) return `${+seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
    if (seconds < 120) return `${Math.round(seconds)} s`;
    if (seconds < 7200) return `${+(seconds / 60).toFixed(1)} min`;
    if (seconds < 172800) return `${+(seconds / 3600).toFixed(1)} h`;
    return `${+(seconds / 86400).toFixed(1)} d`;
  }

  function sizeText(bytes) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (bytes >= 1024 && unit + 1 < units.length) { bytes /= 1024; unit += 1; }
    return `${+bytes.toFixed(1)} ${units[unit]}`;
  }

  function writer(kind) {
    if (kind === "seconds") return durationText;
    if (kind === "bytes") return sizeText;
    if (kind === "percent") return (value) => `${+value.toFixed(1)} %`;
    const unit = kind === "count" || !kind ? "" : ` ${kind}`;
    return (value) => value.toLocaleString("en", { maximumFractionDigits: 3 }) + unit;
  }

  // Ticks of sizes, in powers of two; how times are written, by how far apart they are: as uPlot takes them.
  const sizeSteps = Array.from({ length: 51 }, (_, power) => 2 ** power);
  const day = 86400;
  const stamps = [
    [365 * day, "{YYYY}", null, null, null, null, null, null, 1],
    [28 * day, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [day, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
    [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
    [1, ":{ss}", "\n{YYYY}-{MM}-{DD} {HH}:{mm}", null, "\n{MM}-{DD} {HH}:{mm}", null, "\n{HH}:{mm}", null, 1],
  ];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function options(chart, width) {
    const write = writer(chart.kind);
    const text = colour("--quiet");
    const grid = { stroke: colour("--line"), width: 1 };
    const strokes = [colour("--accent"), colour("--bad"), colour("--good"), colour("--warn")];
    return {
      width, height: 190,
      cursor: { points: { size: 7 } },
      scales: { y: { range: (_, least, most) => {
        if (chart.kind === "percent") return [0, 100];
        return [Math.min(0, least), most > 0 ? most * 1.08 : 1];
      } } },
      axes: [
        { stroke: text, grid, ticks: grid, values: stamps },
        {
          stroke: text, grid, ticks: grid, size: 74, values: (_, values) => values.map(write),
          ...(chart.kind === "bytes" ? { incrs: sizeSteps } : {}),
        },
      ],
      series: [{ value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }, ...chart.lines.map((line, index) => ({
        label: line.name, stroke: strokes[index % strokes.length], width: 1.5, spanGaps: true,
        points: { size: 4 },
        value: (_, value) => (value === null || value === undefined ? "–" : write(value)),
      }))],
    };
  }

  function draw(element) {
    const chart = JSON.parse(element.dataset.chart);
    element.replaceChildren();
    const width = Math.max(200, element.clientWidth);
    const plot = new uPlot(options(chart, width), [chart.times, ...chart.lines.map((line) => line.values)], element);
    plot.over.addEventListener("dblclick", () => {
      const page = chart.pages[plot.cursor.idx];
      if (page) location.assign(page);
    });
    return plot;
  }

  for (const box of document.querySelectorAll(".charts")) box.hidden = false;
  const plots = new Map([...shown].map((element) => [element, draw(element)]));
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const width = Math.max(200, target.clientWidth);
      if (Math.abs(plots.get(target).width - width) > 1) plots.get(target).setSize({ width, height: 190 });
    }
  });
  shown.forEach((element) => sizes.observe(element));
  dark.addEventListener("change", () => shown.forEach((element) => plots.set(element, draw(element))));
})();
