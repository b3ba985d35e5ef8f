// Statistics, schemas and anomalies, drawn as tables with small histograms.

import { h, s } from "../dom.js";
import { number, percent } from "../format.js";
import { table } from "./common.js";

export function contentsElement(contents) {
  if (contents.reason) return h("p", { class: "notice" }, contents.reason);
  return { statistics: statistics, schema: schema, anomalies: anomalies }[contents.kind](contents.tables);
}

function statistics(tables) {
  return tables.map((one) => [
    tables.length > 1 ? h("h3", {}, one.name || "all examples") : null,
    h("p", {}, `${number(one.num_examples)} examples, ${one.features.length} features`),
    table(`Statistics ${one.name}`, ["Feature", "Type", "Missing", "Values", "Distribution"], one.features.map(statisticsRow)),
  ]);
}

function statisticsRow(feature) {
  const share = missingShare(feature);
  return [feature.name, feature.type, h("span", { class: share > 0.3 ? "much" : "" }, percent(share)), summary(feature), histogram(feature)];
}

export function missingShare(feature) {
  const total = feature.count + feature.missing;
  return total ? feature.missing / total : 0;
}

export function summary(feature) {
  if (feature.mean !== null) return `mean ${number(feature.mean)}, sd ${number(feature.std_dev)}, ${number(feature.minimum)} – ${number(feature.maximum)}, median ${number(feature.median)}`;
  if (feature.unique !== null) return `${number(feature.unique)} different`;
  return "";
}

const WIDTH = 160;
const HEIGHT = 34;

/** A histogram small enough for a row; the bars' counts are in its description. */
export function histogram(feature) {
  const bars = feature.bars;
  if (!bars.length) return "";
  const highest = Math.max(...bars.map((bar) => bar.count), 1);
  const width = WIDTH / bars.length;
  const name = (bar) => bar.label ?? `${number(bar.low)} – ${number(bar.high)}`;
  const most = bars.reduce((best, bar) => (bar.count > best.count ? bar : best));
  return s("svg", { class: "histogram", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${feature.name}: ${bars.length} bars, most in ${name(most)}` },
    bars.map((bar, i) => {
      const height = bar.count ? Math.max((bar.count / highest) * (HEIGHT - 2), 1) : 0;
      return s("rect", { x: i * width + 0.5, y: HEIGHT - height, width: Math.max(width - 1, 0.5), height }, s("title", {}, `${name(bar)}: ${number(bar.count)}`));
    }),
    s("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }));
}

function schema(rows) {
  return [
    h("p", {}, `${rows.length} features`),
    table("Schema", ["Feature", "Type", "Presence", "Values an example", "Domain", "Also"], rows.map((row) => [row.name, row.type, row.presence, row.valency, domain(row), also(row)])),
  ];
}

const FEW = 12;

function domain(row) {
  if (!row.values.length) return row.domain;
  const shown = row.values.slice(0, FEW).join(", ");
  if (row.values.length <= FEW) return `${row.domain}: ${shown}`;
  return h("details", {}, h("summary", {}, `${row.domain}: ${row.values.length} values`), row.values.join(", "));
}

function also(row) {
  return [row.stage, row.environments, row.comparators].filter(Boolean).join("; ");
}

function anomalies(rows) {
  if (!rows.length) return h("p", { class: "notice good" }, "No anomalies.");
  return table("Anomalies", ["Feature", "Severity", "Finding", "Description"], rows.map((row) => [row.feature, h("span", { class: `severity severity-${row.severity.toLowerCase()}` }, row.severity), row.short_description, row.description]));
}
