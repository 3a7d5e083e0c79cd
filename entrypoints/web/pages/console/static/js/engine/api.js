/** The engine's HTTP API. */
import { parseExact } from "./exact-json.js";
import { authorization, end, isSignedIn } from "./session.js";

const PATIENCE_MS = 15_000;
const PAGE = 200; // the most that the API gives at once
const SIGNED_OUT = "The engine no longer takes the key: it has expired or was revoked.";

/** A refusal, as the engine words it (RFC 9457). */
export class Problem extends Error {
  /** @param {number} status @param {any} document */
  constructor(status, document) {
    super(document?.detail ?? `The engine answered ${status}`);
    this.status = status;
    /** @type {string} */
    this.code = document?.code ?? "";
    /** @type {{field: string, message: string}[]} */
    this.errors = document?.errors ?? [];
  }
}

/** No answer: whether the request was carried out isn't known. */
export class Unreachable extends Error {}

/**
 * @param {{status?: string, userId?: string, cursor?: string | null}} query
 * @returns {Promise<{data: any[], nextCursor: string | null}>} newest first
 */
export function listOrders({ status, userId, cursor }) {
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (status) query.set("status", status);
  if (userId) query.set("userId", userId);
  if (cursor) query.set("cursor", cursor);
  return call(`/api/orders?${query}`);
}

/** @param {string} orderId */
export function getOrder(orderId) {
  return call(`/api/orders/${encodeURIComponent(orderId)}`);
}

/** @param {string} orderId */
export function cancelOrder(orderId) {
  return call(`/api/orders/${encodeURIComponent(orderId)}/cancel`, { method: "POST" });
}

/** @param {string} body JSON @param {string} key makes repeats of this call harmless */
export function executeOrder(body, key) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  return call("/api/orders/execute", { method: "POST", headers, body });
}

/** @returns {Promise<{data: {address: string, symbol: string}[]}>} refused where there is no list */
export function listTokens() {
  return call("/api/tokens");
}

/** @returns {Promise<import("./session.js").Me>} */
export function getMe() {
  return call("/api/me");
}

/** Ask what a credential would allow, or with an empty one what is allowed without. */
export function tryCredential(credential) {
  return call("/api/me", { headers: authorization(credential) }, false);
}

/** Return a socket's path as this page may open it. @param {string} path @returns {Promise<string>} */
export async function admitted(path) {
  if (!isSignedIn()) return path;
  const [target, query] = path.split("?");
  const headers = { "Content-Type": "application/json" };
  const { ticket } = await call("/api/ws-tickets", { method: "POST", headers, body: JSON.stringify({ target }) });
  return `${target}?${new URLSearchParams([...new URLSearchParams(query), ["ticket", ticket]])}`;
}

/** @returns {Promise<Stats>} */
export function getStats() {
  return call("/api/stats");
}

/**
 * @typedef {{waiting: number, leased: number, delayed: number, buried: number, paused: boolean}} QueueStats
 * @typedef {{since: string, why: string, by: string, lostWrites: boolean}} Halt
 * @typedef {{open: number, oldestPendingSeconds: number | null, queue: QueueStats | null, halt?: Halt}} Stats
 */

async function call(path, options = {}, known = true) {
  const headers = { ...authorization(), ...options.headers };
  const request = { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS), ...options, headers };
  let answer, text;
  try {
    answer = await fetch(path, request);
    text = await answer.text();
  } catch {
    throw new Unreachable("The engine doesn't answer");
  }
  if (answer.status === 401 && known) end(isSignedIn() ? SIGNED_OUT : "");
  const document = parsed(text);
  if (!answer.ok || document === undefined) throw new Problem(answer.status, document);
  return document;
}

function parsed(text) {
  try {
    return parseExact(text);
  } catch {
    return undefined; // not the engine's: a proxy's page, perhaps
  }
}
