/** Reads the engine's JSON without pressing its decimals into binary floats. */

// Inside a JSON text a quote is always escaped, so this never matches within a value that a user wrote.
const DECIMALS = /"(amount|price|executionPrice|fee)":(\d[\d.]*)/g;

/** Parse; amounts, prices and fees become texts with their exact digits. @param {string} text @returns {any} */
export function parseExact(text) {
  return JSON.parse(text.replace(DECIMALS, '"$1":"$2"'));
}
