/** Sends an order so that it is placed once, however often it has to be sent. */
import { executeOrder, Problem, Unreachable } from "../engine/api.js";

const WAITS_MS = [500, 1_500, 3_000];
const NUMBER = /^-?(0|[1-9]\d{0,40})(\.\d{1,40})?$/;

/** The key belongs to what is ordered: the same until that order is accepted, or something else is ordered. */
export class Submission {
  #body = "";
  #key = "";

  /**
   * Send, and send again when the answer got lost or the engine asks for it. A repeat carries the same key.
   * @param {Record<string, unknown>} fields
   * @param {() => void} onRetry called before each repeat
   * @returns {Promise<string>} the order's id. Throws Problem, or Unreachable when no repeat got an answer.
   */
  async send(fields, onRetry) {
    const body = bodyOf(fields);
    if (body !== this.#body) {
      this.#body = body;
      this.#key = newKey();
    }
    for (let attempt = 0; ; attempt++) {
      try {
        const { orderId } = await executeOrder(body, this.#key);
        this.#body = "";
        return orderId;
      } catch (error) {
        if (!isPassing(error) || attempt === WAITS_MS.length) throw error;
        onRetry();
        await new Promise((resolve) => setTimeout(resolve, WAITS_MS[attempt]));
      }
    }
  }
}

function isPassing(error) {
  return error instanceof Unreachable || (error instanceof Problem && [429, 502, 503, 504].includes(error.status));
}

/** A number goes out digit by digit as it was typed; what is none goes out as text, for the engine to say so. */
function bodyOf({ amount, ...rest }) {
  return `${JSON.stringify(rest).slice(0, -1)},"amount":${NUMBER.test(amount) ? amount : JSON.stringify(amount)}}`;
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is missing on plain http
  return `console-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
