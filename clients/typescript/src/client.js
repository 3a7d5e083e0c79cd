/** The engine as an object: orders, their stories, executions, webhooks, and what operators do. */
import { OrderEngineError } from "./errors.js";
import { Http } from "./http.js";
import { Subscription } from "./subscription.js";

const TIMEOUT_MS = 15_000;
const RETRIES = 4;
const FINAL = new Set(["confirmed", "failed"]);

export class OrderEngine {
  #http;
  #credential;
  #renews;
  #WebSocket;

  /** @param {string | URL} url the engine's address @param {Record<string, any>} [options] as in index.d.ts */
  constructor(url, options = {}) {
    const { credential = "", timeoutMs = TIMEOUT_MS, retries = RETRIES } = options;
    const base = new URL(url);
    if (base.username || base.password) throw new TypeError("Give the credential as an option, not in the address");
    if (!base.pathname.endsWith("/")) base.pathname += "/";
    base.search = base.hash = "";
    this.#renews = typeof credential === "function";
    this.#credential = async () => {
      const shown = typeof credential === "function" ? await credential() : credential;
      if (shown && !isSafe(base)) throw new TypeError("A credential is not shown in plain text to another machine: use https");
      return shown;
    };
    const fetch = options.fetch ?? ((...call) => globalThis.fetch(...call));
    this.#http = new Http({ base, credential: this.#credential, fetch, timeoutMs, retries });
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
    this.webhooks = new Webhooks(this.#http);
  }

  /** Place an order. Sent again when no answer came: with the same key, so that it is placed once. */
  async submit(order, { idempotencyKey, ...options } = {}) {
    const key = idempotencyKey ?? newKey();
    const call = { ...options, method: "POST", body: order, headers: { "Idempotency-Key": key }, repeatable: true };
    try {
      return await this.#http.send("api/orders/execute", call);
    } catch (error) {
      if (error instanceof OrderEngineError) error.idempotencyKey = key;
      throw error;
    }
  }

  order(orderId, options) {
    return this.#http.send(at(orderId), options);
  }

  /** All orders that match, newest first, read page by page as they are asked for. */
  orders(filter, options) {
    return pages((cursor) => this.ordersPage({ ...filter, cursor }, options));
  }

  ordersPage(query, options) {
    return this.#http.send("api/orders", { ...options, query });
  }

