// The lineage of a node: a graph that begins small and opens on demand.

import { ask } from "../api.js";
import { announce, h, replace } from "../dom.js";
import { go } from "../main.js";
import { heading, link } from "../parts/common.js";
import { Graph } from "../parts/graph.js";
import { picture } from "../parts/graph-picture.js";
import { copyText, saveBlob, standaloneSvg, toPng } from "../parts/picture-files.js";

export async function lineageView(kind, id, parameters) {
  const start = `${kind}:${id}`;
  const graph = new Graph();
  const depth = Math.min(Math.max(Number(parameters.get("depth")) || 1, 1), 10);
  const first = await ask("/lineage", { node: start, direction: "both", depth });
  graph.add(first);
  const frame = h("div", { class: "graph-frame", tabindex: 0, role: "region", "aria-label": "Lineage graph" });
  const note = h("p", { class: "faint" });
  const notice = h("div", { role: "status" }, first.more ? h("p", { class: "notice" }, "There is more than can be drawn at once; the nearest nodes are shown.") : null);
  let zoom = 1;

  const draw = (focusOn) => {
    const drawing = picture(graph, start, actions);
    replace(frame, drawing);
    scale(drawing);
    const hidden = [...graph.nodes.keys()].filter((key) => graph.hidden(key).some(Boolean)).length;
    note.textContent = `${graph.nodes.size} nodes, ${graph.edges.size} arrows` + (hidden ? `; ${hidden === 1 ? "one node has" : `${hidden} nodes have`} more around: the + buttons open it.` : ".");
    const target = drawing.querySelector(`[data-node="${CSS.escape(focusOn ?? start)}"] .body`);
    if (focusOn) target?.focus({ preventScroll: false });
    else target?.scrollIntoView({ block: "nearest", inline: "center" });
  };
  const scale = (drawing) => {
    drawing.setAttribute("width", drawing.viewBox.baseVal.width * zoom);
    drawing.setAttribute("height", drawing.viewBox.baseVal.height * zoom);
  };
  const actions = {
    open: (node) => go(`/${node.kind === "artifact" ? "artifacts" : "steps"}/${node.id}`),
    ungroup: (group) => {
      graph.opened.add(group.key);
      draw(group.members[0]);
      announce(`${group.members.length} siblings opened`);
    },
    more: async (node, direction) => {
      const before = graph.nodes.size;
      const answer = await ask("/lineage", { node: node.key, direction, depth: 1 });
      graph.add(answer);
      if (answer.more) replace(notice, cutShort(graph.nodes.size - before, node));
      draw(node.key);
      announce(`${graph.nodes.size - before} more nodes`);
    },
  };
  const zoomTo = (factor) => {
    zoom = factor === 0 ? Math.min(frame.clientWidth / frame.firstChild.viewBox.baseVal.width, 1) : Math.min(Math.max(zoom * factor, 0.2), 3);
    scale(frame.firstChild);
  };
  const name = first.nodes.find((node) => node.key === start);
  const place = kind === "artifact" ? "artifacts" : "steps";
  return {
    title: `Lineage of ${name.label}`,
    element: h("div", {},
      heading("Lineage", link(place, id, name.label), h("span", { class: "faint" }, name.type)),
      h("div", { class: "tools" }, searchForm(graph, frame, draw), buttons(graph, frame, zoomTo), depthLinks(kind, id, depth)),
      notice, frame, note, legend()),
    shown: () => draw(),
  };
}

/** Said where a node has more neighbours than one answer holds. */
function cutShort(added, node) {
  const place = node.kind === "artifact" ? "artifacts" : "steps";
  const what = added ? `${node.label} has more neighbours than can be drawn at once; the nearest were added.` : `${node.label} has more neighbours than can be drawn; all that can are here.`;
  return h("p", { class: "notice" }, `${what} Its newest thousand are on `, link(place, node.id, "its page"), ".");
}

function depthLinks(kind, id, depth) {
  return h("p", { class: "depths" }, "Depth ", [1, 2, 3, 5].map((one) => [h("a", { href: `/lineage/${kind}/${id}?depth=${one}`, "aria-current": one === depth ? "true" : null }, String(one)), " "]));
}

function searchForm(graph, frame, draw) {
  let last = "";
  let at = -1;
  const result = h("span", { class: "faint", "aria-live": "polite" });
  const submit = (event) => {
    event.preventDefault();
    const text = event.target.elements.text.value.trim().toLowerCase();
    const found = [...graph.nodes.values()].filter((node) => text && `${node.type} ${node.label} ${node.detail} ${node.key}`.toLowerCase().includes(text));
    at = text === last ? (at + 1) % Math.max(found.length, 1) : 0;
    last = text;
    result.textContent = text ? `${found.length ? at + 1 : 0} of ${found.length}` : "";
    const keys = new Set(found.map((node) => node.key));
    if (found.length) {
      const group = graph.groups("").find((one) => one.members.includes(found[at].key));
      if (group && !frame.querySelector(`[data-node="${CSS.escape(found[at].key)}"]`)) graph.opened.add(group.key);
      draw(found[at].key);
    }
    for (const node of frame.querySelectorAll("[data-node]")) node.classList.toggle("found", keys.has(node.dataset.node));
  };
  return h("form", { class: "graph-search", role: "search", onsubmit: submit }, h("label", { class: "hidden", for: "in-graph" }, "Find in the graph"), h("input", { id: "in-graph", name: "text", type: "search", placeholder: "Find in the graph" }), h("button", {}, "Find"), result);
}

function buttons(graph, frame, zoomTo) {
  const button = (text, act, label) => h("button", { type: "button", class: "quiet", onclick: act, "aria-label": label ?? text }, text);
  const svg = () => standaloneSvg(frame.firstChild);
  return h("div", { class: "buttons" },
    button("−", () => zoomTo(1 / 1.25), "Smaller"), button("+", () => zoomTo(1.25), "Larger"), button("Fit", () => zoomTo(0), "Fit into the page"),
    button("Copy SVG", () => copyText(svg(), "lineage.svg", "image/svg+xml")),
    button("Save PNG", async () => saveBlob(await toPng(svg(), frame.firstChild.viewBox.baseVal), "lineage.png")),
    button("Copy Mermaid", () => copyText(graph.toMermaid(), "lineage.mmd", "text/plain")));
}

function legend() {
  return h("p", { class: "faint legend" }, h("span", { class: "key artifact" }, "artifact"), h("span", { class: "key execution" }, "step"), "Arrows point the way the data went. Arrow keys walk, Enter opens.");
}
