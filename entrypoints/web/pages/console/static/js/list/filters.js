/** Status, user and id, and the order: what the list shows. Kept in the address, so that a reload shows the same. */
import { ownUser } from "../engine/session.js";
import { byId, h } from "../shared/dom.js";
import { SORTS } from "./sorting.js";

const WAIT_MS = 200; // typing goes on
const WHOLE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @typedef {import("./view.js").Filter} Filter */

export class Filters {
  #status = byId("filter-status");
  #user = byId("filter-user");
  #search = byId("search");
  #sort = byId("sort");
  #timer = 0;

  /** @param {{onChange: (filter: Filter, sort: string) => void, onOpen: (orderId: string) => void, onEnter: () => void}} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    const query = new URLSearchParams(location.search);
    this.#status.value = query.get("status") ?? "";
    this.#user.value = ownUser() === null ? (query.get("user") ?? "") : "";
    this.#user.hidden = ownUser() !== null;
    this.#search.value = query.get("id") ?? "";
    this.#sort.append(...SORTS.map(([value, words]) => h("option", { value }, words)));
    this.sort = query.get("sort") ?? "";
    for (const field of [this.#status, this.#sort]) field.addEventListener("change", () => this.#changed());
    for (const field of [this.#user, this.#search]) field.addEventListener("input", () => this.#soon());
    this.#search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#enter();
      else if (event.key === "Escape" && this.#search.value) this.#reset(event);
    });
  }

  /** @returns {Filter} */
  get filter() {
    const prefix = this.#search.value.trim().toLowerCase();
    return { status: this.#status.value, user: this.#user.value.trim(), prefix };
  }

  get sort() {
    return this.#sort.value;
  }

  /** @param {string} name one that there is not means the newest first */
  set sort(name) {
    this.#sort.value = SORTS.some(([known]) => known === name) ? name : "";
  }

  /** @param {string} name */
  sortBy(name) {
    this.sort = name;
    this.#changed();
  }

  get active() {
    return Object.values(this.filter).some(Boolean);
  }

  clear() {
    this.#status.value = this.#user.value = this.#search.value = "";
    this.#changed();
    this.#search.focus();
  }

  /** The list's address with its filters. */
  get path() {
    const { status, user, prefix } = this.filter;
    const set = Object.entries({ status, user, id: prefix, sort: this.sort }).filter(([, value]) => value);
    const query = new URLSearchParams(set);
    return query.size ? `/?${query}` : "/";
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed(), WAIT_MS);
  }

  #changed() {
    clearTimeout(this.#timer);
    if (location.pathname === "/") history.replaceState(null, "", this.path);
    this.handlers.onChange(this.filter, this.sort);
  }

  #enter() {
    const { prefix } = this.filter;
    this.#changed();
    if (WHOLE_ID.test(prefix)) this.handlers.onOpen(prefix);
    else if (prefix) this.handlers.onEnter();
  }

  #reset(event) {
    event.stopPropagation();
    event.preventDefault();
    this.#search.value = "";
    this.#changed();
  }
}
