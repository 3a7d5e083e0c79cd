/** Orders: placed once, read back with all their digits, listed page by page. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OrderEngine, OrderNotFound, UnexpectedAnswer, Unreachable, ValidationFailed } from "../src/index.js";
import { all, ORDER, proxy, URL_OPEN } from "./engine.js";

const client = new OrderEngine(URL_OPEN);

test("an order is placed and read back with its exact digits", async () => {
  const amount = "1234567890.12345678";
  const { orderId, status } = await client.submit({ ...ORDER, amount, userId: "digits" });
  assert.equal(status, "pending");
  const frames = await all(client.watch(orderId));
  assert.equal(frames[0].amount, amount);
  assert.equal(typeof frames.at(-1).executionPrice, "string");
  const order = await client.order(orderId);
  assert.equal(order.amount, amount);
  assert.equal(typeof order.quotes[0].price, "string");
  assert.deepEqual(await client.events(orderId), frames);
});

test("an answer that is lost does not order twice", async () => {
  let calls = 0;
  const lossy = async (url, request) => {
    const answer = await fetch(url, request);
    if (++calls > 1) return answer;
    await answer.text();
    throw new TypeError("the connection broke");
  };
  const told = [];
  const { orderId } = await new OrderEngine(URL_OPEN, { fetch: lossy }).submit(
    { ...ORDER, userId: "lossy" }, { onRetry: (error) => told.push(error) },
  );
  const orders = await all(client.orders({ userId: "lossy" }));
  assert.deepEqual(orders.map((order) => order.orderId), [orderId]);
  assert.ok(told.length === 1 && told[0] instanceof Unreachable);
});

test("whoever got no answer at all knows the key that the order was sent with", async () => {
  let isBroken = true;
  const lossy = async (url, request) => {
    const answer = await fetch(url, request);
    if (!isBroken) return answer;
    await answer.text();
    throw new TypeError("the connection broke");
  };
  const engine = new OrderEngine(URL_OPEN, { fetch: lossy, retries: 0 });
  const order = { ...ORDER, userId: "silent" };
  const { idempotencyKey } = await engine.submit(order, { idempotencyKey: null }).catch((error) => error);
  isBroken = false;
  const { orderId } = await engine.submit(order, { idempotencyKey });
  const orders = await all(client.orders({ userId: "silent" }));
  assert.deepEqual(orders.map((order) => order.orderId), [orderId]);
  assert.notEqual(idempotencyKey, "null");
});

test("what must not be repeated is not", async () => {
  let calls = 0;
  const broken = async () => (calls++, Promise.reject(new TypeError("no way")));
  await assert.rejects(new OrderEngine(URL_OPEN, { fetch: broken }).cancel("some-order"), Unreachable);
  assert.equal(calls, 1);
});

test("a limit is waited for, as long as is asked", async () => {
  const waits = [];
  let calls = 0;
  const limited = async (url, request) => {
    if (++calls > 1) return fetch(url, request);
    const headers = { "Retry-After": "0", "Content-Type": "application/problem+json" };
    return new Response(JSON.stringify({ code: "rate_limited", detail: "Too many requests" }), { status: 429, headers });
  };
  await new OrderEngine(URL_OPEN, { fetch: limited }).cancelAll({ userId: "nobody" }, { onRetry: (error) => waits.push(error.code) });
  assert.deepEqual(waits, ["rate_limited"]);
});

test("an empty user id is not everyone's", async () => {
  await assert.rejects(all(client.orders({ userId: "" })), ValidationFailed);
  await assert.rejects(all(client.executions({ userId: "" })), ValidationFailed);
  await assert.rejects(all(client.feed({ userId: "" })), ValidationFailed);
});

test("every bad field is told at once", async () => {
  const error = await client.submit({ ...ORDER, amount: "-3", userId: " " }).catch((refused) => refused);
  assert.ok(error instanceof ValidationFailed);
  assert.equal(error.name, "ValidationFailed");
  assert.deepEqual(error.errors.map(({ field }) => field).sort(), ["amount", "userId"]);
  assert.match(error.requestId, /./);
});

test("a list is read page by page", async () => {
  const ids = [];
  for (let count = 0; count < 5; count++) ids.unshift((await client.submit({ ...ORDER, userId: "pages" })).orderId);
  const orders = await all(client.orders({ userId: "pages", limit: 2 }));
  assert.deepEqual(orders.map((order) => order.orderId), ids);
  assert.equal((await client.ordersPage({ userId: "pages", limit: 2 })).data.length, 2);
});

test("several statuses and a prefix are asked for at once", async () => {
  const { orderId } = await client.submit({ ...ORDER, userId: "prefix-one" });
  await all(client.watch(orderId));
  const found = await all(client.orders({ userIdPrefix: "prefix-", status: ["confirmed", "failed"], since: new Date(0) }));
  assert.deepEqual(found.map((order) => order.orderId), [orderId]);
});

test("an unknown order, and what is no id", async () => {
  await assert.rejects(client.order("no-such-order"), OrderNotFound);
  assert.throws(() => client.order(".."), TypeError);
});

test("what is not the engine is told apart from its refusals", async () => {
  const page = async () => new Response("<html>", { status: 502 });
  await assert.rejects(new OrderEngine(URL_OPEN, { fetch: page, retries: 0 }).stats(), UnexpectedAnswer);
});

test("no answer at all", async () => {
  const door = await proxy(URL_OPEN);
  door.refuse = true;
  await assert.rejects(new OrderEngine(door.url, { retries: 1 }).me(), Unreachable);
  assert.equal(door.seen, 2);
  await door.close();
});

test("a call is given up when asked", async () => {
  await assert.rejects(client.stats({ signal: AbortSignal.abort(new Error("enough")) }), /enough/);
});

test("a credential in the address is refused, and not repeated", () => {
  assert.throws(() => new OrderEngine("http://ada:secret@127.0.0.1:1"), (error) => !error.message.includes("secret"));
});

test("a credential goes to another machine by https alone", async () => {
  const sent = [];
  const fetch = async (url) => (sent.push(url.host), new Response("{}"));
  const engine = (url) => new OrderEngine(url, { credential: "oe_key", fetch });
  await assert.rejects(engine("http://engine.example").me(), TypeError);
  await assert.rejects(engine("http://127.0.0.1.example").me(), TypeError);
  await engine("https://engine.example").me();
  await engine("http://localhost:3000").me();
  assert.deepEqual(sent, ["engine.example", "localhost:3000"]);
});

test("executions and the engine's figures", async () => {
  const { orderId } = await client.submit({ ...ORDER, userId: "swaps" });
  await all(client.watch(orderId));
  const [swap] = await all(client.executions({ userId: "swaps" }));
  assert.equal(swap.orderId, orderId);
  assert.equal(typeof swap.amountOut, "string");
  assert.equal(typeof (await client.stats()).open, "number");
  assert.ok((await client.me()).scopes.includes("orders:read"));
});
