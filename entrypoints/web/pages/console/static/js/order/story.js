/** An order's frames read as a story: attempts, each with steps that took their time. Pure: no page, no clock. */
import { isFinal } from "../engine/orders.js";

/**
 * @typedef {Object} Step
 * @property {number} seq
 * @property {string} status
 * @property {string} message
 * @property {number} at ms since the epoch
 * @property {number | null} until when the next step began; null while it lasts, and for the last one
 * @property {boolean} failure the attempt, or the order, failed here
 *
 * @typedef {{number: number, steps: Step[]}} Attempt
 * @typedef {{attempts: Attempt[], start: number, end: number | null}} Story
 */

/** @param {any[]} frames by seq, from 0 on @returns {Story | null} null while there are none */
export function storyOf(frames) {
  if (!frames.length) return null;
  const steps = frames.map((frame, index) => stepOf(frame, frames[index + 1]));
  /** @type {Attempt[]} */
  const attempts = [];
  frames.forEach((frame, index) => {
    if (attempts.at(-1)?.number !== frame.attempt) attempts.push({ number: frame.attempt, steps: [] });
    attempts.at(-1).steps.push(steps[index]);
  });
  const last = frames.at(-1);
  return { attempts, start: steps[0].at, end: isFinal(last) ? steps.at(-1).at : null };
}

/** @returns {Step} */
function stepOf(frame, next) {
  const cancelled = frame.reasonCode === "cancelled";
  const failedAttempt = frame.status === "routing" && /^Attempt \d+ of \d+ failed/.test(frame.message);
  return {
    seq: frame.seq,
    status: cancelled ? "cancelled" : frame.status,
    message: frame.message.replace(/\.\.\.$/, ""),
    at: Date.parse(frame.timestamp),
    until: next ? Date.parse(next.timestamp) : null,
    failure: failedAttempt || (frame.status === "failed" && !cancelled),
  };
}
