/** The page of one order. */
import { OrderNotCancellable } from "../../client/index.js";
import { client } from "../engine/client.js";
import { announce } from "../shared/announce.js";
import { engineNow } from "../engine/clock.js";
import { copyButton } from "../shared/copy.js";
import { byId, h, own, setText } from "../shared/dom.js";
import { grouped, shortId } from "../shared/format.js";
import { facts } from "./facts.js";
import { isFinal } from "../engine/orders.js";
import { named } from "./named.js";
import { Operating } from "./operating.js";
import { isOperator } from "../engine/session.js";
import { OrderWatch } from "./order-watch.js";
import { quotesPanel } from "./quotes.js";
import { RawFrames } from "./raw-frames.js";
import { REASONS, shownStatus, showStatus, statusBadge, statusWord } from "../shared/status.js";
import { storyOf } from "./story.js";
import { dayText, zoneName } from "../shared/time.js";
import { Timeline } from "./timeline.js";

const TICK_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1_000 : 100;
const LIVENESS = { connecting: "connecting…", open: "live", waiting: "reconnecting…", ended: "complete" };
const CANCELLABLE = ["pending", "resting", "routing", "building"];

export class OrderPage {
  #view = byId("order-view");
  #heading = h("h1", { id: "order-heading", tabindex: "-1" });
  #status = statusBadge();
  #summary = h("p", { class: "summary" });
  #transaction = h("p", { class: "whole-id", hidden: true });
  #clientId = h("p", { class: "whole-id", hidden: true });
  #cancel = h("button", { type: "button", class: "danger button", hidden: true }, "Cancel order");
  #refusal = h("p", { class: "refusal", role: "alert" });
  #facts = h("dl", { class: "facts" });
  #quotes = h("div", { class: "quotes-body" });
  #timeline = new Timeline();
  #raw;
  /** @type {Operating | null} */
  #operating;
  #live = h("span", { class: "count" });
  #drawnSeq = -2;
  #closed = false;

  /** @param {string} orderId @param {() => string} back the list's address */
  constructor(orderId, back) {
    this.orderId = orderId;
    this.back = back;
    this.#raw = new RawFrames(orderId);
    this.#operating = isOperator() ? new Operating(orderId, (order) => this.#decided(order)) : null;
    this.watch = new OrderWatch(orderId, { onChange: () => this.draw(), onState: () => this.draw() });
    this.#cancel.addEventListener("click", () => this.#cancelNow());
  }

