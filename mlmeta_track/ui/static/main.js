// The router: which view draws the address that the browser is at.

import { ask, ApiError } from "./api.js";
import { announce, h, replace } from "./dom.js";
import { stopWatching } from "./live.js";
import { artifactView } from "./views/artifact.js";
import { compareView } from "./views/compare.js";
import { contextView, experimentView } from "./views/context.js";
import { lineageView } from "./views/lineage.js";
import { artifactsView, experimentsView, runsView, stepsView } from "./views/lists.js";
import { runView } from "./views/run.js";
import { stepView } from "./views/step.js";

const ROUTES = [
  [/^\/(?:runs)?$/, runsView],
  [/^\/runs\/(\d+)$/, runView],
  [/^\/experiments$/, experimentsView],
  [/^\/experiments\/(\d+)$/, experimentView],
  [/^\/steps$/, stepsView],
  [/^\/steps\/(\d+)$/, stepView],
  [/^\/artifacts$/, artifactsView],
  [/^\/artifacts\/(\d+)$/, artifactView],
  [/^\/contexts\/(\d+)$/, contextView],
  [/^\/lineage\/(artifact|execution)\/(\d+)$/, lineageView],
  [/^\/compare$/, compareView],
];

const main = document.querySelector("#main");
let visit = 0;

/** Go to an address of this page without loading it anew. */
export function go(address) {
  history.pushState(null, "", address);
  return show();
}

async function show() {
  visit += 1;
  const current = visit;
  stopWatching();
  markNavigation();
  const [match, view] = found(location.pathname);
  try {
    if (!view) throw new ApiError(`There is no page at ${location.pathname}.`, 404);
    const content = await view(...match.slice(1), new URLSearchParams(location.search));
    if (current !== visit) return; // The reader has gone on.
    document.title = `${content.title} · mlmeta_track`;
    replace(main, content.element);
    content.shown?.();
    announce(content.title);
  } catch (error) {
    if (current !== visit) return;
    document.title = "mlmeta_track";
    replace(main, failure(error));
    if (!(error instanceof ApiError)) throw error;
  }
}

function found(path) {
  for (const [pattern, view] of ROUTES) {
    const match = pattern.exec(path);
    if (match) return [match, view];
  }
  return [[], undefined];
}

function failure(error) {
  const title = error.status === 404 ? "Not found" : "That did not work";
  return h("section", { class: "failure" }, h("h1", {}, title), h("p", { role: "alert" }, error.message), h("p", {}, h("a", { href: "/runs" }, "To the runs")));
}

function markNavigation() {
  for (const link of document.querySelectorAll("nav a")) {
    const path = link.getAttribute("href");
    const here = location.pathname.startsWith(path) || (path === "/runs" && location.pathname === "/");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='/']");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.defaultPrevented;
  if (!link || !plain || link.getAttribute("href").startsWith("/api/") || link.hasAttribute("download")) return;
  event.preventDefault();
  go(link.getAttribute("href")).then(() => {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  });
});
window.addEventListener("popstate", show);

document.querySelector("[data-find]").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = event.target.elements.what;
  if (!input.value.trim()) return;
  try {
    const node = await ask("/find", { what: input.value.trim() });
    const places = { artifact: "artifacts", step: "steps", run: "runs", context: "contexts" };
    const place = node.type === "Experiment" ? "experiments" : places[node.kind];
    input.value = "";
    await go(`/${place}/${node.id}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    document.title = "mlmeta_track";
    replace(main, failure(error));
  }
});

const THEMES = ["light", "dark"];
const kept = localStorage.getItem("theme");
if (THEMES.includes(kept)) document.documentElement.dataset.theme = kept;
document.querySelector("[data-theme-switch]").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
});

ask("/store").then(
  (store) => (document.querySelector("[data-store]").textContent = store.url),
  () => {},
);
show();
