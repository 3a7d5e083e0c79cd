/** The order's frames, byte for byte as they came over the socket. */
import { copyButton } from "../shared/copy.js";
import { h, setText } from "../shared/dom.js";
import { counted } from "../shared/format.js";

export class RawFrames {
  #count = h("span", { class: "count" });
  #list = h("ol", { class: "frames", tabindex: "0", "aria-label": "Frames" });
  /** @type {readonly string[]} */
  #texts = [];

  /** @param {string} orderId */
  constructor(orderId) {
    const copy = copyButton(() => `[${this.#texts.join(",\n")}]`, "Copy all frames as JSON", "Copy JSON");
    const raw = h("a", { class: "quiet button", href: `/api/orders/${encodeURIComponent(orderId)}` }, "Order as JSON");
    const title = h("h2", { id: "frames-title" }, "Frames");
    const head = h("div", { class: "panel-head" }, title, this.#count, h("span", { class: "push" }), raw, copy);
    const frame = { class: "card panel frames-panel", "aria-labelledby": "frames-title" };
    this.element = h("section", frame, head, this.#list);
  }

  /** @param {readonly string[]} texts by seq; only ever more of them */
  show(texts) {
    this.#list.append(...texts.slice(this.#texts.length).map((text) => h("li", {}, h("code", {}, text))));
    this.#texts = [...texts];
    setText(this.#count, counted(texts.length, "frame"));
  }
}
