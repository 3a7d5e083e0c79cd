/** Why a quote won, and what a swap gave, in words and numbers. Pure. */
import { bpsText, tokens } from "../shared/format.js";

/** @typedef {{dex: string, price: string, fee: string, chosen: boolean}} Quote */

/**
 * Output tokens for `amount` at `price`, after `fee`.
 * @param {string} amount
 * @param {string} price
 * @param {string} fee a fraction
 */
export function netOutput(amount, price, fee) {
  return Number(amount) * Number(price) * (1 - Number(fee));
}

/** How far `price` is from `reference`, in basis points of it; above is positive. */
export function bpsBetween(price, reference) {
  return (Number(price) / Number(reference) - 1) * 10_000;
}

/** @param {Quote[]} quotes @param {string} amount @param {string} token what is bought @returns {string[]} sentences */
export function whyItWon(quotes, amount, token) {
  const chosen = quotes.find((quote) => quote.chosen);
  if (!chosen) return [];
  const others = quotes.filter((quote) => quote !== chosen);
  if (!others.length) return [`${chosen.dex} was the only venue that quoted.`];
  const net = (quote) => netOutput(amount, quote.price, quote.fee);
  const cheapest = others.every((quote) => Number(chosen.price) <= Number(quote.price));
  const richest = others.every((quote) => net(chosen) >= net(quote));
  const other = others.reduce((best, quote) => (net(quote) > net(best) ? quote : best));
  const sentences = [rule(chosen, other, cheapest, richest)];
  const difference = net(other) - net(chosen);
  if (Math.abs(difference) >= 0.005) {
    const more = difference > 0 ? "more" : "less";
    sentences.push(`After fees ${other.dex} offered ${tokens(Math.abs(difference))} ${token} ${more}.`);
  }
  return sentences;
}

function rule(chosen, other, cheapest, richest) {
  const apart = bpsText(Math.abs(bpsBetween(chosen.price, other.price))).replace("+", "");
  const won = `${chosen.dex} won:`;
  if (cheapest && chosen.price === other.price) return `${won} the price is the same, and then the lower fee wins.`;
  if (cheapest) return `${won} the lowest price wins, and its quote is ${apart} below ${other.dex}'s.`;
  if (richest) return `${won} the most output after fees wins, and its quote is ${apart} above ${other.dex}'s.`;
  return `${chosen.dex} was chosen by the engine's routing policy.`;
}
