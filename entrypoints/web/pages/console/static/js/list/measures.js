/** How fast orders come and end, measured from their frames: two minutes in steps, and the latest latencies. */
import { engineNow } from "../engine/clock.js";

export const STEP_MS = 2_000;
export const STEPS = 60;
const LATENCIES = 500; // for the headline: the latest of them
const STEP_LATENCIES = 200; // for one step of the chart: more would not move it

/** @typedef {{accepted: number, latencies: number[]}} Step */

export class Measures {
  /** @type {Map<number, Step>} */
  #steps = new Map();
  /** @type {number[]} */
  #latest = [];
  /** @type {Map<string, number>} */
  #failures = new Map();
  #knownSince = engineNow();
  confirmed = 0;
  failed = 0;

  /** Say from when on all orders are known here: before it the charts are empty. @param {number} ms */
  knownSince(ms) {
    this.#knownSince = Math.min(this.#knownSince, ms);
  }

  /** @param {{createdMs: number}} order */
  accepted(order) {
    this.#step(order.createdMs).accepted++;
  }

  /** @param {{status: string, createdMs: number, finishedMs: number | null, reasonCode: string | null}} order */
  finished(order) {
    if (order.reasonCode === "cancelled") return;
    if (order.status === "failed") {
      const reason = order.reasonCode ?? "internal_error";
      this.failed++;
      this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
      return;
    }
    this.confirmed++;
    if (order.finishedMs !== null) {
      const latency = Math.max(0, order.finishedMs - order.createdMs);
      const step = this.#step(order.finishedMs);
      if (step.latencies.length < STEP_LATENCIES) step.latencies.push(latency);
      this.#latest.push(latency);
      if (this.#latest.length > 2 * LATENCIES) this.#latest = this.#latest.slice(-LATENCIES);
    }
  }

  /** Orders accepted per second, over the last two whole steps and the one that runs. */
  get rate() {
    const now = engineNow();
    const running = Math.floor(now / STEP_MS);
    const accepted = [running - 2, running - 1, running].map((number) => this.#steps.get(number)?.accepted ?? 0);
    return accepted.reduce((sum, count) => sum + count) / ((now - (running - 2) * STEP_MS) / 1000);
  }

  /** @returns {(number | null)[]} per second, oldest first; null before anything is known */
  rates() {
    return this.#history((step) => (step?.accepted ?? 0) / (STEP_MS / 1000));
  }

  /** @param {number} share 0.5 is the median @returns {(number | null)[]} in ms; null where nothing was confirmed */
  latencies(share) {
    return this.#history((step) => quantile(step?.latencies ?? [], share));
  }

  /** The quantile of the latest confirmed orders, in ms. @param {number} share */
  latency(share) {
    return quantile(this.#latest.slice(-LATENCIES), share);
  }

  /** @returns {[reason: string, count: number][]} most frequent first */
  failures() {
    return [...this.#failures].sort((a, b) => b[1] - a[1]);
  }

  #step(ms) {
    const number = Math.floor(ms / STEP_MS);
    const step = this.#steps.get(number) ?? { accepted: 0, latencies: [] };
    this.#steps.set(number, step);
    return step;
  }

  #history(read) {
    const now = Math.floor(engineNow() / STEP_MS);
    const first = Math.ceil(this.#knownSince / STEP_MS);
    for (const number of this.#steps.keys()) if (number < now - STEPS) this.#steps.delete(number);
    return Array.from({ length: STEPS }, (_, index) => {
      const number = now - STEPS + index; // whole steps only
      return number < first ? null : read(this.#steps.get(number));
    });
  }
}

/** @param {number[]} values @param {number} share @returns {number | null} */
export function quantile(values, share) {
  if (!values.length) return null;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