  /** An order's frames so far. */
  async events(orderId, { afterSeq, ...options } = {}) {
    return (await this.#http.send(at(orderId, "events"), { ...options, query: { afterSeq } })).data;
  }

  cancel(orderId, options) {
    return this.#act(orderId, "cancel", undefined, options);
  }

  cancelAll(filter = {}, options) {
    return this.#http.send("api/orders/cancel-all", { ...options, method: "POST", body: filter });
  }

  /** Put an order that runs in the queue, unless it is there. */
  requeue(orderId, decision = {}, options) {
    return this.#act(orderId, "requeue", decision, options);
  }

  /** Put an order's dead letter back in the queue. */
  revive(orderId, decision = {}, options) {
    return this.#act(orderId, "revive", decision, options);
  }

  /** End an order as failed whose swap has not landed, and cannot. */
  fail(orderId, decision = {}, options) {
    return this.#act(orderId, "fail", decision, options);
  }

  executions(filter, options) {
    return pages((cursor) => this.executionsPage({ ...filter, cursor }, options));
  }

  executionsPage(query, options) {
    return this.#http.send("api/executions", { ...options, query });
  }

  async tokens(options) {
    return (await this.#http.send("api/tokens", options)).data;
  }

  me(options) {
    return this.#http.send("api/me", options);
  }

  stats(options) {
    return this.#http.send("api/stats", options);
  }

  /** One order's frames, each once and in order, until its last; after a break it goes on where it was. */
  watch(orderId, { afterSeq, ...options } = {}) {
    let last = afterSeq ?? -1;
    let mayBeOver = last !== -1; // nothing may come after a frame that was asked from; before the final one something does
    const path = `ws/orders/${segment(orderId)}`;
    const take = (frame) => ((last = frame.seq), (mayBeOver = FINAL.has(frame.status)), true);
    const source = {
      isOver: () => mayBeOver,
      renews: false,
      dial: () => this.#dial(source, path, { afterSeq: last < 0 ? undefined : last }),
      take: (frame) => frame.seq > last && take(frame),
      isAlive: async () => last >= 0 && !(await this.events(orderId, { afterSeq: last, retries: 0 })).length,
    };
    return new Subscription(source, options);
  }

  /** The frames of all orders that the credential may see, from now on; what comes during a break is not told. */
  feed({ userId, ...options } = {}) {
    const source = {
      isOver: () => false,
      renews: false,
      dial: () => this.#dial(source, "ws/orders", { userId }),
      take: () => true,
      isAlive: async () => Boolean(await this.me({ retries: 0 })),
    };
    return new Subscription(source, options);
  }

  #act(orderId, verb, body, options) {
    return this.#http.send(at(orderId, verb), { ...options, method: "POST", body });
  }

  /** Open a socket; where there is a credential, with a ticket: it can send no header. */
  async #dial(source, path, query) {
    const Socket = this.#WebSocket;
    if (!Socket) throw new TypeError("There is no WebSocket here: Node 22 has one, or give one as an option");
    const url = this.#http.url(path, { ...query, decimals: "string" });
    const shown = await this.#credential();
    if (shown) url.searchParams.set("ticket", await this.#ticket(`/${path}`));
    source.renews = this.#renews && Boolean(shown);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new Socket(url);
  }

  async #ticket(target) {
    const call = { method: "POST", body: { target }, repeatable: true, retries: 0 };
    return (await this.#http.send("api/ws-tickets", call)).ticket;
  }
}

/** Endpoints that are told of orders. */
class Webhooks {
  #http;

  constructor(http) {
    this.#http = http;
  }

  create(endpoint, options) {
    return this.#http.send("api/webhooks", { ...options, method: "POST", body: endpoint });
  }

  async list({ userId } = {}, options) {
    return (await this.#http.send("api/webhooks", { ...options, query: { userId } })).data;
  }

  get(id, options) {
    return this.#http.send(hook(id), options);
  }

  update(id, changes, options) {
    return this.#http.send(hook(id), { ...options, method: "PATCH", body: changes });
  }

  delete(id, options) {
    return this.#http.send(hook(id), { ...options, method: "DELETE" });
  }

  rotateSecret(id, options) {
    return this.#http.send(hook(id, "/rotate-secret"), { ...options, method: "POST" });
  }

  /** What was tried, newest first, read page by page as it is asked for. */
  deliveries(id, { limit } = {}, options) {
    return pages((cursor) => this.#http.send(hook(id, "/deliveries"), { ...options, query: { limit, cursor } }));
  }

  /** Have the events of a time sent again. */
  replay(id, range, options) {
    return this.#http.send(hook(id, "/replay"), { ...options, method: "POST", body: range });
  }

  test(id, options) {
    return this.#http.send(hook(id, "/test"), { ...options, method: "POST" });
  }
}

async function* pages(read) {
  for (let cursor = null; ; ) {
    const page = await read(cursor);
    yield* page.data;
    if (page.nextCursor === null) return;
    cursor = page.nextCursor;
  }
}

function at(orderId, verb) {
  const path = `api/orders/${segment(orderId)}`;
  return verb ? `${path}/${verb}` : path;
}

function hook(id, rest = "") {
  return `api/webhooks/${segment(id)}${rest}`;
}

/** An id within a path; dots alone would lead elsewhere. */
function segment(id) {
  if (!/[^.]/.test(id)) throw new TypeError(`${JSON.stringify(id)} is no id`);
  return encodeURIComponent(id);
}

/** Whether nobody between can read along: a page's own engine is as safe as the page. @param {URL} base */
function isSafe({ protocol, hostname, origin }) {
  const here = /^(localhost|127(\.\d+){3}|\[::1\])$|\.localhost$/.test(hostname);
  return protocol === "https:" || here || origin === globalThis.location?.origin;
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is missing on plain http
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
