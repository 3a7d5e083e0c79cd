/** One call of the API: exact decimals, a time limit, and repeats where a repeat is harmless. */
import { Problem, RateLimited, refusal, UnexpectedAnswer, Unreachable } from "./errors.js";

const FIRST_MS = 300;
const MOST_MS = 5_000;
const LONGEST_RETRY_AFTER_S = 30; // whoever is told to wait longer decides himself
const ACCEPT = "application/json; decimals=string";

/**
 * @typedef {Object} Call
 * @property {string} [method] default GET
 * @property {any} [body] sent as JSON
 * @property {Record<string, any>} [query] what is absent is left out; an array is repeated
 * @property {Record<string, string>} [headers]
 * @property {boolean} [repeatable] whether doing it twice is as good as once; GETs are
 * @property {number} [retries]
 * @property {(error: Error, waitMs: number) => void} [onRetry]
 * @property {AbortSignal} [signal]
 */

export class Http {
  /** @param {{base: URL, credential: () => Promise<string>, fetch: typeof fetch, timeoutMs: number, retries: number}} options */
  constructor(options) {
    this.options = options;
  }

  /**
   * @param {string} path below the engine's address, without a slash before it
   * @param {Call} [call]
   * @returns {Promise<any>} the answer's document; undefined when it has no body
   */
  async send(path, call = {}) {
    const { method = "GET", retries = this.options.retries, signal, onRetry } = call;
    const repeatable = call.repeatable ?? method === "GET";
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(path, method, call);
      } catch (error) {
        const wait = attempt < retries ? pause(error, attempt, repeatable) : null;
        if (wait === null) throw error;
        onRetry?.(error, wait);
        await sleep(wait, signal);
      }
    }
  }

  /** @returns {URL} @param {string} path @param {Record<string, any>} [query] */
  url(path, query = {}) {
    const url = new URL(path, this.options.base);
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined || value === null) continue; // an empty text would not mean all: the engine refuses it
      for (const one of [value].flat()) url.searchParams.append(name, one instanceof Date ? one.toISOString() : one);
    }
    return url;
  }

  async #once(path, method, { body, query, headers, signal }) {
    const shown = await this.options.credential();
    const limit = AbortSignal.timeout(this.options.timeoutMs);
    const { fetch } = this.options;
    const request = {
      method, cache: "no-store", redirect: "error", signal: signal ? AbortSignal.any([limit, signal]) : limit,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        Accept: ACCEPT, ...headers,
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...(shown && { Authorization: `Bearer ${shown}` }),
      },
    };
    let answer, text;
    try {
      answer = await fetch(this.url(path, query), request);
      text = await answer.text();
    } catch (error) {
      signal?.throwIfAborted();
      throw new Unreachable("The engine doesn't answer", { cause: error });
    }
    return read(answer, text);
  }
}

function read(answer, text) {
  const document = parsed(text);
  if (!answer.ok) throw refusal(answer.status, document, retryAfter(answer));
  if (document === undefined && text) throw new UnexpectedAnswer(answer.status);
  return document;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function retryAfter(answer) {
  const seconds = Number(answer.headers.get("Retry-After") || NaN);
  return seconds >= 0 ? seconds : null;
}

/** How long to wait before a repeat, in ms; null when there is nothing to repeat. Limited: it was surely not done. */
function pause(error, attempt, repeatable) {
  const passing = error instanceof Unreachable || [502, 503, 504].includes(error.status);
  if (!(error instanceof RateLimited) && !(passing && repeatable)) return null;
  const asked = error instanceof Problem ? (error.retryAfter ?? 0) : 0;
  return asked > LONGEST_RETRY_AFTER_S ? null : Math.max(backOff(attempt, FIRST_MS, MOST_MS), asked * 1000);
}

/** A wait that doubles, and is never in step with others'. In ms. */
export function backOff(attempt, first, most) {
  return Math.min(most, first * 2 ** attempt) * (0.5 + Math.random() / 2);
}

/** @param {number} ms @param {AbortSignal} [signal] */
function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => (clearTimeout(timer), reject(signal?.reason));
    const timer = setTimeout(() => (signal?.removeEventListener("abort", stop), resolve(undefined)), ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
