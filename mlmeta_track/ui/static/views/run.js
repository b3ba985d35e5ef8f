// A run: its steps over time, and what it takes to run it again; live while it runs.

import { ask } from "../api.js";
import { h, replace } from "../dom.js";
import { watch } from "../live.js";
import { contextLink, facts, heading, section, times } from "../parts/common.js";
import { timeline } from "../parts/timeline.js";

export async function runView(id) {
  const run = await ask(`/runs/${id}`);
  const steps = h("div", { "data-timeline": true }, timeline(run.steps));
  const refresh = async () => replace(steps, timeline((await ask(`/runs/${id}`)).steps));
  return {
    title: run.run.name,
    element: h("div", {},
      heading("Run", run.run.name, run.experiments.map((one) => h("span", {}, "in ", contextLink(one))), h("a", { class: "button", href: `/compare?a=run:${id}` }, "Compare with another run")),
      times(run.run),
      section("Steps", steps, run.more ? h("p", { class: "faint" }, "The first 1,000 steps are shown.") : null),
      facts(run.run)),
    shown: () => watch(id, run.run.create_time_since_epoch, refresh),
  };
}
