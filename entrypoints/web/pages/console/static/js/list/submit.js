/** Sends an order so that it is placed once, however often it has to be sent. */
import { client } from "../engine/client.js";

const RETRIES = 3;

/** The key belongs to what is ordered: the same until that order is accepted, or something else is ordered. */
export class Submission {
  #wanted = "";
  #key = "";

  /**
   * Send, and send again when the answer got lost or the engine asks for it. A repeat carries the same key.
   * @param {any} fields
   * @param {() => void} onRetry called before each repeat
   * @returns {Promise<string>} the order's id. Throws Problem, or Unreachable when no repeat got an answer.
   */
  async send(fields, onRetry) {
    const wanted = JSON.stringify(fields);
    if (wanted !== this.#wanted) {
      this.#wanted = wanted;
      this.#key = newKey();
    }
    const { orderId } = await client.submit(fields, { idempotencyKey: this.#key, retries: RETRIES, onRetry });
    this.#wanted = "";
    return orderId;
  }
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is missing on plain http
  return `console-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
