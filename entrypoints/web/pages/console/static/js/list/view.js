/** Which of the known orders the list shows: filters, how far back it is complete, and a pause while someone reads. */
import { client } from "../engine/client.js";

const PAGE = 200; // the most that the API gives at once

/** @typedef {import("../engine/orders.js").Order} Order */
/** @typedef {{status: string, userId: string, prefix: string}} Filter */

/** How far back the list of one filter is complete. */
class Reach {
  /** @type {string | null} */
  cursor = null;
  started = false;
  oldestMs = Infinity;

  get ended() {
    return this.started && this.cursor === null;
  }

  /** @param {{nextCursor: string | null}} page @param {Order[]} orders of the page */
  extend(page, orders) {
    this.started = true;
    this.cursor = page.nextCursor;
    this.oldestMs = this.cursor === null ? -Infinity : (orders.at(-1)?.createdMs ?? this.oldestMs);
  }
}

export class View {
  /** @type {Filter} */
  filter = { status: "", userId: "", prefix: "" };
  /** Orders newer than this wait, so that rows stay where they are; null: none do. @type {number | null} */
  pausedAt = null;
  /** @type {Map<string, Reach>} */
  #reaches = new Map();
  loading = false;

  /** @param {import("../engine/orders.js").Orders} orders */
  constructor(orders) {
    this.orders = orders;
  }

  /** @returns {{rows: Order[], newer: number}} newest first, and how many newer ones wait */
  rows() {
    const { status, userId, prefix } = this.filter;
    const oldest = Math.min(this.#reach.oldestMs, this.#reachOf("", "").oldestMs);
    const paused = this.pausedAt ?? Infinity;
    const rows = [];
    let newer = 0;
    for (const order of this.orders.newestFirst()) {
      if (order.createdMs < oldest) break;
      if (status && order.status !== status) continue;
      if (userId && order.userId !== userId) continue;
      if (prefix && !order.orderId.startsWith(prefix)) continue;
      if (order.createdMs > paused) newer++;
      else rows.push(order);
    }
    return { rows, newer };
  }

  /** Whether the engine may have orders older than those shown. */
  get hasOlder() {
    return !this.#reach.ended && !this.orders.full;
  }

  /**
   * The newest page of all orders was read.
   * @param {any} page
   * @param {number | null} missedSince when the feed broke, if it did: what came since is only on the page
   */
  tookNewest(page, missedSince) {
    const orders = page.data.map(({ orderId }) => this.orders.get(orderId));
    const reached = missedSince === null || page.nextCursor === null || orders.at(-1).createdMs <= missedSince;
    if (this.#reachOf("", "").started && reached) return;
    this.#reaches.clear(); // between the page and the older orders some are not known: begin again below the page
    this.#reachOf("", "").extend(page, orders);
  }

  /** Read the next older page of the present filter; the first one, when there is none yet. */
  async loadOlder() {
    if (this.loading || !this.hasOlder) return;
    this.loading = true;
    const reach = this.#reach;
    const { status, userId } = this.filter;
    try {
      const page = await client.ordersPage({ status, userId, cursor: reach.cursor, limit: PAGE });
      reach.extend(page, this.orders.putPage(page.data, true));
    } finally {
      this.loading = false;
    }
  }

  get #reach() {
    return this.#reachOf(this.filter.status, this.filter.userId);
  }

  #reachOf(status, userId) {
    const key = JSON.stringify([status, userId]);
    const reach = this.#reaches.get(key) ?? new Reach();
    this.#reaches.set(key, reach);
    return reach;
  }
}
