/** The orders of the present filters as a file for spreadsheets: all that the engine has, not those on the page alone. */
import { client } from "../engine/client.js";
import { announce } from "../shared/announce.js";
import { byId, setText } from "../shared/dom.js";
import { counted, grouped } from "../shared/format.js";
import { isShown, query } from "./view.js";

const PAGE = 200;
const MOST = 50_000;
const WORDS = "Export CSV";
const COLUMNS = [
  "orderId", "clientOrderId", "userId", "inputToken", "outputToken", "amount", "status", "reasonCode", "chosenDex",
  "executionPrice", "txHash", "attempt", "slippageBps", "createdAt", "finishedAt",
];
// As the engine's own CSV has it: a spreadsheet would run a text that begins so.
const FORMULA = /^['=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

export class Export {
  #button = byId("export");
  /** @type {AbortController | null} */
  #running = null;

  /** @param {() => import("./view.js").Filter} filter asked when it is pressed */
  constructor(filter) {
    this.filter = filter;
    this.#button.addEventListener("click", () => (this.#running ? this.#running.abort() : this.#run()));
  }

  async #run() {
    this.#running = new AbortController();
    try {
      const { lines, whole } = await this.#lines(this.#running.signal);
      save(lines.join("\r\n"), `orders-${new Date().toISOString().replace(/[:.]/g, "-")}.csv`);
      announce(`Exported ${counted(lines.length - 2, "order")}${whole ? "" : ", the newest"}.`);
    } catch (error) {
      if (!this.#running.signal.aborted) this.#failed(error);
    }
    this.#running = null;
    setText(this.#button, WORDS);
  }

  /** @param {Error} error */
  #failed(error) {
    setText(byId("count"), `Not exported: ${error.message}.`);
    announce(`Not exported: ${error.message}.`);
  }

  async #lines(signal) {
    const filter = this.filter();
    const lines = [COLUMNS.join(",")];
    let read = 0;
    let whole = true;
    for await (const order of client.orders({ ...query(filter), limit: PAGE }, { signal, retries: 4 })) {
      if (read === MOST) {
        whole = false;
        break;
      }
      if (++read % PAGE === 0) setText(this.#button, `Stop at ${grouped(String(read))}`);
      if (isShown(order, filter)) lines.push(COLUMNS.map((name) => cell(order[name])).join(","));
    }
    return { lines: [...lines, ""], whole };
  }
}

function cell(value) {
  if (value === null || value === undefined) return "";
  const text = FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save(text, name) {
  const href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href, download: name }).click();
  URL.revokeObjectURL(href);
}
