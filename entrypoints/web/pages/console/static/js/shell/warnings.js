/** What an operator should know at once: a halt, dead letters, a paused queue, an engine without its queue or store. */
import { announce } from "../shared/announce.js";
import { byId, h } from "../shared/dom.js";
import { counted } from "../shared/format.js";

/** @typedef {{key: string, text: string, command: string | null}} Warning */

const STORE_AWAY = { key: "Store away", text: "Nothing can be ordered or read until it is back.", command: null };

export class Warnings {
  #element = byId("warnings");
  #shown = "";

  /** @param {import("../../client/index.js").Stats | null} stats null when the engine answers, and does not know */
  show(stats) {
    const warnings = stats ? warningsOf(stats) : [STORE_AWAY];
    const shown = warnings.map((warning) => warning.text).join("\n");
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#element.hidden = !warnings.length;
    this.#element.replaceChildren(...warnings.map(row));
    if (shown) announce(`Warning: ${shown}`);
  }
}

/** @param {import("../../client/index.js").Stats} stats @returns {Warning[]} */
function warningsOf({ queue, halt }) {
  const warnings = halt ? [haltWarning(halt)] : [];
  if (queue === null) {
    const text = "Orders are taken and kept, and run when the queue is back.";
    return [...warnings, { key: "Queue away", text, command: null }];
  }
  if (queue.paused) {
    const text = "Orders are taken and wait; workers start none.";
    warnings.push({ key: "Queue paused", text, command: "order-engine queue resume" });
  }
  if (queue.buried > 0) {
    const key = counted(queue.buried, "dead letter");
    const [orders, wait] = queue.buried === 1 ? ["An order", "waits"] : ["Orders", "wait"];
    const text = `${orders} could not be run and ${wait} for an operator.`;
    warnings.push({ key, text, command: "order-engine queue dead" });
  }
  return warnings;
}

/** @param {import("../../client/index.js").Stats["halt"]} halt @returns {Warning} */
function haltWarning({ since, why, by, lostWrites }) {
  const text = `Since ${since}, by ${by}: ${why}. Nothing is taken, executed or sent; reading and, unless writes were lost, cancelling go on.`;
  return { key: "Trading halted", text, command: `order-engine ${lostWrites ? "reconcile" : "trading resume"}` };
}

/** @param {Warning} warning */
function row({ key, text, command }) {
  return h("p", { class: "warning" }, h("strong", {}, key), h("span", {}, text), command && h("code", {}, command));
}
