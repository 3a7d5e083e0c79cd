/** What holds for an order that is placed now: by which rule it is routed, and which slippage limit it gets of itself. */
import { byId, setText } from "../shared/dom.js";
import { grouped } from "../shared/format.js";

const RULES = Object.freeze({
  lowest_price: "the lowest quote is taken, as specified; best_net_output often gives a seller more.",
  best_net_output: "the quote is taken that gives the most after fees.",
});

/** @param {import("../../client/index.js").Stats} stats */
export function showRule({ policy, defaultSlippageBps: limit }) {
  const rule = byId("routing-rule");
  rule.hidden = false;
  setText(rule, `Routing by ${policy}${policy in RULES ? `: ${RULES[policy]}` : "."}`);
  const none = limit === null;
  byId("slippageBps").placeholder = none ? "None" : grouped(String(limit));
  setText(byId("slippageBps-hint"), `100 bps is 1 %. ${none ? "Without one any price is taken." : `Without one ${grouped(String(limit))} bps holds.`}`);
}
