// All pages of the farm, in one table: what a new page has to be added to, so that it is checked.
//   name     what it is called in reports and pictures
//   path     where it is, by what the scenario's farm has
//   shows    a text that it must show, scripts or not
//   visitor  also checked for who has not signed in
//   status   of the answer where that is not 200
//   needs    what the farm must have for it
"use strict";

const jobset = (has) => `/jobset/${has.project}/${has.jobset}`;

const pages = [
  { name: "overview", path: () => "/", shows: () => "Latest evaluations", visitor: true },
  { name: "project", path: (has) => `/project/${has.project}`, shows: (has) => has.jobset, visitor: true },
  { name: "jobset", path: (has) => jobset(has), shows: (has) => String(has.evaluation), visitor: true },
  { name: "jobset settings", path: (has) => `${jobset(has)}/settings`, shows: () => "release.nix" },
  { name: "jobset targets", path: (has) => `${jobset(has)}/targets`, shows: (has) => has.label },
  { name: "jobset errors", path: (has) => `${jobset(has)}/errors`, shows: () => "wrong" },
  { name: "jobset charts", path: (has) => `${jobset(has)}/charts`, shows: () => "Charts" },
  { name: "target", path: (has) => `/job/${has.project}/${has.jobset}/${has.label}`, shows: (has) => has.label },
  { name: "evaluation", path: (has) => `/eval/${has.evaluation}`, shows: () => "Evaluation errors", visitor: true },
  { name: "evaluation filtered", path: (has) => `/eval/${has.evaluation}?show=still-succeeding&filter=${has.label}`, shows: (has) => has.label },
  { name: "evaluation with many targets", path: (has) => `/eval/${has.evaluation}?show=queued`, shows: () => "behind" },
  { name: "causes", path: (has) => `/eval/${has.evaluation}/causes`, shows: () => "Rewritten recipes", needs: "base" },
  { name: "build", path: (has) => `/build/${has.good}`, shows: () => "Outputs", visitor: true },
  { name: "failed build", path: (has) => `/build/${has.bad}`, shows: () => "error: no such thing" },
  { name: "queued build", path: (has) => `/build/${has.queued}`, shows: () => "behind" },
  { name: "build log", path: (has) => `/build/${has.bad}/log`, shows: () => "error: no such thing" },
  { name: "build graph", path: (has) => `/build/${has.good}/graph`, shows: () => "raph" },
  { name: "step log", path: (has) => `/step/${has.step}/log`, shows: () => "error: no such thing" },
  { name: "derivation", path: (has) => `/derivation/${has.derivation}`, shows: () => "/bin/sh" },
  { name: "store path", path: (has) => `/store-path/${has.storePath}`, shows: (has) => has.storePath },
  { name: "queue", path: () => "/queue", shows: () => "behind", visitor: true },
  { name: "machines", path: () => "/machines", shows: () => "of 2", visitor: true },
  { name: "machine", path: (has) => `/machine/${has.machine}`, shows: () => "slots in use" },
  { name: "steps", path: () => "/steps", shows: () => "log", visitor: true },
  { name: "search", path: () => "/search", shows: () => "Search" },
  { name: "search result", path: (has) => `/search?query=${has.jobset}`, shows: () => "Its main branch" },
  { name: "search without result", path: () => "/search?query=zzzz", shows: () => "There is nothing" },
  { name: "sign-in", path: () => "/login", shows: () => "Password", visitor: true },
  { name: "setup", path: () => "/setup", shows: () => "Password", visitor: true },
  { name: "new project", path: () => "/new-project", shows: () => "Description" },
  { name: "edit project", path: (has) => `/project/${has.project}/edit`, shows: () => "Description" },
  { name: "new jobset", path: (has) => `/project/${has.project}/new-jobset`, shows: () => "Expression" },
  { name: "edit jobset", path: (has) => `${jobset(has)}/edit`, shows: () => "Expression" },
  { name: "clone jobset", path: (has) => `${jobset(has)}/clone`, shows: () => "Expression" },
  { name: "administration", path: () => "/admin", shows: () => "admin" },
  { name: "account", path: () => "/account", shows: () => "admin" },
  { name: "no such page", path: () => "/nowhere", shows: () => "Search for it above", status: 404, visitor: true },
  { name: "no such build", path: () => "/build/999999", shows: () => "Search for it above", status: 404 },
];

/// Those that the farm has what they need for, as {name, url, shows, visitor, status}. GRANGE_BROWSER_PAGES, a pattern of
/// names, leaves the others out.
function pagesThere(has) {
  const only = new RegExp(process.env.GRANGE_BROWSER_PAGES || "");
  return pages.filter((one) => only.test(one.name) && (!one.needs || has[one.needs]))
    .map((page) => ({ status: 200, visitor: false, ...page, url: page.path(has), shows: page.shows(has) }));
}

module.exports = { pages, pagesThere };
