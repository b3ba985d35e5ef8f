// The lineage graph as data: what is known of it, what is folded into groups, and its text forms.

const GROUP_FROM = 4; // so many siblings of one type are drawn as one

export class Graph {
  constructor() {
    this.nodes = new Map();
    this.edges = new Map();
    this.totals = new Map(); // neighbours that the store knows, by node: [up, down]
    this.opened = new Set(); // groups that the reader has opened
  }

  /** Take in what the API has answered. */
  add(answer) {
    const [up, down] = [new Map(), new Map()];
    for (const edge of answer.edges) {
      const key = `${edge.source}>${edge.target}`;
      const known = this.edges.get(key);
      const paths = new Set([...(known?.paths ?? []), edge.path].filter(Boolean));
      this.edges.set(key, { source: edge.source, target: edge.target, paths: [...paths] });
      count(up, edge.target, edge.source);
      count(down, edge.source, edge.target);
    }
    for (const node of answer.nodes) {
      this.nodes.set(node.key, node);
      const totals = [node.hidden_up + (up.get(node.key)?.size ?? 0), node.hidden_down + (down.get(node.key)?.size ?? 0)];
      this.totals.set(node.key, totals);
    }
  }

  /** How many neighbours of a node up and down are not in the graph. */
  hidden(key) {
    const [up, down] = this.totals.get(key) ?? [0, 0];
    return [Math.max(up - this.before(key).length, 0), Math.max(down - this.behind(key).length, 0)];
  }

  before(key) {
    return [...this.edges.values()].filter((edge) => edge.target === key).map((edge) => edge.source);
  }

  behind(key) {
    return [...this.edges.values()].filter((edge) => edge.source === key).map((edge) => edge.target);
  }

  /** What is drawn: nodes and groups of siblings, and the edges between them. */
  drawn(start) {
    const groups = this.groups(start);
    const groupOf = new Map();
    for (const group of groups) for (const key of group.members) groupOf.set(key, group.key);
    const nodes = [...groups, ...[...this.nodes.values()].filter((node) => !groupOf.has(node.key))];
    const edges = new Map();
    for (const edge of this.edges.values()) {
      const [source, target] = [groupOf.get(edge.source) ?? edge.source, groupOf.get(edge.target) ?? edge.target];
      edges.set(`${source}>${target}`, { source, target, paths: source === edge.source && target === edge.target ? edge.paths : [] });
    }
    return { nodes, edges: [...edges.values()] };
  }

  /** Siblings: nodes of one type that have the very same neighbours. */
  groups(start) {
    const alike = new Map();
    const neighbours = new Map([...this.nodes.keys()].map((key) => [key, []]));
    for (const { source, target } of this.edges.values()) {
      neighbours.get(source)?.push(`>${target}`);
      neighbours.get(target)?.push(`<${source}`);
    }
    for (const node of this.nodes.values()) {
      if (node.key === start) continue;
      const key = `group ${node.kind} ${node.type} ${neighbours.get(node.key).sort().join(" ")}`;
      if (this.opened.has(key)) continue;
      alike.set(key, [...(alike.get(key) ?? []), node]);
    }
    return [...alike]
      .filter(([, members]) => members.length >= GROUP_FROM)
      .map(([key, members]) => ({ key, kind: members[0].kind, type: members[0].type, label: `${members.length} × ${members[0].type}`, detail: "", state: "", members: members.map((node) => node.key) }));
  }

  /** The graph as a Mermaid flowchart. */
  toMermaid() {
    const id = (key) => (key.startsWith("artifact") ? "a" : "e") + key.split(":")[1];
    const lines = ["flowchart LR"];
    for (const node of this.nodes.values()) {
      const text = escaped(node.kind === "artifact" ? `${node.type} ${node.label}` : node.label);
      lines.push(node.kind === "artifact" ? `    ${id(node.key)}(["${text}"])` : `    ${id(node.key)}["${text}"]`);
    }
    for (const { source, target } of this.edges.values()) lines.push(`    ${id(source)} --> ${id(target)}`);
    return lines.join("\n");
  }
}

function count(map, key, other) {
  if (!map.has(key)) map.set(key, new Set());
  map.get(key).add(other);
}

function escaped(text) {
  return [...text.replaceAll("\n", " ")].map((c) => (/[\p{L}\p{N} .,_/:()-]/u.test(c) ? c : `#${c.codePointAt(0)};`)).join("");
}
