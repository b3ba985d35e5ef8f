// A step: what it used, what it made, and its parameters.

import { ask } from "../api.js";
import { h } from "../dom.js";
import { contextLink, facts, heading, linksTable, moreNotice, section, state, stepLink, times } from "../parts/common.js";

export async function stepView(id) {
  const shown = await ask(`/steps/${id}`);
  const step = shown.step;
  const word = { COMPLETE: "COMPLETED" }[step.last_known_state] ?? step.last_known_state;
  const error = step.custom_properties.mlmeta_error_message;
  return {
    title: step.type,
    element: h("div", {},
      heading("Step", step.name || step.type, state(word), shown.contexts.map((one) => h("span", {}, "in ", contextLink(one))),
        shown.parent ? h("span", {}, "called in ", stepLink(shown.parent)) : null,
        h("a", { class: "button", href: `/lineage/execution/${id}` }, "Lineage"), h("a", { class: "button", href: `/compare?a=execution:${id}` }, "Compare")),
      times(step), moreNotice(shown.more),
      error ? h("p", { class: "notice bad" }, `${step.custom_properties.mlmeta_error_type ?? "Error"}: ${error}`) : null,
      section("Inputs", linksTable("Inputs", shown.inputs, false)),
      section("Outputs", linksTable("Outputs", shown.outputs, false)),
      facts(step)),
  };
}
