// Two things side by side: what differs, and what is inside both if they are statistics or schemas.

import { ask } from "../api.js";
import { h } from "../dom.js";
import { go } from "../main.js";
import { heading, link, section, table, valueElement } from "../parts/common.js";
import { histogram, missingShare, summary } from "../parts/contents.js";
import { percent } from "../format.js";

export async function compareView(parameters) {
  const [a, b] = [parameters.get("a") ?? "", parameters.get("b") ?? ""];
  const form = await chooser(a, b);
  if (!a || !b) return { title: "Compare", element: h("div", {}, heading("Compare", "Two runs, steps or artifacts"), form) };
  const told = await ask("/compare", { a, b });
  return {
    title: "Comparison",
    element: h("div", {}, heading("Compare", h("span", {}, nodeLink(told.a), " → ", nodeLink(told.b))), form, moreDifferences(told.more), ...differences(told), ...(await inside(told))),
  };
}

/** The form for the two ends, with the newest runs to choose from. */
async function chooser(a, b) {
  const runs = (await ask("/runs", { limit: 100 })).rows;
  const options = h("datalist", { id: "nodes" }, runs.map((run) => h("option", { value: `run:${run.id}` }, run.name)));
  const field = (name, value) => h("label", {}, name.toUpperCase(), h("input", { name, value, list: "nodes", required: true, autocomplete: "off", placeholder: "run:3, execution:3 or artifact:3" }));
  const submit = (event) => {
    event.preventDefault();
    const given = new FormData(event.target);
    go(`/compare?${new URLSearchParams([...given].map(([name, value]) => [name, value.trim()]))}`);
  };
  return h("form", { class: "compare", onsubmit: submit }, field("a", a), field("b", b), options, h("button", {}, "Compare"));
}

function moreDifferences(more) {
  return more ? h("p", { class: "notice" }, "They differ in more than a page can show: of each table the first 1,000 rows are here. mlmeta-track compare tells all.") : null;
}

function nodeLink(node) {
  const places = { artifact: "artifacts", execution: "steps", context: "runs" };
  return link(places[node.kind], node.id, node.kind === "context" ? node.name : `${node.type} ${node.id}`);
}

function differences(told) {
  if (!told.differences.length) return [h("p", { class: "notice good" }, "They do not differ.")];
  const bySection = Map.groupBy ? Map.groupBy(told.differences, (one) => one.section) : grouped(told.differences);
  return [...bySection].map(([name, rows]) =>
    section(name[0].toUpperCase() + name.slice(1), table(name, ["Name", "A", "B"], rows.map((one) => [one.name, valueElement(one.a), valueElement(one.b)]))));
}

function grouped(rows) {
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(row.section)) groups.set(row.section, []);
    groups.get(row.section).push(row);
  }
  return groups;
}

/** Both statistics with their histograms beside each other, where both can be read. */
async function inside(told) {
  if (told.a.kind !== "artifact" || told.a.type !== "ExampleStatistics" || told.b.type !== told.a.type) return [];
  const [a, b] = await Promise.all([told.a, told.b].map((node) => ask(`/artifacts/${node.id}/contents`)));
  if (a.reason || b.reason) return [h("p", { class: "notice" }, a.reason || b.reason)];
  const [first, second] = [a.tables[0]?.features ?? [], b.tables[0]?.features ?? []];
  const others = new Map(second.map((feature) => [feature.name, feature]));
  const names = [...new Set([...first, ...second].map((feature) => feature.name))];
  const byName = new Map(first.map((feature) => [feature.name, feature]));
  const rows = names.map((name) => [name, ...[byName.get(name), others.get(name)].flatMap((feature) => (feature ? [h("div", {}, histogram(feature), h("div", { class: "faint" }, `${summary(feature)} · missing ${percent(missingShare(feature))}`))] : ["—"]))]);
  return [section("Side by side", table("Statistics side by side", ["Feature", "A", "B"], rows))];
}
