// The steps of a run as bars over time, each below the step that it was called in.

import { h, s } from "../dom.js";
import { duration } from "../format.js";
import { state, stepLink } from "./common.js";

const WIDTH = 1000; // units of the picture, stretched to the width that there is

export function timeline(steps) {
  if (!steps.length) return h("p", { class: "faint" }, "No steps yet.");
  const now = Date.now();
  const ends = steps.map(({ step }) => end(step, now));
  const first = Math.min(...steps.map(({ step }) => step.created));
  const span = Math.max(Math.max(...ends) - first, 1);
  const depths = depthsOf(steps);
  const rows = steps.map(({ step }, i) => {
    const x = ((step.created - first) / span) * WIDTH;
    const width = Math.max(((ends[i] - step.created) / span) * WIDTH, 3);
    return h("li", { class: "step-row", "data-step": step.id, "data-depth": Math.min(depths.get(step.id), 6) },
      h("span", { class: "step-name" }, stepLink(step)),
      state(step.state),
      s("svg", { class: `bar-picture bar-${step.state.toLowerCase()}`, viewBox: `0 0 ${WIDTH} 10`, preserveAspectRatio: "none", "aria-hidden": "true" },
        s("rect", { class: "track", x: 0, y: 4.5, width: WIDTH, height: 1 }), s("rect", { class: "span", x: Math.min(x, WIDTH - 3), y: 1, width, height: 8 })),
      h("span", { class: "took" }, step.state === "RUNNING" ? "running" : duration(step.duration_ms)));
  });
  return h("ol", { class: "timeline", "aria-label": "Steps in the order in which they began" }, rows);
}

function end(step, now) {
  if (step.duration_ms !== null) return step.created + step.duration_ms;
  return step.state === "RUNNING" ? now : step.updated;
}

function depthsOf(steps) {
  const parents = new Map(steps.map(({ step, parent }) => [step.id, parent]));
  const depths = new Map();
  for (const { step } of steps) {
    let depth = 0;
    const seen = new Set([step.id]);
    for (let up = parents.get(step.id); up !== null && up !== undefined && !seen.has(up); up = parents.get(up)) {
      seen.add(up);
      depth += 1;
    }
    depths.set(step.id, depth);
  }
  return depths;
}
