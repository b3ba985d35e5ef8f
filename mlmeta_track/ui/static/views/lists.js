// Lists: runs, experiments, steps and artifacts, with a filter and pages.

import { ask, ApiError } from "../api.js";
import { h, replace } from "../dom.js";
import { duration, time } from "../format.js";
import { watch } from "../live.js";
import { artifactLink, contextLink, heading, link, place, state, stepLink, table } from "../parts/common.js";
import { filterBox } from "../parts/filter.js";

const LIMIT = 25;

/** A list with a box for the filter above and a button for more below. */
async function listView({ title, path, kind, columns, row, parameters, live }) {
  const condition = parameters.get("filter") ?? "";
  const body = h("div", { class: "rows" });
  const more = h("div", { class: "more" });
  let rows = [];
  let next = null;
  let applied = condition;

  const draw = () => {
    replace(body, table(title, columns, rows.map(row), { keys: rows.map((one) => one.id), empty: applied ? "Nothing fits this filter." : "Nothing recorded yet." }));
    replace(more, next ? h("button", { type: "button", onclick: load }, "Show more") : null);
  };
  const load = async () => {
    const page = await ask(path, { filter: applied, limit: LIMIT, token: next });
    rows = rows.concat(page.rows);
    next = page.next;
    draw();
  };
  const begin = async (filter) => {
    const page = await ask(path, { filter, limit: LIMIT });
    [applied, rows, next] = [filter, page.rows, page.next];
    const address = filter ? `?filter=${encodeURIComponent(filter)}` : location.pathname;
    if (filter !== condition || location.search) history.replaceState(null, "", address);
    draw();
  };
  const box = filterBox(kind, condition, begin);
  try {
    await begin(condition);
  } catch (error) {
    // A filter in the address that cannot be used: the box is there to mend it.
    if (!(error instanceof ApiError) || !condition) throw error;
    box.refuse(error);
  }
  const refresh = async () => {
    const page = await ask(path, { filter: applied, limit: Math.max(LIMIT, Math.min(rows.length, 200)) });
    if (rows.length <= page.rows.length) [rows, next] = [page.rows, page.next];
    draw();
  };
  return {
    title,
    element: h("div", {}, heading("All", title), box.element, body, more),
    shown: live ? () => watch(undefined, Date.now(), refresh) : undefined,
  };
}

export function runsView(parameters) {
  return listView({
    title: "Runs", path: "/runs", kind: "contexts", live: true, parameters,
    columns: ["Run", "Experiment", "State", "Last step", "Started"],
    row: (run) => [link("runs", run.id, run.name), run.experiments.join(", "), state(run.state), run.last_step, time(run.created)],
  });
}

export function experimentsView(parameters) {
  return listView({
    title: "Experiments", path: "/experiments", kind: "contexts", parameters,
    columns: ["Experiment", "Note", "Created"],
    row: (one) => [contextLink(one), one.note, time(one.created)],
  });
}

export function stepsView(parameters) {
  return listView({
    title: "Steps", path: "/steps", kind: "steps", live: true, parameters,
    columns: ["Step", "State", "Took", "Started"],
    row: (step) => [stepLink(step), state(step.state), duration(step.duration_ms), time(step.created)],
  });
}

export function artifactsView(parameters) {
  return listView({
    title: "Artifacts", path: "/artifacts", kind: "artifacts", parameters,
    columns: ["Artifact", "Type", "Where", "State", "Created"],
    row: (one) => [artifactLink(one), one.type, place(one.uri), one.state, time(one.created)],
  });
}
