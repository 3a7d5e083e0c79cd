/** One row of the list: built once, then filled again and again with whichever order is at its place. */
import { copyButton } from "../shared/copy.js";
import { engineNow } from "../engine/clock.js";
import { symbolOf } from "../engine/tokens.js";
import { h, own, setAttribute, setText } from "../shared/dom.js";
import { ageText, grouped, priced, shortId, tokens } from "../shared/format.js";
import { REASONS, showStatus, statusBadge } from "../shared/status.js";
import { dayText } from "../shared/time.js";

/** @typedef {import("../engine/orders.js").Order} Order */

export class Row {
  /** @type {Order | null} */
  order = null;
  #seq = NaN;
  /** @type {Order["received"]} */
  #received = null;
  #status = statusBadge();
  #link = h("a", { class: "id", tabindex: "-1" });
  #cells = Object.fromEntries(
    ["user", "pair", "amount", "received", "venue", "price", "attempt", "age"].map((name) => [name, cell(name)]),
  );

  #sold = own("");
  #bought = own("");

  constructor() {
    this.#cells.pair.append(this.#sold, " → ", this.#bought);
    const copy = copyButton(() => this.order?.orderId ?? "", "Copy the order's id");
    copy.tabIndex = -1; // the grid is one stop for Tab; its keys reach all that is in it
    const id = h("span", { role: "gridcell", class: "c-id" }, this.#link, copy);
    const status = h("span", { role: "gridcell", class: "c-status" }, this.#status);
    this.element = h("div", { class: "row", role: "row" }, status, id, Object.values(this.#cells));
  }

  /** @param {Order} order @param {number} index from 0 @param {boolean} selected */
  show(order, index, selected) {
    if (order !== this.order || order.seq !== this.#seq || order.received !== this.#received) this.#fill(order);
    setAttribute(this.element, "aria-rowindex", String(index + 2)); // the header is row 1
    setAttribute(this.element, "aria-selected", String(selected));
    this.tick();
  }

  /** Fill it again, when what it is written in has changed. */
  forget() {
    this.order = null;
  }

  /** Let the age grow. */
  tick() {
    if (this.order) setText(this.#cells.age, ageText(engineNow() - this.order.createdMs));
  }

  #fill(order) {
    const cells = this.#cells;
    this.order = order;
    this.#seq = order.seq;
    this.#received = order.received;
    this.element.id = `order-${order.orderId}`;
    showStatus(this.#status, order);
    setText(this.#link, shortId(order.orderId));
    setAttribute(this.#link, "href", `/orders/${order.orderId}`);
    setAttribute(this.#link, "title", order.orderId);
    setText(cells.user, order.userId);
    setAttribute(cells.user, "title", order.userId);
    setText(this.#sold, symbolOf(order.inputToken));
    setText(this.#bought, symbolOf(order.outputToken));
    setAttribute(cells.pair, "title", `Sell ${order.inputToken} for ${order.outputToken}`);
    setText(cells.amount, grouped(order.amount));
    this.#fillReceived(order);
    setText(cells.venue, order.chosenDex ?? "");
    setText(cells.price, priced(order.executionPrice));
    setAttribute(cells.price, "title", order.executionPrice); // all digits, whatever the column has room for
    setText(cells.attempt, String(order.attempt));
    setAttribute(cells.attempt, "data-retried", order.attempt > 1 ? "" : null);
    setAttribute(cells.age, "title", dayText(order.createdMs));
  }

  /** What was received, or why nothing was. */
  #fillReceived({ status, reasonCode, received, outputToken }) {
    const cell = this.#cells.received;
    const failed = status === "failed" && reasonCode !== "cancelled" && reasonCode !== "expired";
    const reason = failed ? (REASONS[reasonCode] ?? reasonCode ?? "") : "";
    setText(cell, reason || (received ?? null) === null ? reason : tokens(received));
    setAttribute(cell, "data-reason", reason ? "" : null);
    setAttribute(cell, "title", reason || (received ?? null) === null ? reason || null : `${cell.textContent} ${symbolOf(outputToken)}`);
  }
}

function cell(name) {
  return h("span", { role: "gridcell", class: `c-${name}` });
}
