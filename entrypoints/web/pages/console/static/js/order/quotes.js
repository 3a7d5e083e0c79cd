/** Draws what the venues offered, which offer was taken and why, and what became of it. */
import { named } from "./named.js";
import { symbolOf } from "../engine/tokens.js";
import { h } from "../shared/dom.js";
import { bpsBetween, whyItWon } from "./explain.js";
import { bpsText, computed, priced, tokens } from "../shared/format.js";
import { netOutput } from "../shared/swap.js";

/** @param {any} order as the API shows it */
export function quotesPanel(order) {
  const { quotes, amount, outputToken, attempt } = order;
  if (!quotes.length) return [h("p", { class: "nothing" }, waiting(order))];
  const names = ["Venue", "Price", "Fee", ["Net ", named(outputToken)]];
  const head = h("tr", {}, names.map((name) => h("th", { scope: "col" }, name)));
  const rows = quotes.map((quote) => quoteRow(quote, amount));
  const which = attempt > 1 ? [h("p", { class: "hint" }, `As quoted to attempt ${attempt}.`)] : [];
  return [
    h("table", { class: "quotes" },
      h("caption", { class: "sr-only" }, "Quotes"), h("thead", {}, head), h("tbody", {}, rows)),
    ...which,
    h("p", { class: "why" }, whyItWon(quotes, amount, symbolOf(outputToken), order.routing).join(" ")),
  ];
}

/**
 * The swap's price against the quote it was sent with, in numbers and words; null before there is one.
 * @param {any} order as the API shows it
 */
export function againstQuote(order) {
  const chosen = order.quotes.find((quote) => quote.chosen);
  if (!chosen || !order.executionPrice) return null;
  const bps = bpsBetween(order.execution?.price ?? order.executionPrice, chosen.price);
  const same = Math.abs(bps) < 0.05;
  const words = same ? "as quoted" : bps > 0 ? "better than quoted" : "worse than quoted";
  return { text: bpsText(bps), words, mood: same ? null : bps > 0 ? "up" : "down" };
}

function quoteRow(quote, amount) {
  const won = quote.chosen ? h("span", { class: "won" }, "Won") : "";
  return h("tr", { "data-chosen": String(quote.chosen) },
    h("th", { scope: "row" }, quote.dex, won),
    h("td", {}, priced(quote.price)),
    h("td", {}, `${computed(Number(quote.fee) * 100)}\u202f%`),
    h("td", {}, tokens(netOutput(amount, quote.price, quote.fee))),
  );
}

function waiting(order) {
  if (order.status === "failed") return "No venue's quote was taken.";
  if (order.status === "resting") return "The order waits for its price.";
  return order.status === "pending" ? "No venue was asked yet." : "The venues were asked; their quotes will show here.";
}
