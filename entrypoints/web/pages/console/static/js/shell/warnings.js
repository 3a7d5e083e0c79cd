/** What an operator should know at once: a halt, dead letters, a paused queue, an engine without workers, queue or store. */
import { announce } from "../shared/announce.js";
import { byId, h } from "../shared/dom.js";
import { counted } from "../shared/format.js";
import { dayText } from "../shared/time.js";

const STEADY_BEATS = 2; // so many answers in a row say it before it is shown, and before it goes: one alone may be a hiccup

/**
 * @typedef {{key: string, text: string, command: string | null}} Warning
 * @typedef {import("../../client/index.js").Stats} Stats
 */

const STORE_AWAY = { key: "Store away", text: "Nothing can be ordered or read until it is back.", command: null };
const QUEUE_AWAY = { key: "Queue away", text: "Orders are taken and kept, and run when the queue is back.", command: null };
const NO_WORKER = {
  key: "No worker", text: "Orders are taken and wait: nobody executes them.", command: "order-engine workers",
};

/** Believes what is said several times in a row. */
class Steady {
  #beats = 0;
  holds = false;

  /** @param {boolean} said @returns {boolean} */
  hear(said) {
    this.#beats = said === this.holds ? 0 : this.#beats + 1;
    if (this.#beats === STEADY_BEATS) [this.holds, this.#beats] = [said, 0];
    return this.holds;
  }
}

export class Warnings {
  #element = byId("warnings");
  #shown = "";
  #away = new Map([STORE_AWAY, QUEUE_AWAY, NO_WORKER].map((warning) => [warning, new Steady()]));
  /** @type {Warning[]} what was surely so when the engine last said it */
  #sure = [];

  /** @param {Stats | null} stats null when the engine answers, and does not know */
  show(stats) {
    if (stats) this.#sure = sureOf(stats);
    const said = stats ? awayOf(stats) : [STORE_AWAY];
    const away = [...this.#away].filter(([warning, steady]) => steady.hear(said.includes(warning)));
    const storeAway = this.#away.get(STORE_AWAY).holds;
    const warnings = storeAway ? [STORE_AWAY] : [...this.#sure, ...away.map(([warning]) => warning)];
    const shown = warnings.map((warning) => warning.text).join("\n");
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#element.hidden = !warnings.length;
    this.#element.replaceChildren(...warnings.map(row));
    if (shown) announce(`Warning: ${shown}`);
  }
}

/** @param {Stats} stats @returns {Warning[]} */
function awayOf({ queue, workers }) {
  return [...(queue === null ? [QUEUE_AWAY] : []), ...(workers.length === 0 ? [NO_WORKER] : [])];
}

/** @param {Stats} stats @returns {Warning[]} */
function sureOf({ queue, halt }) {
  const warnings = halt ? [haltWarning(halt)] : [];
  if (queue?.paused) {
    const text = "Orders are taken and wait; workers start none.";
    warnings.push({ key: "Queue paused", text, command: "order-engine queue resume" });
  }
  if (queue && queue.buried > 0) {
    const key = counted(queue.buried, "dead letter");
    const [orders, wait] = queue.buried === 1 ? ["An order", "waits"] : ["Orders", "wait"];
    const text = `${orders} could not be run and ${wait} for an operator.`;
    warnings.push({ key, text, command: "order-engine queue dead" });
  }
  return warnings;
}

/** @param {NonNullable<Stats["halt"]>} halt @returns {Warning} */
function haltWarning({ since, why, by, lostWrites }) {
  const text = `Since ${dayText(Date.parse(since))}, by ${by}: ${why}. Nothing is taken, executed or sent; reading and, unless writes were lost, cancelling go on.`;
  return { key: "Trading halted", text, command: `order-engine ${lostWrites ? "reconcile" : "trading resume"}` };
}

/** @param {Warning} warning */
function row({ key, text, command }) {
  return h("p", { class: "warning" }, h("strong", {}, key), h("span", {}, text), command && h("code", {}, command));
}
