/** What frames don't carry: what a swap gave. It is looked up for the rows in sight, a few at a time. */
import { client } from "../engine/client.js";

const EVERY_MS = 500;
const AT_ONCE = 10;

export class Details {
  #reading = false;

  /**
   * @param {import("../engine/orders.js").Orders} orders
   * @param {() => readonly import("../engine/orders.js").Order[]} inSight
   * @param {() => void} onChange
   */
  constructor(orders, inSight, onChange) {
    this.orders = orders;
    this.inSight = inSight;
    this.onChange = onChange;
  }

  start() {
    setInterval(() => this.#reading || document.hidden || this.#read(), EVERY_MS);
  }

  async #read() {
    const lacking = this.inSight().filter((order) => order.status === "confirmed" && order.received === undefined);
    if (!lacking.length) return;
    this.#reading = true;
    const asked = lacking.slice(0, AT_ONCE).map(async ({ orderId }) => this.orders.put(await client.order(orderId)));
    await Promise.allSettled(asked); // away: the next round asks again
    this.#reading = false;
    this.onChange();
  }
}
