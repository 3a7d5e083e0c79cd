/** What an operator should know at once: dead letters, a paused queue, an engine without its queue. */
import { announce } from "./announce.js";
import { byId, h } from "./dom.js";
import { counted } from "./format.js";

/** @typedef {{key: string, text: string, command: string | null}} Warning */

export class Warnings {
  #element = byId("warnings");
  #shown = "";

  /** @param {import("./api.js").Stats | null} stats */
  show(stats) {
    const warnings = stats ? warningsOf(stats) : [];
    const shown = warnings.map((warning) => warning.text).join("\n");
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#element.hidden = !warnings.length;
    this.#element.replaceChildren(...warnings.map(row));
    if (shown) announce(`Warning: ${shown}`);
  }
}

/** @param {import("./api.js").Stats} stats @returns {Warning[]} */
function warningsOf({ queue }) {
  if (queue === null) {
    return [{ key: "Queue away", text: "Orders are taken and kept, and run when the queue is back.", command: null }];
  }
  const warnings = [];
  if (queue.paused) {
    const text = "Orders are taken and wait; workers start none.";
    warnings.push({ key: "Queue paused", text, command: "order-engine queue resume" });
  }
  if (queue.buried > 0) {
    const key = counted(queue.buried, "dead letter");
    const text = `${queue.buried === 1 ? "An order was" : "Orders were"} given up on too often, and an operator has to decide.`;
    warnings.push({ key, text, command: "order-engine queue dead" });
  }
  return warnings;
}

/** @param {Warning} warning */
function row({ key, text, command }) {
  return h("p", { class: "warning" }, h("strong", {}, key), h("span", {}, text), command && h("code", {}, command));
}
