/** The engine's clock as far as this page knows it: a machine whose clock is wrong would show wrong ages. */

const TOLERATED_MS = 2_000;
let skewMs = 0;
let lastMs = 0;

/** Note when something that just came was stamped; what came quickest is the most exact. @param {number} stampedMs */
export function heard(stampedMs) {
  const late = Date.now() - stampedMs;
  if (late < skewMs || Date.now() - lastMs > 60_000) {
    skewMs = Math.abs(late) > TOLERATED_MS ? late : 0;
    lastMs = Date.now();
  }
}

/** Now, by the engine's clock, in ms since the epoch. */
export function engineNow() {
  return Date.now() - skewMs;
}
