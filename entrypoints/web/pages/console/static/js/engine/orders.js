/** The orders that this page knows, newest first, each as of its latest news, wherever that came from. */
import { received } from "../shared/swap.js";

export const MOST = 10_000; // beyond it the oldest are let go, so that a page open for days stays light

/**
 * @typedef {Object} Order
 * @property {string} orderId
 * @property {string} userId
 * @property {string} inputToken
 * @property {string} outputToken
 * @property {string} amount exact
 * @property {string} status
 * @property {string | null} chosenDex
 * @property {string | null} executionPrice exact
 * @property {number | null} [received] what its swap gave, which no frame says; null when nobody knows
 * @property {number} attempt
 * @property {string | null} reasonCode
 * @property {number} createdMs
 * @property {number | null} finishedMs
 * @property {number} seq of its latest event; -1 before the engine sent any
 * @property {number} heardMs when there was last news, on the page's own timer
 * @property {number} rank settles which of two orders of the same millisecond is newer
 */

/** @param {{status: string}} order */
export function isFinal(order) {
  return order.status === "confirmed" || order.status === "failed";
}

export class Orders {
  /** @type {Map<string, Order>} */
  #byId = new Map();
  /** @type {Order[]} */
  #sorted = [];
  #inOrder = true;
  #rank = 0;
  /** Called with each order that became final. @type {(order: Order) => void} */
  onFinal = () => {};
  /** Called with each order that was not known. @type {(order: Order) => void} */
  onNew = () => {};
  /** Rises with every change. */
  revision = 0;
  /** Whether orders were let go. */
  full = false;

  get size() {
    return this.#byId.size;
  }

  /** @param {string} orderId */
  get(orderId) {
    return this.#byId.get(orderId);
  }

  /** Take an order as the API shows it, unless newer news is here. `old`: it is no news to anyone. */
  put(shown, rank = ++this.#rank, old = false) {
    const known = this.#byId.get(shown.orderId);
    const seq = shown.logs.length; // the n-th log line is the n-th event's message
    const gave = shown.status === "confirmed" ? received(shown) : undefined;
    if (known && known.seq >= seq) {
      if (known.seq === seq) known.received = gave;
      return known;
    }
    const news = {
      status: shown.status, chosenDex: shown.chosenDex, executionPrice: shown.executionPrice, attempt: shown.attempt,
      reasonCode: shown.reasonCode, received: gave, createdMs: Date.parse(shown.createdAt), seq,
      finishedMs: shown.finishedAt && Date.parse(shown.finishedAt), heardMs: performance.now(),
    };
    const { orderId, userId, inputToken, outputToken, amount } = shown;
    return this.#take(known, { orderId, userId, inputToken, outputToken, amount, ...news, rank }, old);
  }

  /** Take a page of the list, which is newest first. */
  putPage(page, old = false) {
    const newest = (this.#rank += page.length);
    return page.map((shown, index) => this.put(shown, newest - index, old));
  }

  /** Forget the orders that the whole list, read at `sinceMs` or later, does not have: the engine has other data now. */
  keepOnly(page, sinceMs) {
    const there = new Set(page.map(({ orderId }) => orderId));
    this.#sorted = this.#sorted.filter((order) => there.has(order.orderId) || order.heardMs >= sinceMs);
    if (this.#sorted.length === this.#byId.size) return;
    this.#byId = new Map(this.#sorted.map((order) => [order.orderId, order]));
    this.revision++;
  }

  /** Show an order that was just accepted, before the engine reports it. */
  expect(orderId, fields, createdMs) {
    if (this.#byId.has(orderId)) return;
    const order = { ...fields, orderId, status: "pending", chosenDex: null, executionPrice: null, attempt: 1 };
    const rest = { reasonCode: null, finishedMs: null, seq: -1, heardMs: performance.now(), rank: ++this.#rank };
    this.#take(undefined, { ...order, ...rest, createdMs });
  }

  /** Take a frame; false when it is of an order that isn't known here. */
  apply(frame) {
    const known = this.#byId.get(frame.orderId);
    if (!known && frame.seq > 0) return false;
    if (known && known.seq >= frame.seq) return true;
    const at = Date.parse(frame.timestamp);
    const { status, attempt, seq } = frame;
    const news = { status, attempt, seq, heardMs: performance.now() };
    if (frame.chosenDex) news.chosenDex = frame.chosenDex;
    if (frame.executionPrice) news.executionPrice = frame.executionPrice;
    if (frame.reasonCode) news.reasonCode = frame.reasonCode;
    if (isFinal(frame)) Object.assign(news, { finishedMs: at, received: undefined });
    if (seq === 0) {
      const { orderId, userId, inputToken, outputToken, amount } = frame;
      const rest = { chosenDex: null, executionPrice: null, reasonCode: null, finishedMs: null, rank: ++this.#rank };
      Object.assign(news, { ...rest, orderId, userId, inputToken, outputToken, amount, createdMs: at });
    }
    this.#take(known, news);
    return true;
  }

  /** All orders, newest first. @returns {readonly Order[]} */
  newestFirst() {
    if (!this.#inOrder) {
      this.#sorted.sort((a, b) => b.createdMs - a.createdMs || b.rank - a.rank);
      this.#inOrder = true;
      for (const old of this.#sorted.splice(MOST)) {
        this.#byId.delete(old.orderId);
        this.full = true;
      }
    }
    return this.#sorted;
  }

  #take(known, news, old = false) {
    const order = known ?? news;
    const wasFinal = known !== undefined && isFinal(known);
    if (!known) {
      this.#byId.set(order.orderId, order);
      this.#sorted.push(order);
      if (!old) this.onNew(order);
    } else {
      Object.assign(known, news);
    }
    if (!known || "createdMs" in news) this.#inOrder = false;
    this.revision++;
    if (!wasFinal && !old && isFinal(order)) this.onFinal(order);
    return order;
  }
}
