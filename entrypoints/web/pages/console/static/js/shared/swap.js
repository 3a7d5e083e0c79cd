/** What a swap gave, or would give. Pure. */

/**
 * Output tokens for `amount` at `price`, after `fee`.
 * @param {string} amount
 * @param {string} price
 * @param {string} fee a fraction
 */
export function netOutput(amount, price, fee) {
  return Number(amount) * Number(price) * (1 - Number(fee));
}

/**
 * What the swap gave after the venue's fee, or would give at the quoted price; null before any quote.
 * @param {any} order as the API shows it
 */
export function received(order) {
  const chosen = order.quotes.find((quote) => quote.chosen);
  if (order.execution) return Number(order.execution.amountOut);
  if (!chosen) return null;
  return netOutput(order.amount, order.executionPrice ?? chosen.price, chosen.fee);
}
