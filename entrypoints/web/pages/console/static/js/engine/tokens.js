/** The engine's token list, where it has one: orders keep addresses, which people know by their symbols. */
import { client } from "./client.js";

/** @type {Map<string, string>} */
const symbols = new Map();

/** Read the list, for all that is drawn from then on. @returns {Promise<string[]>} its symbols; none without a list */
export async function readTokens() {
  const tokens = await client.tokens().catch(() => []); // refused where there is no list
  for (const { address, symbol } of tokens.toReversed()) symbols.set(address, symbol); // the first one counts
  return tokens.map(({ symbol }) => symbol);
}

/** @param {string} token as an order has it */
export function symbolOf(token) {
  return symbols.get(token) ?? token;
}