  /** Put the page up and follow the order. */
  open() {
    setText(this.#heading, `Order ${shortId(this.orderId)}`);
    this.#view.replaceChildren(this.#backLink(), this.#header(), this.#body());
    this.watch.start();
    this.timer = setInterval(() => this.#tick(), TICK_MS);
    document.title = `Order ${shortId(this.orderId)} · Order engine`;
    this.#heading.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  close() {
    this.#closed = true;
    clearInterval(this.timer);
    this.watch.stop();
    this.#view.replaceChildren();
  }

  draw() {
    const { frames, order, missing } = this.watch;
    if (missing) return this.#showMissing();
    setText(this.#live, `${LIVENESS[this.watch.live.state.phase]} · times in ${zoneName(Date.now())}`);
    const story = storyOf(frames);
    const latest = frames.at(-1) ?? order;
    if (latest) this.#showStatus(latest);
    if (story && frames.at(-1).seq !== this.#drawnSeq) {
      this.#drawnSeq = frames.at(-1).seq;
      this.#timeline.show(story);
      this.#raw.show(frames);
    }
    if (order) {
      if (!this.#summary.hasChildNodes()) this.#showFixed(order);
      this.#quotes.replaceChildren(...quotesPanel(order));
      this.#facts.replaceChildren(...facts(order, story, engineNow()));
      this.#showTransaction(order);
    }
  }

  /** Write it all again: the zone of times has changed. */
  refresh() {
    this.#drawnSeq = -2;
    this.#summary.replaceChildren();
    this.draw();
  }

  /** What never changes. */
  #showFixed(order) {
    this.#summary.append(...summary(order));
    const { clientOrderId } = order;
    this.#clientId.hidden = clientOrderId === null;
    if (clientOrderId === null) return;
    const copy = copyButton(() => clientOrderId, "Copy the client's order id");
    this.#clientId.replaceChildren("Client order id ", h("code", {}, clientOrderId), copy);
  }

  /** The latest attempt's. */
  #showTransaction({ txHash, execution }) {
    const link = execution?.explorerUrl ?? "";
    if (txHash === null || this.#transaction.dataset.shown === txHash + link) return;
    const copy = copyButton(() => txHash, "Copy the transaction's hash");
    const there = link && h("a", { href: link, target: "_blank", rel: "noreferrer" }, "Explorer");
    this.#transaction.replaceChildren("Transaction ", h("code", {}, txHash), copy, there);
    this.#transaction.dataset.shown = txHash + link;
    this.#transaction.hidden = false;
  }

  #showStatus(latest) {
    const before = this.#status.dataset.status;
    showStatus(this.#status, latest);
    const stoppable = CANCELLABLE.includes(latest.status);
    if (!stoppable && document.activeElement === this.#cancel) this.#heading.focus();
    this.#cancel.hidden = !stoppable;
    this.#operating?.show(!isFinal(latest));
    document.title = `${statusWord(shownStatus(latest))} · Order ${shortId(this.orderId)} · Order engine`;
    if (before && before !== latest.status) announce(spoken(latest));
  }

  #tick() {
    const last = this.watch.frames.at(-1);
    if (last && !isFinal(last)) {
      this.#timeline.tick();
      const { order, frames } = this.watch;
      if (order) this.#facts.replaceChildren(...facts(order, storyOf(frames), engineNow()));
    }
  }

  async #cancelNow() {
    this.#cancel.setAttribute("aria-disabled", "true");
    setText(this.#refusal, "");
    try {
      this.watch.order = await client.cancel(this.orderId);
    } catch (error) {
      const late = error instanceof OrderNotCancellable;
      const words = late ? "Too late to cancel: the order was sent or has ended." : `Not cancelled: ${error.message}.`;
      setText(this.#refusal, words);
    }
    if (this.#closed) return;
    this.#cancel.removeAttribute("aria-disabled");
    this.draw();
  }

  #decided(order) {
    if (this.#closed) return;
    this.watch.order = order;
    this.draw();
  }

  #backLink() {
    return h("a", { class: "back", href: this.back() }, h("span", { "aria-hidden": "true" }, "←"), " All orders");
  }

  #header() {
    const copy = copyButton(() => this.orderId, "Copy the order's id");
    const id = h("p", { class: "whole-id" }, h("code", {}, this.orderId), copy);
    const title = h("div", { class: "title" }, this.#heading, this.#status);
    const actions = h("div", { class: "actions" }, this.#cancel, this.#refusal);
    return h("header", { class: "order-head" }, h("div", {}, title, this.#summary, id, this.#clientId, this.#transaction), actions);
  }

  #body() {
    const panel = (id, [title, note], ...content) =>
      h("section", { class: `card panel ${id}-panel`, "aria-labelledby": `${id}-title` },
        h("div", { class: "panel-head" }, h("h2", { id: `${id}-title` }, title), note), ...content);
    return h("div", { class: "order-body" },
      h("section", { class: "card", "aria-label": "The order's figures" }, this.#facts),
      h("div", { class: "order-columns" },
        panel("timeline", ["Timeline", this.#live], this.#timeline.element),
        h("div", { class: "order-side" }, panel("quotes", ["Quotes"], this.#quotes), this.#operating?.element),
      ),
      this.#raw.element,
    );
  }

  #showMissing() {
    this.watch.stop();
    clearInterval(this.timer);
    document.title = "No such order · Order engine";
    setText(this.#heading, "No such order");
    const id = h("code", {}, this.orderId);
    const note = h("section", { class: "card plain-note" }, this.#heading,
      h("p", {}, "This engine knows no order with the id ", id, "."),
      h("p", { class: "hint" }, "Ids are looked up whole; the beginning of one can be searched for in the list."));
    this.#view.replaceChildren(this.#backLink(), note);
    this.#heading.focus({ preventScroll: true });
  }
}

function summary({ amount, inputToken, outputToken, userId, createdAt }) {
  const time = dayText(Date.parse(createdAt));
  return [`Sell ${grouped(amount)} `, named(inputToken), " for ", named(outputToken), " · ", own(userId), ` · ${time}`];
}

function spoken(order) {
  const status = shownStatus(order);
  const reason = status === "failed" && REASONS[order.reasonCode];
  return `${statusWord(status)}${reason ? `: ${reason}` : ""}.`;
}
