/** Keeps the orders live: every frame of every order, and the newest page after each connection, for the missed. */
import { OrderEngineError } from "../../client/index.js";
import { client } from "./client.js";
import { engineNow, heard } from "./clock.js";
import { Intake } from "./intake.js";
import { isFinal } from "./orders.js";

const QUIET_MS = 15_000; // an open order without news for so long is looked up: frames are hints, the API is the truth
const LOOKUPS = 10;
const PAGE = 200; // the most that the API gives at once
const UNKNOWN_MS = 5_000;
export const TOO_SLOW = 1013;

export class Feed {
  #reloading = false;
  #reloadAgain = false;
  #unknownAt = -Infinity;
  #unknownTimer = 0;
  /** @type {number | null} */
  #missedSince = null;

  /**
   * @param {import("./orders.js").Orders} orders
   * @param {Object} handlers
   * @param {(state: import("../../client/index.js").SocketState) => void} handlers.onState
   * @param {() => void} handlers.onChange
   * @param {(page: any, missedSince: number | null) => void} handlers.onReloaded
   */
  constructor(orders, handlers) {
    this.orders = orders;
    this.handlers = handlers;
    this.intake = new Intake((batch) => this.#take(batch));
    this.frames = client.feed({
      onState: (state) => {
        handlers.onState(state);
        if (state.phase === "waiting") this.#missedSince ??= engineNow();
        // Only now: what happens from here on comes as frames, so nothing falls between the page and the feed.
        if (state.phase === "open") this.reload();
      },
    });
  }

  async start() {
    setInterval(() => this.#lookUpQuietOnes(), QUIET_MS);
    try {
      for await (const frame of this.frames) this.intake.add(frame);
    } catch (error) {
      if (!(error instanceof OrderEngineError)) throw error; // refused for good: its state says so
    }
  }

  /** Read the newest page, and say since when frames were missed, if they were; later wishes become one. */
  async reload() {
    if (this.#reloading) return void (this.#reloadAgain = true);
    this.#reloading = true;
    this.#reloadAgain = false;
    const missedSince = this.#missedSince;
    try {
      const askedMs = performance.now();
      const page = await client.ordersPage({ limit: PAGE });
      this.orders.putPage(page.data);
      if (page.nextCursor === null) this.orders.keepOnly(page.data, askedMs);
      // A page that was asked for before the feed broke again says nothing of what was missed then.
      if (this.frames.state.phase === "open" && !this.#reloadAgain) this.#missedSince = null;
      this.handlers.onReloaded(page, missedSince);
    } catch {
      setTimeout(() => this.frames.state.phase === "open" && this.reload(), 1_000);
    } finally {
      this.#reloading = false;
    }
    if (this.#reloadAgain) this.reload();
  }

  /** @param {import("../../client/index.js").Frame[]} batch */
  #take(batch) {
    let unknown = false;
    for (const frame of batch) {
      heard(Date.parse(frame.timestamp));
      if (!this.orders.apply(frame)) unknown = true;
    }
    this.handlers.onChange();
    if (unknown) this.#meetUnknown();
  }

  /** An order whose birth was not received: old, or its first frame was lost. The newest page shows which. */
  #meetUnknown() {
    const wait = Math.max(0, this.#unknownAt + UNKNOWN_MS - performance.now());
    this.#unknownTimer ||= setTimeout(() => {
      this.#unknownTimer = 0;
      this.#unknownAt = performance.now();
      this.reload();
    }, wait);
  }

  async #lookUpQuietOnes() {
    if (this.frames.state.phase !== "open" || document.hidden) return;
    const limit = performance.now() - QUIET_MS;
    const quiet = this.orders.newestFirst().filter((order) => !isFinal(order) && order.heardMs < limit);
    for (const order of quiet.sort((a, b) => a.heardMs - b.heardMs).slice(0, LOOKUPS)) {
      order.heardMs = performance.now();
      try {
        this.orders.put(await client.order(order.orderId));
      } catch {
        return; // away: the next round asks again
      }
    }
    this.handlers.onChange();
  }
}
