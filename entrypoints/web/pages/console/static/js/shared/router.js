/** Two pages, one document: the list at `/`, an order at `/orders/<id>`. */

const ORDER = /^\/orders\/([^/]+)$/;
/** @type {(orderId: string | null, first: boolean) => void} */
let show = () => {};

/**
 * @param {(orderId: string | null, first: boolean) => void} handler null is the list; `first` when the page just opened
 */
export function startRouter(handler) {
  show = handler;
  addEventListener("popstate", () => show(orderInPath(), false));
  document.addEventListener("click", followLink);
  show(orderInPath(), true);
}

/** @param {string} path */
export function navigate(path) {
  if (path !== location.pathname + location.search) history.pushState(null, "", path);
  show(orderInPath(), false);
}

/** @returns {string | null} */
export function orderInPath() {
  return ORDER.exec(location.pathname)?.[1] ?? null; // an id needs no decoding: what would is none
}

/** Links to our own pages need no new document; with a modifier key they open as the browser does. */
function followLink(event) {
  const link = event.target.closest("a[href]");
  const elsewhere = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!link || elsewhere || event.defaultPrevented) return;
  const path = link.getAttribute("href");
  if (path !== "/" && !path.startsWith("/?") && !ORDER.test(path)) return;
  event.preventDefault();
  navigate(path);
}
