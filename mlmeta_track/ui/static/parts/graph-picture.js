// The lineage graph as a picture: laid out by dagre, drawn as SVG, reachable by keyboard.

import { layout, Graph as Layout } from "../vendor/dagre.esm.js";
import { s } from "../dom.js";

const HEIGHT = 44;
const LETTER = 7.6; // about the width of a letter at 13 px
const [NARROWEST, WIDEST] = [110, 270];
const MARGIN = 28;

/**
 * @param graph   what to draw
 * @param start   the key of the node that it is about
 * @param actions open(node), more(node, direction), ungroup(group): what the reader can do
 */
export function picture(graph, start, actions) {
  const { nodes, edges } = graph.drawn(start);
  const placed = placedNodes(nodes, edges);
  const { width, height } = placed.graph();
  const element = s("svg", { class: "graph", width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `Lineage graph with ${nodes.length} nodes` },
    s("defs", {}, s("marker", { id: "arrow", viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, s("path", { class: "arrow", d: "M0 0L10 5L0 10z" }))),
    edges.map((edge) => edgeElement(edge, placed.edge(edge.source, edge.target))),
    nodes.map((node) => nodeElement(graph, node, placed.node(node.key), node.key === start, actions)));
  element.addEventListener("keydown", (event) => walk(event, graph, element));
  return element;
}

function placedNodes(nodes, edges) {
  const placed = new Layout({ multigraph: false });
  placed.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 56, marginx: MARGIN, marginy: MARGIN });
  placed.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) placed.setNode(node.key, { width: widthOf(node), height: HEIGHT });
  for (const edge of edges) placed.setEdge(edge.source, edge.target, {});
  layout(placed);
  return placed;
}

function widthOf(node) {
  const letters = Math.max([...node.label].length, [...subtitle(node)].length * 0.86);
  return Math.min(Math.max(letters * LETTER + 34, NARROWEST), WIDEST);
}

function subtitle(node) {
  if (node.members) return "open these siblings";
  if (node.kind === "execution") return node.state || "step";
  return node.label === node.type ? node.detail : node.type;
}

function edgeElement(edge, { points }) {
  const path = points.map(({ x, y }, i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return s("path", { class: "edge", d: path, "marker-end": "url(#arrow)", "data-source": edge.source, "data-target": edge.target }, edge.paths.length ? s("title", {}, edge.paths.join(", ")) : null);
}

function nodeElement(graph, node, { x, y, width, height }, isStart, actions) {
  const room = Math.floor((width - 22) / LETTER);
  const act = () => (node.members ? actions.ungroup(node) : actions.open(node));
  const [up, down] = node.members ? [0, 0] : graph.hidden(node.key);
  const name = `${node.kind === "artifact" ? "Artifact" : "Step"} ${node.type} ${node.label} ${node.state}`.trim();
  const left = x - width / 2;
  return s("g", { class: `node ${node.kind}${isStart ? " start" : ""}${node.members ? " pile" : ""}`, "data-node": node.key, "data-state": node.state },
    s("g", { class: "body", tabindex: 0, role: node.members ? "button" : "link", "aria-label": node.members ? `${node.label}: open` : name, "aria-current": isStart ? "true" : null, onclick: act, onkeydown: (event) => pressed(event, act) },
      s("title", {}, node.detail ? `${node.type} ${node.label}\n${node.detail}` : `${node.type} ${node.label}`),
      node.members ? s("rect", { class: "under", x: left + 5, y: y - height / 2 + 5, width, height, rx: 8 }) : null,
      s("rect", { x: left, y: y - height / 2, width, height, rx: node.kind === "artifact" ? height / 2 : 6 }),
      s("text", { class: "label", x, y: y - 3, "text-anchor": "middle" }, cut(node.label, room)),
      s("text", { class: "sub", x, y: y + 13, "text-anchor": "middle" }, cut(subtitle(node), Math.floor(room * 1.1)))),
    up ? moreElement(node, left, y, up, "upstream", actions) : null,
    down ? moreElement(node, left + width, y, down, "downstream", actions) : null);
}

function moreElement(node, x, y, count, direction, actions) {
  const act = () => actions.more(node, direction);
  const what = direction === "upstream" ? "before" : "behind";
  return s("g", { class: "more-button", tabindex: 0, role: "button", "data-more": `${node.key} ${direction}`, "aria-label": `Show ${count} more ${what} ${node.label}`, onclick: act, onkeydown: (event) => pressed(event, act) },
    s("circle", { cx: x, cy: y, r: 12 }), s("text", { x, y: y + 4, "text-anchor": "middle" }, count > 99 ? "99+" : `+${count}`));
}

function pressed(event, act) {
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}

function cut(text, room) {
  const letters = [...text];
  return letters.length > room ? `${letters.slice(0, Math.max(room - 1, 1)).join("")}…` : text;
}

/** Arrow keys go to the neighbour before or behind, and up and down among those at one side. */
function walk(event, graph, element) {
  const key = event.target.closest?.("[data-node]")?.dataset.node;
  if (!key || !event.key.startsWith("Arrow")) return;
  const all = [...element.querySelectorAll("[data-node]")];
  const target = event.key === "ArrowLeft" || event.key === "ArrowRight" ? neighbour(element, key, event.key) : beside(all, key, event.key);
  if (!target) return;
  event.preventDefault();
  target.querySelector(".body").focus();
}

function neighbour(element, key, pressedKey) {
  const [from, to] = pressedKey === "ArrowLeft" ? ["target", "source"] : ["source", "target"];
  const edge = [...element.querySelectorAll(".edge")].find((one) => one.dataset[from] === key);
  return edge && element.querySelector(`[data-node="${CSS.escape(edge.dataset[to])}"]`);
}

function beside(all, key, pressedKey) {
  const box = (one) => one.querySelector(".body").getBoundingClientRect();
  const here = box(all.find((one) => one.dataset.node === key));
  const sign = pressedKey === "ArrowDown" ? 1 : -1;
  return all
    .filter((one) => (box(one).top - here.top) * sign > 4)
    .sort((one, other) => distance(box(one), here) - distance(box(other), here))[0];
}

function distance(one, other) {
  return Math.hypot((one.left - other.left) * 2, one.top - other.top);
}
