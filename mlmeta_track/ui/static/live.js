// Watching for steps that begin and end: one question a second while the page is looked at.

import { ask, ApiError } from "./api.js";

const EVERY_MS = 1000;
let timer;

/** Call `seen` with the steps that changed, of one context or of all, until another page is shown. */
export function watch(context, newest, seen) {
  stopWatching();
  let since = newest;
  const states = new Map();
  const look = async () => {
    if (!document.hidden) {
      try {
        const changes = await ask("/changes", { since, context });
        since = changes.newest;
        const news = changes.steps.filter((step) => states.get(step.id) !== step.state);
        news.forEach((step) => states.set(step.id, step.state));
        if (news.length) await seen(news);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
    }
    if (mine === timer?.mark) timer.handle = setTimeout(look, EVERY_MS);
  };
  const mine = {};
  timer = { mark: mine, handle: setTimeout(look, EVERY_MS) };
}

export function stopWatching() {
  clearTimeout(timer?.handle);
  timer = undefined;
}
