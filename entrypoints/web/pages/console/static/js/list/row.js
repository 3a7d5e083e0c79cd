/** One row of the list: built once, then filled again and again with whichever order is at its place. */
import { copyButton } from "../shared/copy.js";
import { engineNow } from "../engine/clock.js";
import { symbolOf } from "../engine/tokens.js";
import { h, own, setAttribute, setText } from "../shared/dom.js";
import { ageText, dayText, grouped, priced, shortId } from "../shared/format.js";
import { showStatus, statusBadge } from "../shared/status.js";

/** @typedef {import("../engine/orders.js").Order} Order */

export class Row {
  /** @type {Order | null} */
  order = null;
  #seq = NaN;
  #status = statusBadge();
  #link = h("a", { class: "id", tabindex: "-1" });
  #cells = Object.fromEntries(
    ["user", "pair", "amount", "venue", "price", "attempt", "age"].map((name) => [name, cell(name)]),
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
    if (order !== this.order || order.seq !== this.#seq) this.#fill(order);
    setAttribute(this.element, "aria-rowindex", String(index + 2)); // the header is row 1
    setAttribute(this.element, "aria-selected", String(selected));
    this.tick();
  }

  /** Let the age grow. */
  tick() {
    if (this.order) setText(this.#cells.age, ageText(engineNow() - this.order.createdMs));
  }

  #fill(order) {
    const cells = this.#cells;
    this.order = order;
    this.#seq = order.seq;
    this.element.id = `order-${order.orderId}`;
    showStatus(this.#status, order.status, order.reasonCode);
    setText(this.#link, shortId(order.orderId));
    setAttribute(this.#link, "href", `/orders/${order.orderId}`);
    setAttribute(this.#link, "title", order.orderId);
    setText(cells.user, order.userId);
    setAttribute(cells.user, "title", order.userId);
    setText(this.#sold, symbolOf(order.inputToken));
    setText(this.#bought, symbolOf(order.outputToken));
    setAttribute(cells.pair, "title", `Sell ${order.inputToken} for ${order.outputToken}`);
    setText(cells.amount, grouped(order.amount));
    setText(cells.venue, order.chosenDex ?? "");
    setText(cells.price, priced(order.executionPrice));
    setAttribute(cells.price, "title", order.executionPrice); // all digits, whatever the column has room for
    setText(cells.attempt, String(order.attempt));
    setAttribute(cells.attempt, "data-retried", order.attempt > 1 ? "" : null);
    setAttribute(cells.age, "title", dayText(order.createdMs));
  }
}

function cell(name) {
  return h("span", { role: "gridcell", class: `c-${name}` });
}
