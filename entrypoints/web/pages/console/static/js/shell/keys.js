/** The keyboard: single keys where nobody types, and the list's own keys. */
import { announce } from "../shared/announce.js";
import { byId } from "../shared/dom.js";
import { copyText } from "../shared/copy.js";
import { shortId } from "../shared/format.js";
import { navigate, orderInPath } from "../shared/router.js";

/**
 * @param {import("../list/list-page.js").ListPage} list
 * @param {import("../list/filters.js").Filters} filters
 */
export function startKeys(list, filters) {
  const dialog = byId("keys");
  byId("keys-button").addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || dialog.open) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const onList = orderInPath() === null;
    const act = actions(event, onList, list, filters, dialog);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** @returns {(() => void) | null} what the key does here */
function actions(event, onList, list, filters, dialog) {
  const toList = () => onList || navigate(filters.path);
  switch (event.key) {
    case "?":
      return () => dialog.showModal();
    case "n":
      return () => (toList(), document.dispatchEvent(new Event("new-order")));
    case "/":
      return () => (toList(), byId("search").focus());
    case "c":
      return () => copyOrder(onList ? list.grid.selected : orderInPath());
    case "Escape":
      return onList ? () => list.toNewest() : toList;
  }
  return onList ? listAction(event, list) : null;
}

function listAction(event, list) {
  const { grid } = list;
  const onControl = event.target.closest("a, button, select");
  const at = grid.selectedIndex;
  const arrows = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1 };
  const leaps = { PageDown: at + grid.pageRows, PageUp: at - grid.pageRows, Home: 0, End: grid.length - 1 };
  if (event.key === "Enter") {
    return grid.selected !== null && !onControl ? () => list.open(grid.selected) : null;
  }
  const inGrid = event.target.closest(".grid");
  const to = arrows[event.key] ?? (inGrid ? leaps[event.key] : undefined);
  if (to === undefined || !grid.length || event.target.closest("pre")) return null;
  return () => (grid.focus(), grid.select(to));
}

async function copyOrder(orderId) {
  if (orderId && (await copyText(orderId))) announce(`Copied the id of order ${shortId(orderId)}.`);
}

function isTyping(element) {
  return element.closest?.("input, textarea, select") !== null;
}
