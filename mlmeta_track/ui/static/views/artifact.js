// An artifact: where it lies, who made and used it, its versions, and what is inside.

import { ask } from "../api.js";
import { h } from "../dom.js";
import { time } from "../format.js";
import { contextLink, facts, heading, lastPart, link, linksTable, moreNotice, place, section, table, times } from "../parts/common.js";
import { contentsElement } from "../parts/contents.js";

export async function artifactView(id) {
  const [shown, contents] = await Promise.all([ask(`/artifacts/${id}`), ask(`/artifacts/${id}/contents`)]);
  const one = shown.artifact;
  const name = one.properties.name || one.name || (one.uri ? lastPart(one.uri) : `${one.type} in memory`);
  return {
    title: String(name),
    element: h("div", {},
      heading(one.type, String(name), one.state ? h("span", { class: "state" }, one.state) : null, shown.contexts.map((context) => h("span", {}, "in ", contextLink(context))),
        h("a", { class: "button", href: `/lineage/artifact/${id}` }, "Lineage"), h("a", { class: "button", href: `/compare?a=artifact:${id}` }, "Compare")),
      h("p", {}, place(one.uri)), times(one), moreNotice(shown.more),
      contents.kind === "none" ? null : section("Contents", contentsElement(contents)),
      section("Made by", linksTable("Made by", shown.producers, true)),
      section("Used by", linksTable("Used by", shown.consumers, true)),
      versions(shown, Number(id)),
      facts(one)),
  };
}

function versions(shown, id) {
  if (shown.versions.length < 2) return null;
  const rows = shown.versions.map((version, i) => {
    const before = shown.versions[i - 1];
    return [version.id === id ? h("strong", {}, `artifact ${id} (this)`) : link("artifacts", version.id, `artifact ${version.id}`), time(version.created),
      before ? h("a", { href: `/compare?a=artifact:${before.id}&b=artifact:${version.id}` }, "what changed") : ""];
  });
  return section("Versions at this place", table("Versions at this place", ["Artifact", "Created", "Against the one before"], rows.reverse()));
}
