// Rules of html-validate for the farm's pages: what the standard of HTML asks, and what readers of screens need.
"use strict";

module.exports = {
  root: true,
  extends: ["html-validate:standard", "html-validate:a11y"],
  rules: {
    // A button of a form sends it unless it says otherwise, which is what is meant.
    "no-implicit-button-type": "off",
    // What scrolls by itself is a region, and no section of the page's text.
    "prefer-native-element": ["error", { exclude: ["region"] }],
    // A form with one field is sent by Enter; the search in the head of every page is one.
    "wcag/h32": "off",
  },
};
