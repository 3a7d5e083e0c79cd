/** Frames as they come, over a WebSocket that comes back by itself. */
import { closeRefusal, Unreachable } from "./errors.js";
import { backOff } from "./http.js";

const FIRST_MS = 400;
const MOST_MS = 5_000;
const SETTLED_MS = 3_000; // open for so long, a break is a new story
const OPENING_MS = 8_000;
const SILENCE_MS = 30_000; // a connection that died without a word looks just like an order that waits
const WAITING_MOST = 10_000; // frames that nobody took: beyond it the connection is let go, as the engine does it
const DONE = 1000;
const BROKEN = 1006;
const TOO_SLOW = 1013;
const UNAUTHENTICATED = 4401;

/**
 * @typedef {{phase: "connecting" | "open" | "waiting" | "ended", retryAt: number, code: number}} SocketState
 *
 * @typedef {Object} Source
 * @property {() => Promise<WebSocket>} dial asked at each attempt, so that it can say how far it got
 * @property {(frame: any) => boolean} take whether a frame is news
 * @property {() => Promise<boolean>} isAlive whether a connection that is silent misses nothing
 * @property {() => boolean} isOver whether a 1000 is the end: an order has one, a feed has none
 * @property {boolean} renews whether the next attempt may show another credential: its ticket says whether that is good
 */

/** An async iterable of frames: leaving the loop closes it. It connects when the first frame is asked for. */
export class Subscription {
  #source;
  #onState;
  #socket = null;
  #timer = 0;
  #silence = 0;
  #failures = 0;
  #openedAt = 0;
  #attempt = 0;
  #frames = [];
  /** @type {{resolve: (result: any) => void, reject: (error: any) => void}[]} */
  #takers = [];
  #error = null;
  #unhook = () => {};
  /** @type {SocketState} */
  state = { phase: "connecting", retryAt: 0, code: 0 };

  /** @param {Source} source @param {{onState?: (state: SocketState) => void, signal?: AbortSignal}} options */
  constructor(source, { onState, signal } = {}) {
    this.#source = source;
    this.#onState = onState;
    const abort = () => this.#end(this.state.code, signal.reason);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    this.#unhook = () => signal?.removeEventListener("abort", abort);
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    if (this.#frames.length) return Promise.resolve({ value: this.#frames.shift(), done: false });
    if (this.state.phase === "ended") return this.#last();
    if (!this.#attempt) this.#open();
    return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }));
  }

  return() {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** End it. */
  close() {
    this.#frames = [];
    this.#end(this.state.code);
  }

  /** Don't wait any longer, when waiting. */
  hurry() {
    if (this.state.phase === "waiting") this.#open();
  }

  /** Give up a connection that has gone silent, and make a new one. */
  replace() {
    if (this.state.phase === "open") this.#broke(BROKEN);
  }

  async #open() {
    clearTimeout(this.#timer);
    this.#become("connecting");
    const attempt = ++this.#attempt;
    let socket;
    try {
      socket = await this.#source.dial();
    } catch (error) {
      if (attempt === this.#attempt) this.#undialled(error);
      return;
    }
    if (attempt !== this.#attempt) return socket.close(); // closed, or tried again, meanwhile
    this.#socket = socket;
    this.#timer = setTimeout(() => socket.close(), OPENING_MS);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#openedAt = performance.now();
      this.#become("open");
      this.#listen();
    };
    socket.onmessage = (event) => socket === this.#socket && this.#receive(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#broke(event.code);
  }

  /** What passes is tried again; a refusal or a mistake is told. */
  #undialled(error) {
    const passing = error instanceof Unreachable || error.status === 429 || error.status >= 500;
    if (passing) this.#broke(BROKEN);
    else this.#end(BROKEN, error);
  }

  #receive(text) {
    this.#listen();
    const frame = JSON.parse(text);
    if (!this.#source.take(frame)) return;
    const taker = this.#takers.shift();
    if (taker) taker.resolve({ value: frame, done: false });
    else if (this.#frames.push(frame) >= WAITING_MOST) this.#broke(TOO_SLOW);
  }

  #listen() {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#silence = setTimeout(async () => {
      const alive = await this.#source.isAlive().catch(() => false);
      if (socket !== this.#socket || this.state.phase !== "open") return;
      if (alive) this.#listen();
      else this.replace();
    }, SILENCE_MS);
  }

  #broke(code) {
    this.#drop();
    const refusal = code === UNAUTHENTICATED && this.#source.renews ? null : closeRefusal(code);
    if (refusal || (code === DONE && this.#source.isOver())) return this.#end(code, refusal);
    if (this.state.phase === "open" && performance.now() - this.#openedAt > SETTLED_MS) this.#failures = 0;
    this.#comeBack(code);
  }

  #comeBack(code) {
    const wait = backOff(this.#failures++, FIRST_MS, MOST_MS);
    // Whoever has not taken what is here gets no more of it.
    this.#timer = setTimeout(() => (this.#frames.length ? this.#comeBack(code) : this.#open()), wait);
    this.#become("waiting", code, Date.now() + wait);
  }

  #drop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#attempt++;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #end(code, error = null) {
    if (this.state.phase === "ended") return;
    this.#drop();
    this.#unhook();
    this.#error = error;
    this.#become("ended", code);
    for (const taker of this.#takers.splice(0)) this.#last().then(taker.resolve, taker.reject);
  }

  /** The error, told once, or the end. */
  #last() {
    const error = this.#error;
    this.#error = null;
    return error ? Promise.reject(error) : Promise.resolve({ value: undefined, done: true });
  }

  #become(phase, code = this.state.code, retryAt = 0) {
    this.state = { phase, code, retryAt };
    this.#onState?.(this.state);
  }
}
