/** The columns' heads: they tell how the list is sorted, and a click sorts it by one. The keyboard has the list of sorts. */
import { byId, setAttribute } from "../shared/dom.js";
import { columnOf, direction } from "./sorting.js";

export class Head {
  #head = byId("grid-head");
  #shown = "none yet";

  /** @param {(column: string) => void} onSort */
  constructor(onSort) {
    this.#head.addEventListener("click", (event) => {
      const column = event.target.closest("[data-sort]")?.dataset.sort;
      if (column) onSort(column);
    });
  }

  /** @param {string} sort */
  show(sort) {
    if (sort === this.#shown) return;
    this.#shown = sort;
    for (const cell of this.#head.children) {
      setAttribute(cell, "aria-sort", cell.dataset.sort === columnOf(sort) ? direction(sort) : null);
    }
  }
}
