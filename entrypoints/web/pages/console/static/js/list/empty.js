/** What stands where no order is: how to place the first one, or how to widen the filters. */
import { isSignedIn, ownUser } from "../engine/session.js";
import { copyButton } from "../shared/copy.js";
import { h } from "../shared/dom.js";

/** Teach how to place an order. */
export function emptyLesson() {
  const command = [
    `curl ${location.origin}/api/orders/execute \\`,
    `  -H 'Content-Type: application/json' \\`,
    ...(isSignedIn() ? ["  -H 'Authorization: Bearer <your key>' \\"] : []),
    `  -d '${JSON.stringify({ inputToken: "SOL", outputToken: "USDC", amount: 10, userId: ownUser() ?? "user123" })}'`,
  ].join("\n");
  const toForm = () => document.dispatchEvent(new Event("new-order"));
  const form = h("button", { type: "button", class: "link", onclick: toForm }, "the form");
  const copy = copyButton(() => command, "Copy the command", "Copy");
  const next = "It appears here the moment it is accepted, and changes as it is routed, built, sent and confirmed.";
  return h("div", { class: "lesson" },
    h("h3", {}, "No orders yet"),
    h("p", {}, "Place the first one with ", form, " (press ", h("kbd", {}, "n"), "), or from a terminal:"),
    h("div", { class: "command" }, h("pre", { tabindex: "0", "aria-label": "Command" }, command), copy),
    h("p", { class: "hint" }, next),
  );
}

/** @param {() => void} clear */
export function noMatch(clear) {
  return h("div", { class: "lesson" },
    h("h3", {}, "No order matches"),
    h("p", {}, "No order has such a status, user and id."),
    h("button", { type: "button", class: "button", onclick: clear }, "Clear the filters"),
  );
}
