/** The list's rows: only those in sight exist, so that thousands scroll as smoothly as ten. Keys move a selection. */
import { byId, setAttribute } from "../shared/dom.js";
import { Row } from "./row.js";

const SPARE = 6; // rows beyond each edge, so that a quick scroll shows no white

/** @typedef {import("../engine/orders.js").Order} Order */

export class Grid {
  #root = byId("grid");
  #scroller = byId("scroller");
  #body = byId("grid-body");
  /** @type {readonly Order[]} */
  #orders = [];
  /** @type {Map<string, Row>} */
  #shown = new Map();
  /** @type {Row[]} */
  #spare = [];
  #rowHeight = 0;
  /** @type {string | null} */
  selected = null;

  /** @param {{onOpen: (order: Order) => void, onMove: () => void, onNearEnd: () => void}} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    document.addEventListener("scroll", () => this.#scrolled(), { capture: true, passive: true });
    new ResizeObserver(() => this.#resized()).observe(this.#scroller);
    addEventListener("resize", () => this.#resized());
    this.#root.addEventListener("click", (event) => this.#clicked(event));
    setInterval(() => this.#shown.forEach((row) => row.tick()), 1_000);
  }

  /** @param {readonly Order[]} orders as they are to stand */
  show(orders) {
    this.#orders = orders;
    setAttribute(this.#root, "aria-rowcount", String(orders.length + 1));
    this.draw();
  }

  /** Whether the newest row is in sight, or will be once there is one. */
  get atTop() {
    return !this.#visible || this.#hiddenAbove() <= this.#rowHeight / 2;
  }

  toTop() {
    this.#scroller.scrollTop = 0;
    if (!this.atTop) this.#scroller.scrollIntoView({ block: "start" });
  }

  /** Select a row by number and bring it into sight; null selects none. @param {number | null} index */
  select(index) {
    const order = index === null ? null : this.#orders[Math.max(0, Math.min(index, this.#orders.length - 1))];
    this.selected = order?.orderId ?? null;
    if (order) this.#reveal(this.#orders.indexOf(order));
    this.draw();
    this.handlers.onMove();
  }

  get selectedIndex() {
    return this.#orders.findIndex((order) => order.orderId === this.selected);
  }

  /** How many rows a page key moves. */
  get pageRows() {
    return Math.max(1, Math.floor(this.#inSight() / this.#rowHeight) - 1);
  }

  get length() {
    return this.#orders.length;
  }

  /** The orders whose rows are there now. @returns {readonly Order[]} */
  get shown() {
    return this.#visible ? [...this.#shown.values()].flatMap((row) => row.order ?? []) : [];
  }

  /** Write all rows again. */
  refresh() {
    this.#shown.forEach((row) => row.forget());
    this.draw();
  }

  /** Bring an order's row into sight, if it is among them. @param {string} orderId */
  reveal(orderId) {
    const row = this.#shown.get(orderId)?.element;
    const { top, bottom } = row?.getBoundingClientRect() ?? { top: 0, bottom: 0 };
    if (top < 0 || bottom > innerHeight) row.scrollIntoView({ block: "center" });
  }

  focus() {
    this.#root.focus({ preventScroll: true });
  }

  draw() {
    if (!this.#visible) return;
    this.#rowHeight ||= parseFloat(getComputedStyle(this.#root).getPropertyValue("--row"));
    const height = this.#rowHeight;
    this.#body.style.height = `${this.#orders.length * height}px`;
    const first = Math.max(0, Math.floor(this.#hiddenAbove() / height) - SPARE);
    const last = Math.min(this.#orders.length, first + Math.ceil(this.#inSight() / height) + 2 * SPARE);
    const wanted = this.#orders.slice(first, last);
    this.#release(new Set(wanted.map((order) => order.orderId)));
    wanted.forEach((order, offset) => this.#place(order, first + offset));
    const active = this.selected !== null && this.#shown.has(this.selected) ? `order-${this.selected}` : null;
    setAttribute(this.#root, "aria-activedescendant", active);
    if (last === this.#orders.length) this.handlers.onNearEnd();
  }

  /** Not while another page is shown, nor while the list is empty. */
  get #visible() {
    return this.#root.offsetParent !== null;
  }

  #place(order, index) {
    let row = this.#shown.get(order.orderId);
    if (!row) {
      row = this.#spare.pop() ?? new Row();
      this.#shown.set(order.orderId, row);
      this.#body.append(row.element);
    }
    row.element.style.transform = `translateY(${index * this.#rowHeight}px)`;
    row.show(order, index, order.orderId === this.selected);
  }

  #release(wanted) {
    for (const [orderId, row] of this.#shown) {
      if (wanted.has(orderId)) continue;
      this.#shown.delete(orderId);
      row.element.remove();
      this.#spare.push(row);
    }
  }

  // The list scrolls in itself on wide screens and with the page on narrow ones: measured the same way.
  #hiddenAbove() {
    const edge = Math.max(0, this.#scroller.getBoundingClientRect().top);
    return Math.max(0, edge - this.#body.getBoundingClientRect().top);
  }

  #inSight() {
    const { top, bottom } = this.#scroller.getBoundingClientRect();
    return Math.max(0, Math.min(innerHeight, bottom) - Math.max(0, top));
  }

  #reveal(index) {
    const head = this.#body.offsetTop; // the header's height: it covers the rows below it
    const top = index * this.#rowHeight;
    const above = this.#hiddenAbove();
    const space = this.#inSight() - head;
    const by = top < above ? top - above : Math.max(0, top + this.#rowHeight - above - space);
    if (!by) return;
    const before = this.#scroller.scrollTop;
    this.#scroller.scrollTop += by;
    if (this.#scroller.scrollTop === before) scrollBy(0, by);
  }

  #scrolled() {
    this.draw();
    this.handlers.onMove();
  }

  #resized() {
    this.#rowHeight = 0;
    this.draw();
  }

  #clicked(event) {
    const element = event.target.closest(".row[id]");
    if (!element || event.target.closest("a, button") || getSelection()?.toString()) return;
    const order = this.#orders.find(({ orderId }) => element.id === `order-${orderId}`);
    if (order) this.handlers.onOpen(order);
  }
}
