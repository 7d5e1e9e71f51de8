// Nothing makes a page wider than the window: what is wide scrolls by itself.
"use strict";

function layoutProblems(tab) {
  return tab.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const problems = [];
    if (document.documentElement.scrollWidth > width) {
      problems.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${width}`);
    }
    const scrolls = (element) => {
      for (let above = element.parentElement; above; above = above.parentElement) {
        const style = getComputedStyle(above);
        if (style.overflowX !== "visible" || style.clipPath !== "none") return true;
      }
      return false;
    };
    for (const element of document.body.querySelectorAll("*")) {
      const box = element.getBoundingClientRect();
      if (box.width === 0 || box.right <= width + 1 || scrolls(element)) continue;
      problems.push(`<${element.localName} class="${element.getAttribute("class") || ""}"> ends at ${Math.round(box.right)} of ${width}`);
    }
    return problems.slice(0, 5);
  });
}

module.exports = { layoutProblems };
