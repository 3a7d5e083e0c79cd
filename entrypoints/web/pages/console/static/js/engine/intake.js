/** Collects what comes in and hands it on in batches: once a frame, or five times a second when it comes fast. */

const BUSY_PER_SECOND = 60;
const CALM_MS = 16;
const BUSY_MS = 200;

/** @template Item */
export class Intake {
  /** @type {Item[]} */
  #waiting = [];
  #second = 0;
  #inSecond = 0;
  #busy = false;

  /** @param {(batch: Item[]) => void} take */
  constructor(take) {
    this.take = take;
  }

  /** @param {Item} item */
  add(item) {
    this.#count();
    this.#waiting.push(item);
    // A timer and no animation frame: those stop while the page is hidden, and its orders would pile up.
    if (this.#waiting.length === 1) setTimeout(() => this.#flush(), this.#busy ? BUSY_MS : CALM_MS);
  }

  #flush() {
    const batch = this.#waiting;
    this.#waiting = [];
    this.take(batch);
  }

  #count() {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#busy = this.#inSecond > BUSY_PER_SECOND;
      this.#second = second;
      this.#inSecond = 0;
    }
    if (++this.#inSecond > BUSY_PER_SECOND) this.#busy = true;
  }
}
