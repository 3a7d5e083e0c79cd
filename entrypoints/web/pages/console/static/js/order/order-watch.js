/** Follows one order: its frames, each once and in order whatever breaks, and the order as the API shows it. */
import { OrderEngineError, OrderNotFound } from "../../client/index.js";
import { client } from "../engine/client.js";
import { isFinal } from "../engine/orders.js";

const RETRY_MS = 1_500;

export class OrderWatch {
  /** @type {any[]} by seq from 0 on */
  frames = [];
  /** @type {any | null} as the API shows it */
  order = null;
  missing = false;
  #stopped = false;
  #asking = false;
  #askAgain = false;
  #timer = 0;

  /**
   * @param {string} orderId
   * @param {{onChange: () => void, onState: (state: import("../../client/index.js").SocketState) => void}} handlers
   */
  constructor(orderId, handlers) {
    this.orderId = orderId;
    this.handlers = handlers;
    this.live = client.watch(orderId, { onState: handlers.onState });
  }

  start() {
    this.ask();
    this.#follow();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.live.close();
  }

  /** Read the order again; while that runs, later wishes become one. */
  async ask() {
    if (this.#asking) return void (this.#askAgain = true);
    this.#asking = true;
    this.#askAgain = false;
    try {
      this.order = await client.order(this.orderId);
    } catch (error) {
      if (error instanceof OrderNotFound) this.missing = true;
      else this.#timer = setTimeout(() => this.#stopped || this.ask(), RETRY_MS);
    }
    this.#asking = false;
    if (this.#stopped) return;
    this.handlers.onChange();
    if (this.#askAgain) this.ask();
  }

  async #follow() {
    try {
      for await (const frame of this.live) this.#take(frame);
    } catch (error) {
      if (!(error instanceof OrderEngineError)) throw error;
      this.missing = error instanceof OrderNotFound;
      this.handlers.onChange();
    }
  }

  #take(frame) {
    if (this.#stopped) return;
    this.frames.push(frame);
    this.handlers.onChange();
    // Quotes, prices and hashes beyond what frames carry are in the order.
    if (frame.chosenDex || isFinal(frame)) this.ask();
  }
}
