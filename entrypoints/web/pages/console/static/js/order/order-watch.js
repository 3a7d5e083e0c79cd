/** Follows one order: its frames, each once and in order whatever breaks, and the order as the API shows it. */
import { getOrder, Problem } from "../engine/api.js";
import { parseExact } from "../engine/exact-json.js";
import { isFinal } from "../engine/orders.js";
import { LiveSocket } from "../engine/socket.js";

const DONE = 1000;
const NOT_FOUND = 4404;
const RETRY_MS = 1_500;

export class OrderWatch {
  /** @type {any[]} by seq from 0 on */
  frames = [];
  /** @type {string[]} the same, as they came */
  texts = [];
  /** @type {any | null} as the API shows it */
  order = null;
  missing = false;
  #stopped = false;
  #asking = false;
  #askAgain = false;
  #timer = 0;

  /**
   * @param {string} orderId
   * @param {{onChange: () => void, onState: (state: import("../engine/socket.js").SocketState) => void}} handlers
   */
  constructor(orderId, handlers) {
    this.orderId = orderId;
    this.handlers = handlers;
    this.socket = new LiveSocket(() => this.#path(), {
      onText: (text) => this.#take(text),
      onState: handlers.onState,
      isEnd: (code) => this.#isEnd(code),
    });
  }

  start() {
    this.ask();
    this.socket.open();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.socket.close();
  }

  /** Read the order again; while that runs, later wishes become one. */
  async ask() {
    if (this.#asking) return void (this.#askAgain = true);
    this.#asking = true;
    this.#askAgain = false;
    try {
      this.order = await getOrder(this.orderId);
    } catch (error) {
      if (error instanceof Problem && error.status === 404) this.missing = true;
      else this.#timer = setTimeout(() => this.#stopped || this.ask(), RETRY_MS);
    }
    this.#asking = false;
    if (this.#stopped) return;
    this.handlers.onChange();
    if (this.#askAgain) this.ask();
  }

  #path() {
    const last = this.frames.at(-1);
    return `/ws/orders/${encodeURIComponent(this.orderId)}${last ? `?afterSeq=${last.seq}` : ""}`;
  }

  #take(text) {
    const frame = parseExact(text);
    if (frame.seq <= (this.frames.at(-1)?.seq ?? -1)) return;
    this.frames.push(frame);
    this.texts.push(text);
    this.handlers.onChange();
    // Quotes, prices and hashes beyond what frames carry are in the order.
    if (frame.chosenDex || isFinal(frame)) this.ask();
  }

  #isEnd(code) {
    if (code === NOT_FOUND) {
      this.missing = true;
      this.handlers.onChange();
    }
    return code === DONE || code === NOT_FOUND;
  }
}
