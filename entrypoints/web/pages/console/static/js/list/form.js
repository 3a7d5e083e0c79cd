/** The order form. The engine judges what is typed; its words are shown at the fields that they are about. */
import { Problem } from "../../client/index.js";
import { ownUser } from "../engine/session.js";
import { announce } from "../shared/announce.js";
import { byId, h, setText } from "../shared/dom.js";
import { shortId } from "../shared/format.js";
import { recall, remember } from "../shared/memory.js";
import { Submission } from "./submit.js";

const FIELDS = ["inputToken", "outputToken", "amount", "userId", "slippageBps"];
const REMEMBERED = ["inputToken", "outputToken", "userId"];
const UNSURE = "The engine doesn't answer, so the order may be placed or not. Press again: it is never placed twice.";

export class OrderForm {
  #form = byId("form");
  #button = byId("place");
  #outcome = byId("form-outcome");
  #toggle = byId("form-toggle");
  #submission = new Submission();

  /** @param {(orderId: string, fields: any) => void} onAccepted */
  constructor(onAccepted) {
    this.onAccepted = onAccepted;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#place();
    });
    this.#form.addEventListener("input", (event) => this.#edited(event.target));
    byId("flip").addEventListener("click", () => this.#flip());
    this.#toggle.addEventListener("click", () => this.#expand(this.#toggle.getAttribute("aria-expanded") !== "true"));
    document.addEventListener("new-order", () => this.focus());
    for (const name of REMEMBERED) byId(name).value = recall(`form.${name}`) ?? byId(name).value;
    this.#bindUser();
    this.#showUnit();
  }

  /** Go to the first field that wants something. */
  focus() {
    this.#expand(true);
    const amount = byId("amount");
    amount.focus();
    amount.select();
  }

  async #place() {
    if (this.#button.getAttribute("aria-disabled") === "true") return; // one at a time
    this.#busy(true);
    this.#clear();
    const fields = this.#read();
    try {
      const again = () => this.#say("No answer yet. Sending it again, as the same order…", "waiting");
      const orderId = await this.#submission.send(fields, again);
      for (const name of REMEMBERED) remember(`form.${name}`, fields[name]);
      this.#accepted(orderId);
      this.onAccepted(orderId, fields);
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#busy(false);
    }
  }

  #read() {
    const typed = Object.fromEntries(FIELDS.map((name) => [name, byId(name).value.trim()]));
    const { slippageBps, ...fields } = typed;
    // As it was typed: the engine reads digits exactly, and says best what is wrong with anything else.
    if (/^-\d/.test(fields.amount)) fields.amount = Number(fields.amount);
    if (slippageBps) fields.slippageBps = /^-?(0|[1-9]\d{0,8})$/.test(slippageBps) ? Number(slippageBps) : slippageBps;
    return fields;
  }

  #accepted(orderId) {
    const link = h("a", { href: `/orders/${orderId}`, class: "id" }, shortId(orderId));
    this.#say(["Order ", link, " accepted."], "well");
  }

  #refused(error) {
    const problem = error instanceof Problem ? error : null;
    const unplaced = [];
    for (const { field, message } of problem?.errors ?? []) {
      if (FIELDS.includes(field)) this.#mark(field, message);
      else unplaced.push(`${field} ${message}`);
    }
    const first = this.#form.querySelector("[aria-invalid]");
    first?.focus();
    if (first && !unplaced.length) {
      const count = problem.errors.length;
      announce(`The order was refused: ${count === 1 ? "one field needs" : `${count} fields need`} another value.`);
    } else if (problem) {
      this.#say(unplaced.join("; ") || `${problem.message}.`, "ill");
    } else {
      this.#say(UNSURE, "ill");
    }
  }

  #mark(name, message) {
    const input = byId(name);
    const id = `${name}-error`;
    input.setAttribute("aria-invalid", "true");
    input.dataset.hint ??= input.getAttribute("aria-describedby") ?? "";
    input.setAttribute("aria-describedby", `${id} ${input.dataset.hint}`.trim());
    const text = message.replace("inputToken", "what is sold");
    const error = h("p", { class: "field-error", id }, text.charAt(0).toUpperCase() + text.slice(1));
    (input.closest(".with-unit") ?? input).after(error);
  }

  #edited(input) {
    this.#unmark(input);
    if (this.#outcome.dataset.mood !== "waiting") this.#say("", "");
    this.#showUnit();
  }

  #unmark(input) {
    if (!input.hasAttribute("aria-invalid")) return;
    input.removeAttribute("aria-invalid");
    if (input.dataset.hint) input.setAttribute("aria-describedby", input.dataset.hint);
    else input.removeAttribute("aria-describedby");
    byId(`${input.id}-error`)?.remove();
  }

  #clear() {
    for (const name of FIELDS) this.#unmark(byId(name));
    this.#say("", "");
  }

  #busy(busy) {
    this.#button.setAttribute("aria-disabled", String(busy));
    setText(this.#button, busy ? "Placing…" : "Place order");
  }

  #say(content, mood) {
    this.#outcome.dataset.mood = mood;
    this.#outcome.replaceChildren(...[content].flat());
  }

  /** Who acts for one user alone has no other to name. */
  #bindUser() {
    const user = ownUser();
    if (user === null) return;
    byId("userId").value = user;
    byId("userId").readOnly = true;
  }

  #flip() {
    const [sell, buy] = [byId("inputToken"), byId("outputToken")];
    [sell.value, buy.value] = [buy.value, sell.value];
    for (const input of [sell, buy]) this.#edited(input);
  }

  #showUnit() {
    setText(byId("amount-unit"), byId("inputToken").value.trim().slice(0, 6));
  }

  #expand(expanded) {
    this.#toggle.setAttribute("aria-expanded", String(expanded));
  }
}
