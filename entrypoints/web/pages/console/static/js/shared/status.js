/** How a status looks: a word, and a sign that says the same without colour. */
import { h, s, setAttribute } from "./dom.js";

/** How far along, in quarters of the ring; a tick and a cross at the end, and bars for a pause. */
const SIGNS = Object.freeze({
  pending: 0, resting: "bars", routing: 1, building: 2, submitted: 3, confirmed: "tick", failed: "cross", cancelled: "dash",
});
const STROKES = Object.freeze({
  tick: "M4.8 8.2l2.2 2.2 4.2-4.6", cross: "M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8", bars: "M6.2 5.6v4.8M9.8 5.6v4.8",
  dash: "M5 8h6",
});
const LENGTH = 2 * Math.PI * 5.5;

export const REASONS = Object.freeze({
  slippage_exceeded: "Slippage exceeded",
  venue_unavailable: "No venue",
  cancelled: "Cancelled",
  expired: "Expired",
  transaction_expired: "Transaction expired",
  insufficient_funds: "Not enough balance",
  unsafe_transaction: "Unsafe transaction",
  price_impact: "Price impact too high",
  internal_error: "Internal error",
});

/**
 * How an order's status is shown: one that was cancelled failed on the wire, and did what somebody wanted.
 * @param {{status: string, reasonCode?: string | null}} order
 */
export function shownStatus({ status, reasonCode }) {
  return status === "failed" && reasonCode === "cancelled" ? "cancelled" : status;
}

/** @param {string} status */
export function statusWord(status) {
  return status.charAt(0).toUpperCase() + status.slice(1);
}

/** A status that can change: give it to `showStatus`. */
export function statusBadge() {
  return h("span", { class: "status" }, h("span", { class: "sign" }), h("span", { class: "word" }));
}

/** @param {HTMLElement} badge @param {{status: string, reasonCode?: string | null}} order */
export function showStatus(badge, order) {
  const status = shownStatus(order);
  const word = order.reasonCode === "expired" ? "Expired" : statusWord(status);
  if (badge.dataset.status === status && badge.lastChild.textContent === word) return;
  setAttribute(badge, "data-status", status);
  badge.firstChild.replaceChildren(sign(status));
  badge.lastChild.textContent = word;
}

/** @param {string} status */
export function sign(status) {
  const what = SIGNS[status] ?? 0;
  const drawing = s("svg", { viewBox: "0 0 16 16", class: "status-sign", "aria-hidden": "true" });
  if (typeof what === "string") {
    const stroke = s("path", { d: STROKES[what], class: "stroke" });
    drawing.append(s("circle", { cx: 8, cy: 8, r: 7, class: "disc" }), stroke);
  } else {
    drawing.append(s("circle", { cx: 8, cy: 8, r: 5.5, class: what ? "track" : "track waiting" }));
    const arc = { cx: 8, cy: 8, r: 5.5, class: "arc", transform: "rotate(-90 8 8)" };
    if (what) drawing.append(s("circle", { ...arc, "stroke-dasharray": `${(LENGTH * what) / 4} ${LENGTH}` }));
  }
  return drawing;
}
