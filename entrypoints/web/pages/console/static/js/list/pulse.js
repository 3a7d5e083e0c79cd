/** Asks the engine every 2 s while someone looks: for its counts, of which two minutes are kept, or just for an answer. */
import { Problem } from "../../client/index.js";
import { client } from "../engine/client.js";
import { seesEngine } from "../engine/session.js";
import { STEPS, STEP_MS } from "./measures.js";

/** @typedef {import("../../client/index.js").Stats} Stats */

export class Pulse {
  /** @type {Stats | null} */
  stats = null;
  /** Why there are none, when the engine said it. @type {Problem | null} */
  problem = null;
  /** @type {(Stats | null)[]} oldest first; null where the engine gave none */
  history = [];
  #misses = 0;

  /** @param {{onBeat: () => void, onSilence: () => void}} handlers `onSilence`: twice without an answer */
  constructor(handlers) {
    this.handlers = handlers;
  }

  async start() {
    for (;;) {
      if (!document.hidden) await this.#beat();
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }

  /** The history of one figure, padded to full length. @param {(stats: Stats) => number | null | undefined} read */
  series(read) {
    const values = this.history.map((stats) => (stats ? (read(stats) ?? null) : null));
    return [...Array(STEPS - values.length).fill(null), ...values];
  }

  async #beat() {
    try {
      if (seesEngine()) this.stats = await client.stats();
      else await client.me();
      this.problem = null;
      this.#misses = 0;
    } catch (error) {
      this.stats = null;
      this.problem = error instanceof Problem ? error : null;
      if (!this.problem && ++this.#misses === 2) this.handlers.onSilence();
    }
    this.history = [...this.history, this.stats].slice(-STEPS);
    this.handlers.onBeat();
  }
}
