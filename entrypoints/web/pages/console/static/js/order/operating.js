/** What an operator may decide about one order that has not ended: what `order-engine orders` does, with the same rules. */
import { client } from "../engine/client.js";
import { announce } from "../shared/announce.js";
import { h, setText } from "../shared/dom.js";

const DECISIONS = Object.freeze([
  { verb: "requeue", words: "Requeue", done: "It is in the queue.", title: "Put it in the queue, unless it is there" },
  { verb: "revive", words: "Revive", done: "Its dead letter is back in the queue.", title: "Put its dead letter back in the queue" },
  { verb: "fail", words: "Fail", done: "The order is failed.", title: "End it as failed; refused while its swap may have landed" },
]);

export class Operating {
  #outcome = h("p", { class: "hint", role: "status" });
  #reason = h("input", { id: "operate-reason", maxlength: "500", autocomplete: "off" });
  #sure = false;

  /** @param {string} orderId @param {(order: any) => void} onDone */
  constructor(orderId, onDone) {
    this.orderId = orderId;
    this.onDone = onDone;
    this.buttons = DECISIONS.map((decision) => this.#button(decision));
    const reason = h("div", { class: "field" }, h("label", { for: "operate-reason" }, "Reason, for the record ",
      h("span", { class: "optional" }, "optional")), this.#reason);
    const row = h("div", { class: "decisions" }, this.buttons);
    this.element = h("details", { class: "card operate", hidden: true }, h("summary", {}, "Operate"), reason, row, this.#outcome);
  }

  /** @param {boolean} open whether the order has not ended */
  show(open) {
    this.element.hidden = !open && !this.#outcome.textContent;
    for (const button of this.buttons) button.hidden = !open;
  }

  #button(decision) {
    const { verb, words, title } = decision;
    const button = h("button", { type: "button", class: verb === "fail" ? "danger button" : "button", title }, words);
    button.addEventListener("click", () => (verb === "fail" && !this.#confirmed(button) ? null : this.#decide(decision, button)));
    button.addEventListener("blur", () => this.#unsure(button, words));
    return button;
  }

  /** Ending an order takes two presses. */
  #confirmed(button) {
    if (this.#sure) return true;
    this.#sure = true;
    setText(button, "Press again to fail it");
    return false;
  }

  #unsure(button, words) {
    this.#sure = false;
    setText(button, words);
  }

  async #decide({ verb, words, done }, button) {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    const reason = this.#reason.value.trim();
    try {
      const order = await client[verb](this.orderId, reason ? { reason } : {});
      this.#say(done);
      this.onDone(order);
    } catch (error) {
      this.#say(`Not done: ${error.message}.`);
    }
    button.removeAttribute("aria-disabled");
    this.#unsure(button, words);
  }

  #say(text) {
    setText(this.#outcome, text);
    announce(text);
  }
}
