// Small pieces that several views have.

import { h } from "../dom.js";
import { duration, lastPart, number, time } from "../format.js";

export function state(word) {
  return word ? h("span", { class: `state state-${word.toLowerCase()}` }, word) : "";
}

export function link(kind, id, text) {
  return h("a", { href: `/${kind}/${id}` }, text || `${kind.replace(/s$/, "")} ${id}`);
}

export function stepLink(step) {
  return link("steps", step.id, step.name ? `${step.type} · ${step.name}` : step.type);
}

export function artifactLink(artifact) {
  return link("artifacts", artifact.id, artifact.name === "in memory" ? `${artifact.type} (in memory)` : artifact.name);
}

export function contextLink(context) {
  const places = { Run: "runs", Experiment: "experiments" };
  return link(places[context.type] ?? "contexts", context.id, context.name);
}

export function place(uri) {
  return uri ? h("span", { class: "place", title: uri }, uri) : h("span", { class: "faint" }, "in memory");
}

export function heading(kind, title, ...beside) {
  return h("header", { class: "heading" }, h("p", { class: "kind" }, kind), h("h1", {}, title), h("div", { class: "beside" }, beside));
}

/** A table; on narrow screens each row becomes a card whose cells say what they are. */
export function table(caption, columns, rows, { empty = "Nothing here.", keys = [] } = {}) {
  if (!rows.length) return h("p", { class: "faint" }, empty);
  const head = h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name))));
  const body = rows.map((cells, i) => h("tr", { "data-key": keys[i] }, cells.map((cell, j) => h("td", { "data-label": columns[j] }, cell))));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, h("table", {}, h("caption", { class: "hidden" }, caption), head, h("tbody", {}, body)));
}

export function section(title, ...content) {
  return h("section", {}, h("h2", {}, title), content);
}

const LONG = 300;

/** Names and values; the library's own facts are folded up below the others. */
export function facts(node) {
  const declared = Object.entries(node.properties).filter(([name]) => name !== "state" || node.uri !== undefined);
  const custom = Object.entries(node.custom_properties);
  const own = custom.filter(([name]) => name.startsWith("mlmeta_"));
  const others = [...declared, ...custom.filter(([name]) => !name.startsWith("mlmeta_"))];
  const shown = others.length ? list(others) : h("p", { class: "faint" }, "None.");
  return [section("Properties", shown), own.length ? h("details", {}, h("summary", {}, `Recorded facts (${own.length})`), list(own)) : null];
}

function list(pairs) {
  return h("dl", { class: "facts" }, pairs.map(([name, value]) => [h("dt", {}, name), h("dd", {}, valueElement(value))]));
}

export function valueElement(value) {
  if (value === null || value === undefined) return h("span", { class: "faint" }, "—");
  if (typeof value !== "string") return number(value);
  const pretty = asJson(value);
  if (pretty.includes("\n") || pretty.length > LONG) {
    const first = pretty.trim().split("\n").pop().slice(0, LONG);
    return h("details", {}, h("summary", {}, pretty === value ? first : `${value.slice(0, 80)}…`), h("pre", {}, pretty));
  }
  return pretty;
}

function asJson(text) {
  if (!/^[[{]/.test(text) || text.length < 80) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function times(node) {
  return h("p", { class: "faint" }, `created ${time(node.create_time_since_epoch)}, last changed ${time(node.last_update_time_since_epoch)}`);
}

export function linksTable(caption, links, toSteps) {
  const columns = toSteps ? ["As", "Step", "State", "Took", "Event"] : ["As", "Artifact", "Type", "Where", "Event"];
  const rows = links.map((one) =>
    toSteps
      ? [one.path, stepLink(one.step), state(one.step.state), duration(one.step.duration_ms), one.event]
      : [one.path, artifactLink(one.artifact), one.artifact.type, place(one.artifact.uri), one.event],
  );
  return table(caption, columns, rows, { empty: "None." });
}

/** Said where lists of a page end before what there is. */
export function moreNotice(more) {
  return more ? h("p", { class: "notice" }, "There is more than a page can show: of each list the newest 1,000 are here.") : null;
}

export { lastPart };
