/** Draws an order's story: attempts, their steps, when each began and how long it took, as bars on one time axis. */
import { engineNow } from "../engine/clock.js";
import { h, setText } from "../shared/dom.js";
import { durationText } from "../shared/format.js";
import { sign } from "../shared/status.js";
import { clockText, dayText } from "../shared/time.js";

const LEAST_SHARE = 0.004; // a bar that can be seen

/** @typedef {import("./story.js").Step} Step @typedef {import("./story.js").Story} Story */

export class Timeline {
  element = h("div", { class: "timeline" });
  /** @type {Story | null} */
  #story = null;
  /** @type {{step: Step, bar: HTMLElement, took: HTMLElement}[]} */
  #rows = [];

  /** @param {Story} story */
  show(story) {
    this.#story = story;
    this.#rows = [];
    const several = story.attempts.length > 1;
    this.element.replaceChildren(...story.attempts.map((attempt) => this.#attempt(attempt, several)));
    this.tick();
  }

  /** Let the step that lasts, and with it the axis, grow. */
  tick() {
    const story = this.#story;
    if (!story) return;
    const end = story.end ?? Math.max(engineNow(), this.#rows.at(-1).step.at);
    const whole = Math.max(1, end - story.start);
    for (const { step, bar, took } of this.#rows) {
      const until = step.until ?? end;
      const last = step.until === null && story.end !== null;
      bar.style.setProperty("--from", String(Math.min(1 - LEAST_SHARE, (step.at - story.start) / whole)));
      bar.style.setProperty("--share", String(Math.max(LEAST_SHARE, (until - step.at) / whole)));
      bar.classList.toggle("lasting", step.until === null && !last);
      setText(took, last ? "" : durationText(until - step.at));
    }
  }

  #attempt({ number, steps }, several) {
    const rows = h("ol", { class: "steps" }, steps.map((step) => this.#step(step)));
    if (!several) return rows;
    return h("section", { class: "attempt" }, h("h3", {}, `Attempt ${number}`), rows);
  }

  #step(step) {
    const bar = h("span", { class: "bar" });
    const took = h("span", { class: "took" });
    this.#rows.push({ step, bar, took });
    const time = h("time", { datetime: new Date(step.at).toISOString(), title: dayText(step.at) }, clockText(step.at));
    const message = h("span", { class: "message" }, step.message);
    return h("li", { "data-status": step.failure ? "failed" : step.status, "data-seq": step.seq },
      h("span", { class: "sign" }, sign(step.failure ? "failed" : step.status)),
      message, time, h("span", { class: "track", "aria-hidden": "true" }, bar), took,
    );
  }
}
