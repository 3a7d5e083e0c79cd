/** Says how the connection is: a word in the top bar, and a notice while it is broken and when it is back. */
import { announce } from "../shared/announce.js";
import { byId, setText } from "../shared/dom.js";
import { TOO_SLOW } from "../engine/feed.js";

const GOOD_NEWS_MS = 4_000;

/** @typedef {import("../../client/index.js").SocketState} SocketState */

export class Connection {
  #pill = byId("connection");
  #toast = byId("toast");
  /** @type {SocketState} */
  #state = { phase: "connecting", retryAt: 0, code: 0 };
  #broken = false;
  #countdown = 0;
  #hiding = 0;

  /** @param {() => void} retryNow */
  constructor(retryNow) {
    byId("retry-now").addEventListener("click", retryNow);
    addEventListener("online", retryNow);
    document.addEventListener("visibilitychange", () => document.hidden || retryNow());
  }

  /** @param {SocketState} state of the feed of all orders */
  show(state) {
    const before = this.#state;
    this.#state = state;
    clearInterval(this.#countdown);
    const words = { connecting: "Connecting", open: "Live", waiting: "Reconnecting", ended: "Offline" };
    this.#pill.dataset.state = state.phase;
    setText(this.#pill.lastElementChild, words[state.phase]);
    if (state.phase === "waiting") {
      if (!this.#broken && before.phase === "open") announce(`${this.#why()} Reconnecting.`);
      this.#broken = true;
      this.#count();
      this.#countdown = setInterval(() => this.#count(), 500);
    } else if (state.phase === "connecting" && this.#broken) {
      this.#say("Reconnecting…", "broken");
    }
  }

  /** The list was read again after a connection. @param {string} what was done, for the notice */
  caughtUp(what) {
    if (!this.#broken) return;
    this.#broken = false;
    this.#say(`Reconnected. ${what}`, "well");
    announce(`Reconnected. ${what}`);
    this.#hiding = setTimeout(() => (this.#toast.hidden = true), GOOD_NEWS_MS);
  }

  #count() {
    const seconds = Math.max(1, Math.ceil((this.#state.retryAt - Date.now()) / 1000));
    this.#say(`${this.#why()} Reconnecting in ${seconds}\u202fs.`, "broken");
  }

  #why() {
    return this.#state.code === TOO_SLOW ? "Too much at once for this connection." : "The connection is lost.";
  }

  #say(text, mood) {
    clearTimeout(this.#hiding);
    this.#toast.hidden = false;
    this.#toast.dataset.mood = mood;
    setText(byId("toast-text"), text);
    byId("retry-now").hidden = mood !== "broken";
  }
}
