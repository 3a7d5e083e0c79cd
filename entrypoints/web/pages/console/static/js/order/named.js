/** Tokens within our words. */
import { symbolOf } from "../engine/tokens.js";
import { h } from "../shared/dom.js";

/** A token by its symbol, in whatever direction it is written; its address is a hover away. */
export function named(token) {
  const symbol = symbolOf(token);
  return h("bdi", { title: symbol === token ? null : token }, symbol);
}
