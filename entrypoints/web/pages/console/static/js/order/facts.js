/** The figures at the top of an order's page. */
import { named } from "./named.js";
import { h } from "../shared/dom.js";
import { computed, counted, durationText, grouped, priced, tokens } from "../shared/format.js";
import { againstQuote } from "./quotes.js";
import { REASONS, shownStatus } from "../shared/status.js";
import { received } from "../shared/swap.js";

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
  const fee = feeOf(order, chosen);
  const amount = got === null ? "–" : [`${tokens(got)} `, named(order.outputToken)];
  const unit = perToken(order);
  const gone = order.execution?.finality === "undone" && fact("Received", "Nothing", "its chain undid the swap", "down");
  return [
    gone || fact(done ? "Received" : "Would receive", amount, fee && (done ? fee : `at the quote, ${fee}`)),
    fact("Executed price", done ? priced(order.executionPrice) : "–", done ? unit : "not swapped yet"),
    fact("Against the quote", against?.text ?? "–", against?.words ?? "", against?.mood),
  ];
}

/** On a chain a quote is what the wallet gets: what it costs beside is the network's fee. */
function feeOf({ execution }, chosen) {
  if (execution?.networkFee) return `network fee ${execution.networkFee} ${execution.networkFeeAsset}`;
  return chosen && `after ${computed(Number(chosen.fee) * 100)}\u202f% fee`;
}

function failure(order, story) {
  const chosen = order.quotes.find((quote) => quote.chosen);
  return [
    fact("Reason", REASONS[order.reasonCode] ?? "–", "nothing was swapped", shownStatus(order) === "failed" ? "down" : null),
    chosen
      ? fact("Last quote taken", priced(chosen.price), perToken(order))
      : fact("Last quote taken", "–", "none was"),
    venue(order),
    time(order, story),
  ];
}

function perToken({ inputToken, outputToken }) {
  return [named(outputToken), " per ", named(inputToken)];
}

function venue(order) {
  const { slippageBps } = order;
  const limit = slippageBps === null ? "no slippage limit of its own" : `slippage limit ${grouped(String(slippageBps))}\u202fbps`;
  return fact("Venue", order.chosenDex ?? "–", order.execution ? [limit, ...onChain(order.execution)] : limit);
}

/** Say how sure a swap on a chain is, and where to see it there. */
function onChain({ chain, finality, explorerUrl }) {
  const words = `${finality} on ${chain}`;
  return [" · ", explorerUrl ? h("a", { href: explorerUrl, target: "_blank", rel: "noreferrer" }, words) : words];
}

function time(order, story, now) {
  const end = story && (story.end ?? now ?? story.attempts.at(-1).steps.at(-1).at);
  const took = story && Math.max(0, end - story.start);
  return fact(story?.end ? "Took" : "So far", durationText(took), counted(order.attempt, "attempt"));
}

function fact(name, value, note, mood = null) {
  return h("div", { class: "fact", "data-mood": mood },
    h("dt", {}, name), h("dd", { class: "value" }, value), h("dd", { class: "note" }, note ?? ""));
}
