/** A WebSocket that comes back: after a break it waits a little longer each time, and never in step with others. */
import { admitted } from "./api.js";

const FIRST_MS = 400;
const MOST_MS = 5_000;
const SETTLED_MS = 3_000; // open for so long, a break is a new story
const OPENING_MS = 8_000;

/**
 * @typedef {{phase: "connecting" | "open" | "waiting" | "ended", retryAt: number, code: number}} SocketState
 * `code` is the last close code, 0 before any; `retryAt` counts while waiting.
 */

export class LiveSocket {
  #socket = null;
  #timer = 0;
  #failures = 0;
  #openedAt = 0;
  #attempt = 0;
  /** @type {SocketState} */
  state = { phase: "connecting", retryAt: 0, code: 0 };

  /**
   * @param {() => string} path asked at each attempt, so that it can say how far it got
   * @param {Object} handlers
   * @param {(text: string) => void} handlers.onText
   * @param {(state: SocketState) => void} handlers.onState
   * @param {(code: number) => boolean} [handlers.isEnd] whether there is nothing to come back for
   */
  constructor(path, handlers) {
    this.path = path;
    this.handlers = handlers;
  }

  async open() {
    clearTimeout(this.#timer);
    this.#become("connecting");
    const attempt = ++this.#attempt;
    const path = await admitted(this.path()).catch(() => null);
    if (attempt !== this.#attempt) return; // closed, or tried again, meanwhile
    if (path === null) return this.#closed(1006);
    const url = new URL(path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = (this.#socket = new WebSocket(url));
    this.#timer = setTimeout(() => socket.close(), OPENING_MS);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#openedAt = performance.now();
      this.#become("open");
    };
    socket.onmessage = (event) => this.handlers.onText(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  /** Don't wait any longer, when waiting. */
  hurry() {
    if (this.state.phase === "waiting") this.open();
  }

  /** Give up a connection that has gone silent, and make a new one. */
  replace() {
    const silent = this.#socket;
    this.#socket = null;
    silent?.close();
    this.#closed(1006);
  }

  /** For good. */
  close() {
    clearTimeout(this.#timer);
    this.#attempt++;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #closed(code) {
    clearTimeout(this.#timer);
    this.#socket = null;
    if (this.handlers.isEnd?.(code)) return this.#become("ended", code);
    if (this.state.phase === "open" && performance.now() - this.#openedAt > SETTLED_MS) this.#failures = 0;
    const longest = Math.min(MOST_MS, FIRST_MS * 2 ** this.#failures++);
    const wait = longest * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.open(), wait);
    this.#become("waiting", code, Date.now() + wait);
  }

  #become(phase, code = this.state.code, retryAt = 0) {
    this.state = { phase, code, retryAt };
    this.handlers.onState(this.state);
  }
}
