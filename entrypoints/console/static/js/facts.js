/** The figures at the top of an order's page. */
import { h } from "./dom.js";
import { computed, counted, durationText, grouped, priced, tokens } from "./format.js";
import { againstQuote, received } from "./quotes.js";
import { REASONS } from "./status.js";

/**
 * @param {any} order as the API shows it
 * @param {import("./story.js").Story | null} story
 * @param {number} [now] by the engine's clock, while the order is under way
 */
export function facts(order, story, now) {
  return order.status === "failed" ? failure(order, story) : [...outcome(order), venue(order), time(order, story, now)];
}

function outcome(order) {
  const done = order.executionPrice !== null;
  const chosen = order.quotes.find((quote) => quote.chosen);
  const got = received(order);
  const against = againstQuote(order);
  const fee = chosen && `after ${computed(Number(chosen.fee) * 100)}\u202f% fee`;
  return [
    fact(done ? "Received" : "Would receive", got === null ? "–" : `${tokens(got)} ${order.outputToken}`, fee && (done ? fee : `at the quote, ${fee}`)),
    fact("Executed price", done ? priced(order.executionPrice) : "–", done ? `${order.outputToken} per ${order.inputToken}` : "not swapped yet"),
    fact("Against the quote", against?.text ?? "–", against?.words ?? "", against?.mood),
  ];
}

function failure(order, story) {
  const chosen = order.quotes.find((quote) => quote.chosen);
  return [
    fact("Reason", REASONS[order.reasonCode] ?? "–", "nothing was swapped", "down"),
    fact("Last quote taken", chosen ? priced(chosen.price) : "–", chosen ? `${order.outputToken} per ${order.inputToken}` : "none was"),
    venue(order),
    time(order, story),
  ];
}

function venue(order) {
  const limit = order.slippageBps === null ? "no slippage limit" : `slippage limit ${grouped(String(order.slippageBps))}\u202fbps`;
  return fact("Venue", order.chosenDex ?? "–", limit);
}

function time(order, story, now) {
  const end = story && (story.end ?? now ?? story.attempts.at(-1).steps.at(-1).at);
  return fact(story?.end ? "Took" : "So far", durationText(story && Math.max(0, end - story.start)), counted(order.attempt, "attempt"));
}

function fact(name, value, note, mood = null) {
  return h("div", { class: "fact", "data-mood": mood },
    h("dt", {}, name), h("dd", { class: "value" }, value), h("dd", { class: "note" }, note ?? ""));
}
