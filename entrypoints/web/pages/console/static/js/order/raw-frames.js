/** The order's frames as they came over the socket, for who writes programs. */
import { copyButton } from "../shared/copy.js";
import { h, setText } from "../shared/dom.js";
import { counted } from "../shared/format.js";

export class RawFrames {
  #count = h("span", { class: "count" });
  #list = h("ol", { class: "frames", tabindex: "0", "aria-label": "Frames" });
  /** @type {string[]} */
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

  /** @param {readonly any[]} frames by seq; only ever more of them */
  show(frames) {
    const news = frames.slice(this.#texts.length).map((frame) => JSON.stringify(frame));
    this.#list.append(...news.map((text) => h("li", {}, h("code", {}, text))));
    this.#texts.push(...news);
    setText(this.#count, counted(frames.length, "frame"));
  }
}
