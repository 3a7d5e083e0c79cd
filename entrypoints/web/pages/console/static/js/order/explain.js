/** Why a quote was taken, as the engine recorded it, in words and numbers. Pure. */
import { bpsText, tokens } from "../shared/format.js";
import { netOutput } from "../shared/swap.js";

/**
 * @typedef {{dex: string, price: string, fee: string, netPrice?: string, chosen: boolean}} Quote
 * @typedef {{policy: string, compared: "price" | "netPrice"} | null | undefined} Routing
 */

/** How far `price` is from `reference`, in basis points of it; above is positive. */
export function bpsBetween(price, reference) {
  return (Number(price) / Number(reference) - 1) * 10_000;
}

/**
 * @param {Quote[]} quotes
 * @param {string} amount
 * @param {string} token what is bought
 * @param {Routing} routing what the choice compared; null where that was not recorded
 * @returns {string[]} sentences
 */
export function whyItWon(quotes, amount, token, routing) {
  const chosen = quotes.find((quote) => quote.chosen);
  if (!chosen) return [];
  const others = quotes.filter((quote) => quote !== chosen);
  if (!others.length) return [`${chosen.dex} was the only venue that quoted.`];
  const net = (quote) => netOutput(amount, quote.price, quote.fee);
  const other = others.reduce((best, quote) => (net(quote) > net(best) ? quote : best));
  const sentences = [routing ? comparison(chosen, others, routing) : `${chosen.dex} was taken; by which rule was not recorded.`];
  const difference = net(other) - net(chosen);
  if (Math.abs(difference) >= 0.005) {
    const more = difference > 0 ? "more" : "less";
    sentences.push(`After fees ${other.dex} offered ${tokens(Math.abs(difference))} ${token} ${more}.`);
  }
  return sentences;
}

/** What was compared, and how far the nearest other one was. */
function comparison(chosen, others, { policy, compared }) {
  const value = (quote) =>
    (compared === "price" ? Number(quote.price) : Number(quote.netPrice ?? netOutput("1", quote.price, quote.fee)));
  const apart = (quote) => bpsBetween(value(chosen), value(quote));
  const nearest = others.reduce((best, quote) => (Math.abs(apart(quote)) < Math.abs(apart(best)) ? quote : best));
  const bps = apart(nearest);
  const size = bpsText(Math.abs(bps)).replace("+", "");
  const where = bps === 0 ? `the same as ${nearest.dex}'s` : `${size} ${bps < 0 ? "below" : "above"} ${nearest.dex}'s`;
  const what = compared === "price" ? "prices before fees" : "prices after fees";
  return `${chosen.dex} was taken by the policy ${policy}, which compares ${what}: ${where}.`;
}
