/** How numbers, times and ids are written. Decimals stay the texts that the engine sent: no digit is lost. */
import { LOCALE } from "./time.js";

const SPACE = "\u202f"; // narrow, and no line breaks there
const MINUS = "\u2212";

/** Group a decimal's whole digits: "1234567.8" is "1,234,567.8". @param {string} decimal */
export function grouped(decimal) {
  const [whole, rest] = decimal.split(".");
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? digits : `${digits}.${rest}`;
}

/** @param {string | null} price with its decimals, at least 4 so that a column lines up, at most 8 significant ones */
export function priced(price) {
  if (price === null) return "";
  const [whole, rest = ""] = price.split(".");
  const shown = rest.replace(/^(0*\d{8})\d+$/, "$1…"); // a quotient has no end that anybody reads
  return grouped(`${whole}.${shown.padEnd(4, "0")}`);
}

/** Write a computed number, which is as good as its input, with at most 4 decimals. @param {number} value */
export function computed(value) {
  return value.toLocaleString(LOCALE, { maximumFractionDigits: 4 });
}

/** Write a computed amount of tokens, with 2 decimals; with more when it is small. @param {number} value */
export function tokens(value) {
  const places = Math.abs(value) >= 1 || value === 0 ? 2 : 6;
  return value.toLocaleString(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: places });
}

/** @param {number} bps signed, one decimal */
export function bpsText(bps) {
  const size = Math.abs(bps).toFixed(1);
  const sign = size === "0.0" ? "" : bps < 0 ? MINUS : "+";
  return `${sign}${size}${SPACE}bps`;
}

/** @param {string} orderId its first 8 characters are enough to tell orders on a screen apart */
export function shortId(orderId) {
  return orderId.slice(0, 8);
}

/** How long ago, roughly: "now", "12 s", "4 min", "3 h", "2 d". @param {number} ms */
export function ageText(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return "now";
  if (seconds < 60) return `${seconds}${SPACE}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${SPACE}min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}${SPACE}h`;
  return `${Math.floor(seconds / 86400)}${SPACE}d`;
}

/** How long something took: "3 ms", "2.41 s", "3 min 20 s". @param {number | null} ms */
export function durationText(ms) {
  if (ms === null) return "–";
  if (ms < 999.5) return `${Math.round(ms)}${SPACE}ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)}${SPACE}s`;
  if (ms < 99_950) return `${(ms / 1000).toFixed(1)}${SPACE}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${SPACE}min ${seconds % 60}${SPACE}s`;
  return `${Math.floor(seconds / 3600)}${SPACE}h ${Math.floor((seconds % 3600) / 60)}${SPACE}min`;
}

/** "1 order", "2,000 orders". */
export function counted(count, one, many = `${one}s`) {
  return `${grouped(String(count))}\u00a0${count === 1 ? one : many}`;
}
