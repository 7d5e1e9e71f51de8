// Buttons that copy a text: of the element that `data-copy` names, or of the field beside them. Without it, it can be
// selected.
"use strict";

(() => {
  const copied = (button) => button.dataset.copy ? document.getElementById(button.dataset.copy)
    : button.parentElement.querySelector("[data-copied]");
  const show = () => {
    if (!navigator.clipboard) return;
    for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = false;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const from = copied(button);
    await navigator.clipboard.writeText(from.value ?? from.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("input[data-copied]")) event.target.select();
  });
  show();
  const live = document.getElementById("live");
  if (live) new MutationObserver(show).observe(live, { childList: true, subtree: true });
})();
