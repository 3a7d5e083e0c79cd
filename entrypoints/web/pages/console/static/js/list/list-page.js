/** The page of all orders: brings the known orders, the filters and the grid together. */
import { byId, h, setText } from "../shared/dom.js";
import { emptyLesson, noMatch } from "./empty.js";
import { counted, grouped } from "../shared/format.js";
import { Grid } from "./grid.js";
import { Head } from "./head.js";
import { navigate } from "../shared/router.js";
import { MOST } from "../engine/orders.js";
import { next } from "./sorting.js";

export class ListPage {
  #foot = byId("grid-foot");
  #empty = byId("empty");
  #newer = byId("newer");
  #ready = false;
  /** @type {"" | "none" | "no match"} */
  #emptiness = "";
  failed = false;

  /** @param {import("./view.js").View} view @param {import("./filters.js").Filters} filters */
  constructor(view, filters) {
    this.view = view;
    this.filters = filters;
    this.grid = new Grid({
      onOpen: (order) => this.open(order.orderId),
      onMove: () => this.#pauseOrGoOn(),
      onNearEnd: () => this.#nearEnd(),
    });
    this.head = new Head((column) => filters.sortBy(next(column, filters.sort)));
    this.#newer.addEventListener("click", () => this.toNewest());
  }

  /** The first page is here: from now on an empty list is empty. */
  ready() {
    this.#ready = true;
  }

  /** Show what there is now. */
  draw() {
    if (!this.#ready) return;
    const { rows, newer } = this.view.rows();
    this.grid.show(rows);
    this.head.show(this.view.sort);
    const all = rows.length + newer;
    setText(byId("count"), all ? counted(all, "order") + (this.view.hasOlder ? " loaded" : "") : "");
    this.#newer.hidden = !newer;
    if (newer) setText(this.#newer, `↑ ${grouped(String(newer))} newer`);
    this.#showEmptiness(all);
    this.#showFoot(rows.length);
  }

  /** @param {string} orderId */
  open(orderId) {
    this.grid.selected = orderId;
    navigate(`/orders/${orderId}`);
  }

  /** Go to the newest order and follow what comes. */
  toNewest() {
    this.view.pausedAt = null;
    this.grid.select(null);
    this.grid.toTop();
    this.draw();
  }

  /** Go to an order that was just placed, however the list was sorted. @param {string} orderId */
  toPlaced(orderId) {
    if (this.view.sort) this.filters.sortBy("");
    this.toNewest();
    this.grid.reveal(orderId);
  }

  /** Read older orders of the present filter. */
  async loadOlder() {
    const loading = this.view.loadOlder();
    this.draw();
    try {
      await loading;
    } catch {
      this.failed = true; // no further tries by itself: the button is there
    }
    this.draw();
  }

  /** Whoever reads further down, or has chosen a row, doesn't want it to run away. */
  #pauseOrGoOn() {
    const reading = !this.grid.atTop || this.grid.selected !== null;
    if (reading === (this.view.pausedAt !== null)) return;
    this.view.pausedAt = reading ? (this.view.orders.newestFirst()[0]?.createdMs ?? null) : null;
    this.draw();
  }

  #nearEnd() {
    const { filter, hasOlder, loading } = this.view;
    if (this.#ready && hasOlder && !loading && !filter.prefix && !this.failed) this.loadOlder();
  }

  #showEmptiness(count) {
    const filtered = this.filters.active;
    const emptiness = count || this.view.loading ? "" : filtered ? "no match" : "none";
    if (emptiness === this.#emptiness) return;
    this.#emptiness = emptiness;
    this.#empty.hidden = !emptiness;
    byId("grid").hidden = Boolean(emptiness);
    if (!emptiness) this.grid.draw(); // hidden it had no height, and so no row in sight
    const contents = { none: emptyLesson, "no match": () => noMatch(() => this.filters.clear()), "": () => "" };
    this.#empty.replaceChildren(contents[emptiness]());
  }

  #showFoot(count) {
    const { view } = this;
    const state = view.loading ? "loading" : view.hasOlder && count ? "more" : view.orders.full ? "full" : "";
    if (this.#foot.dataset.state === state) return;
    this.#foot.dataset.state = state;
    const older = () => {
      this.failed = false;
      this.loadOlder();
    };
    const contents = {
      loading: "Loading older orders…",
      more: h("button", { type: "button", class: "button", onclick: older }, "Load older orders"),
      full: `This page holds the newest ${grouped(String(MOST))} orders; filters and ids reach the older ones.`,
    };
    this.#foot.replaceChildren(contents[state] ?? "");
  }
}
