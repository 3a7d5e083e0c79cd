/** Says to screen readers what happens, politely: at most one sentence every few seconds, the latest news last. */
import { byId } from "./dom.js";

const PAUSE_MS = 4_000;
const KEPT = 3;
/** @type {string[]} */
let waiting = [];
let timer = 0;

/** @param {string} sentence */
export function announce(sentence) {
  waiting = [...waiting, sentence].slice(-KEPT);
  if (!timer) speak();
}

function speak() {
  byId("announce").textContent = waiting.join(" ");
  waiting = [];
  timer = setTimeout(() => {
    timer = 0;
    if (waiting.length) speak();
  }, PAUSE_MS);
}
