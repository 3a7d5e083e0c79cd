/** In which order the list stands. The names are those of the address: a minus is for the largest first. */

/** @typedef {import("../engine/orders.js").Order} Order */

/** What can be chosen; those of one column follow each other. @type {readonly [name: string, words: string][]} */
export const SORTS = Object.freeze([
  ["", "Newest first"], ["age", "Oldest first"],
  ["-amount", "Largest amount"], ["amount", "Smallest amount"],
  ["-received", "Most received"], ["received", "Least received"],
  ["-price", "Highest price"], ["price", "Lowest price"],
  ["-attempt", "Most attempts"],
  ["status", "By status"], ["user", "By user"], ["pair", "By pair"], ["venue", "By venue"],
]);

/** @type {Record<string, (order: Order) => number | string | null | undefined>} */
const KEYS = {
  age: (order) => order.createdMs,
  amount: (order) => Number(order.amount),
  received: (order) => order.received,
  price: (order) => order.executionPrice && Number(order.executionPrice),
  attempt: (order) => order.attempt,
  status: (order) => order.status,
  user: (order) => order.userId,
  pair: (order) => `${order.inputToken}/${order.outputToken}`,
  venue: (order) => order.chosenDex,
};

/** Put orders that are newest first into this order; what has no value comes last. @param {Order[]} orders @param {string} sort */
export function sorted(orders, sort) {
  const key = KEYS[sort.replace("-", "")];
  if (!key) return orders;
  const sign = sort.startsWith("-") ? -1 : 1;
  return orders.map((order) => ({ order, value: key(order) })).sort((a, b) => sign * compared(a.value, b.value, sign))
    .map(({ order }) => order);
}

/** The sort that a click on a column's head asks for. @param {string} column @param {string} sort the present one */
export function next(column, sort) {
  const names = SORTS.map(([name]) => name).filter((name) => columnOf(name) === column);
  return names[(names.indexOf(sort) + 1) % names.length];
}

/** @param {string} sort */
export function columnOf(sort) {
  return sort.replace("-", "") || "age";
}

/** For `aria-sort`: the newest have the smallest age. @param {string} sort */
export function direction(sort) {
  return sort === "" || (sort !== "age" && !sort.startsWith("-")) ? "ascending" : "descending";
}

function compared(a, b, sign) {
  const [none, other] = [a ?? null, b ?? null].map((value) => value === null);
  if (none || other) return sign * (Number(none) - Number(other));
  return a < b ? -1 : a > b ? 1 : 0;
}
