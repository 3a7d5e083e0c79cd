/** Which of the known orders the list shows: filters, how far back it is complete, and a pause while someone reads. */
import { client } from "../engine/client.js";
import { shownStatus } from "../shared/status.js";
import { sorted } from "./sorting.js";

const PAGE = 200; // the most that the API gives at once

/** @typedef {import("../engine/orders.js").Order} Order */
/** @typedef {{status: string, user: string, prefix: string}} Filter `user` and `prefix` are how users and ids begin */

/** What the engine is asked for; it lists what was cancelled as failed, and nothing by ids. @param {Filter} filter */
export function query({ status, user }) {
  return { status: status === "cancelled" ? "failed" : status || undefined, userIdPrefix: user || undefined };
}

/** @param {{status: string, reasonCode: string | null, userId: string, orderId: string}} order @param {Filter} filter */
export function isShown(order, { status, user, prefix }) {
  return (!status || shownStatus(order) === status) && order.userId.startsWith(user) && order.orderId.startsWith(prefix);
}

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
  filter = { status: "", user: "", prefix: "" };
  sort = "";
  /** Orders newer than this wait, so that rows stay where they are; null: none do. @type {number | null} */
  pausedAt = null;
  /** @type {Map<string, Reach>} */
  #reaches = new Map();
  loading = false;

  /** @param {import("../engine/orders.js").Orders} orders */
  constructor(orders) {
    this.orders = orders;
  }

  /** @returns {{rows: Order[], newer: number}} as they are sorted, and how many newer ones wait */
  rows() {
    const oldest = Math.min(this.#reach.oldestMs, this.#reachOf({}).oldestMs);
    const paused = this.pausedAt ?? Infinity;
    const rows = [];
    let newer = 0;
    for (const order of this.orders.newestFirst()) {
      if (order.createdMs < oldest) break;
      if (!isShown(order, this.filter)) continue;
      if (order.createdMs > paused) newer++;
      else rows.push(order);
    }
    return { rows: sorted(rows, this.sort), newer };
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
    if (this.#reachOf({}).started && reached) return;
    this.#reaches.clear(); // between the page and the older orders some are not known: begin again below the page
    this.#reachOf({}).extend(page, orders);
  }

  /** Read the next older page of the present filter; the first one, when there is none yet. */
  async loadOlder() {
    if (this.loading || !this.hasOlder) return;
    this.loading = true;
    const reach = this.#reach;
    try {
      const page = await client.ordersPage({ ...query(this.filter), cursor: reach.cursor, limit: PAGE });
      reach.extend(page, this.orders.putPage(page.data, true));
    } finally {
      this.loading = false;
    }
  }

  get #reach() {
    return this.#reachOf(query(this.filter));
  }

  #reachOf({ status = "", userIdPrefix = "" }) {
    const key = JSON.stringify([status, userIdPrefix]);
    const reach = this.#reaches.get(key) ?? new Reach();
    this.#reaches.set(key, reach);
    return reach;
  }
}
