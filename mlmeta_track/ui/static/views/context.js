// An experiment with its runs, and any other context with what is in it.

import { ask } from "../api.js";
import { h } from "../dom.js";
import { duration, time } from "../format.js";
import { artifactLink, contextLink, facts, heading, link, moreNotice, place, section, state, stepLink, table, times } from "../parts/common.js";

export async function experimentView(id) {
  const [shown, runs] = await Promise.all([ask(`/experiments/${id}`), ask("/runs", { experiment: id, limit: 100 })]);
  const rows = runs.rows.map((run) => [link("runs", run.id, run.name), state(run.state), run.last_step, time(run.created)]);
  return {
    title: shown.context.name,
    element: h("div", {}, heading("Experiment", shown.context.name), times(shown.context),
      section("Runs", table("Runs", ["Run", "State", "Last step", "Started"], rows), runs.next ? h("p", { class: "faint" }, "The newest 100 runs are shown.") : null),
      facts(shown.context)),
  };
}

export async function contextView(id) {
  const [shown, steps, artifacts] = await Promise.all([ask(`/contexts/${id}`), ask("/steps", { context: id, limit: 100 }), ask("/artifacts", { context: id, limit: 100 })]);
  const around = [...shown.parents.map((one) => ["above", contextLink(one), one.type]), ...shown.children.map((one) => ["below", contextLink(one), one.type])];
  return {
    title: shown.context.name,
    element: h("div", {}, heading(shown.context.type, shown.context.name), times(shown.context), moreNotice(shown.more),
      section("Contexts above and below", table("Contexts above and below", ["", "Context", "Type"], around, { empty: "None." })),
      section("Steps", table("Steps", ["Step", "State", "Took"], steps.rows.map((step) => [stepLink(step), state(step.state), duration(step.duration_ms)]), { empty: "None." })),
      section("Artifacts", table("Artifacts", ["Artifact", "Type", "Where"], artifacts.rows.map((one) => [artifactLink(one), one.type, place(one.uri)]), { empty: "None." })),
      facts(shown.context)),
  };
}
