/** A client of the order execution engine, for Node and browsers. */
export { OrderEngine } from "./client.js";
export * from "./errors.js";
export { Subscription } from "./subscription.js";
