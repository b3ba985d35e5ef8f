// The box for a filter: completes names, and shows a mistake where it stands.

import { ask, ApiError } from "../api.js";
import { h, replace } from "../dom.js";

const WORDS = ["AND", "OR", "NOT", "LIKE", "IN", "IS NULL", "IS NOT NULL", "BETWEEN"];
const ATTRIBUTES = {
  artifacts: ["type", "name", "uri", "state", "id", "create_time_since_epoch", "last_update_time_since_epoch", "contexts_a.name", "contexts_a.type", "events_e.type"],
  steps: ["type", "name", "last_known_state", "id", "create_time_since_epoch", "last_update_time_since_epoch", "contexts_a.name", "contexts_a.type", "events_e.type"],
  contexts: ["type", "name", "id", "create_time_since_epoch", "last_update_time_since_epoch", "parent_contexts_p.name", "child_contexts_c.name"],
};
const STATES = ["COMPLETE", "RUNNING", "FAILED", "CACHED", "CANCELED", "LIVE", "DELETED"];
const MOST = 8;

/**
 * @param kind  artifacts, steps or contexts: whose names are completed
 * @param value the filter to begin with
 * @param submit is called with the filter; what it throws is shown at the box
 * @returns the box's `element`, and `refuse(error)`, which shows a mistake that was found elsewhere
 */
export function filterBox(kind, value, submit) {
  const problem = h("p", { class: "problem", id: "filter-problem", role: "alert" });
  const choices = h("ul", { class: "choices", id: "filter-choices", role: "listbox", "aria-label": "Names" });
  const input = h("input", {
    id: "filter", name: "filter", type: "text", value, autocomplete: "off", spellcheck: "false",
    placeholder: EXAMPLES[kind], role: "combobox", "aria-expanded": "false",
    "aria-controls": "filter-choices", "aria-autocomplete": "list", "aria-describedby": "filter-problem",
  });
  let names = [];
  let chosen = -1;
  ask("/names").then((all) => (names = candidates(kind, all)), () => {});

  const close = () => {
    chosen = -1;
    replace(choices);
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const take = (name) => {
    const [start, end] = word(input);
    input.setRangeText(name, start, end, "end");
    close();
    input.focus();
  };
  const suggest = () => {
    const [start, end] = word(input);
    const begun = input.value.slice(start, end).toLowerCase();
    const fitting = begun ? names.filter((name) => name.toLowerCase().includes(begun) && name.toLowerCase() !== begun).slice(0, MOST) : [];
    chosen = -1;
    replace(choices, fitting.map((name, i) => h("li", { role: "option", id: `choice-${i}`, "aria-selected": "false", onmousedown: (event) => { event.preventDefault(); take(name); } }, name)));
    input.setAttribute("aria-expanded", String(fitting.length > 0));
  };
  const mark = (step) => {
    const all = [...choices.children];
    if (!all.length) return;
    chosen = (chosen + step + all.length) % all.length;
    all.forEach((one, i) => one.setAttribute("aria-selected", String(i === chosen)));
    input.setAttribute("aria-activedescendant", `choice-${chosen}`);
  };
  input.addEventListener("input", suggest);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) {
      event.preventDefault();
      take(choices.children[chosen].textContent);
    }
  });

  const refuse = (error) => {
    input.setAttribute("aria-invalid", "true");
    replace(problem, ...pointed(input.value, error.message));
  };
  const run = async () => {
    close();
    try {
      await submit(input.value);
      replace(problem);
      input.removeAttribute("aria-invalid");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refuse(error);
    }
  };
  const form = h("form", { class: "filter", onsubmit: (event) => { event.preventDefault(); run(); } },
    h("label", { for: "filter" }, "Filter"), h("div", { class: "combo" }, input, choices), h("button", {}, "Apply"));
  return { element: h("div", { class: "filter-box" }, form, problem), refuse };
}

const EXAMPLES = {
  artifacts: "type = 'DataSet' AND properties.split = 'train'",
  steps: "last_known_state = FAILED",
  contexts: "name LIKE '%train%'",
};

function candidates(kind, all) {
  const types = all[kind].map((one) => `'${one.type.replaceAll("'", "\\'")}'`);
  const properties = all[kind].flatMap((one) => one.properties).map((name) => `properties.${quoted(name)}`);
  return [...new Set([...ATTRIBUTES[kind], ...properties, "custom_properties.", ...types, ...STATES, ...WORDS])];
}

function quoted(name) {
  return /^\w+$/.test(name) ? name : `\`${name}\``;
}

/** Where the word that is being written begins and ends. */
function word(input) {
  const end = input.selectionStart ?? input.value.length;
  const before = /[\w.'`]*$/.exec(input.value.slice(0, end))[0];
  return [end - before.length, end];
}

/** The message, and below it the filter with a mark under the character that it names. */
function pointed(text, message) {
  const at = /At character (\d+)/.exec(message);
  if (!at) return [message];
  const column = Math.min(Number(at[1]), text.length + 1);
  return [message, h("pre", { "aria-hidden": "true" }, `${text}\n${" ".repeat(Math.max(column - 1, 0))}^`)];
}
