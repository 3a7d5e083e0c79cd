/** Frames: each once and in order, whatever breaks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OrderEngine, OrderNotFound, Unauthenticated, ValidationFailed } from "../src/index.js";
import { all, KEY, ORDER, proxy, URL_GUARDED, URL_OPEN } from "./engine.js";

const client = new OrderEngine(URL_OPEN);
const seqs = (frames) => frames.map((frame) => frame.seq);

test("a broken connection goes on where it was", async () => {
  const door = await proxy(URL_OPEN);
  const far = new OrderEngine(door.url);
  const { orderId } = await client.submit({ ...ORDER, userId: "resumes" });
  const frames = [];
  const phases = new Set();
  for await (const frame of far.watch(orderId, { onState: ({ phase }) => phases.add(phase) })) {
    frames.push(frame);
    if (frame.seq === 1) door.cut();
  }
  assert.deepEqual(seqs(frames), [...Array(frames.length).keys()]);
  assert.equal(frames.at(-1).status, "confirmed");
  assert.ok(phases.has("waiting") && phases.has("ended"));
  await door.close();
});

test("a close before the final frame is no end, whoever says that all was well", async () => {
  const sent = [[], [{ seq: 0, status: "pending" }], [], [{ seq: 1, status: "confirmed" }]];
  class Hasty {
    constructor() {
      const frames = sent.shift();
      setTimeout(() => {
        this.onopen();
        for (const frame of frames) this.onmessage({ data: JSON.stringify(frame) });
        this.onclose({ code: 1000 });
      });
    }
    close() {}
  }
  const hasty = new OrderEngine(URL_OPEN, { WebSocket: Hasty });
  assert.deepEqual(seqs(await all(hasty.watch("order"))), [0, 1]);
});

test("only what comes after a frame", async () => {
  const { orderId } = await client.submit({ ...ORDER, userId: "after" });
  const frames = await all(client.watch(orderId));
  assert.deepEqual(await all(client.watch(orderId, { afterSeq: 2 })), frames.slice(3));
});

test("a loop that is left closes the socket, and one can be stopped from outside", async () => {
  const { orderId } = await client.submit({ ...ORDER, userId: "leaves" });
  const left = client.watch(orderId);
  for await (const frame of left) if (frame.seq === 0) break;
  assert.equal(left.state.phase, "ended");
  const stop = new AbortController();
  const feed = client.feed({ signal: stop.signal });
  setTimeout(() => stop.abort(new Error("enough")), 50);
  await assert.rejects(all(feed), /enough/);
});

test("the feed tells of every order", async () => {
  const feed = client.feed({ userId: "feeds" });
  const first = feed.next();
  while (feed.state.phase !== "open") await new Promise((resolve) => setTimeout(resolve, 5));
  const { orderId } = await client.submit({ ...ORDER, userId: "feeds" });
  await client.submit({ ...ORDER, userId: "others" });
  assert.equal((await first).value.orderId, orderId);
  for await (const frame of feed) {
    assert.equal(frame.userId, "feeds");
    if (frame.status === "confirmed") break;
  }
});

test("what can never be watched is told", async () => {
  await assert.rejects(all(client.watch("no-such-order")), OrderNotFound);
  const { orderId } = await client.submit({ ...ORDER });
  await assert.rejects(all(client.watch(orderId, { afterSeq: "x" })), ValidationFailed);
});

test("a credential opens sockets by tickets", async () => {
  const asked = [];
  const credential = () => (asked.push(1), Promise.resolve(KEY));
  const mine = new OrderEngine(URL_GUARDED, { credential });
  assert.equal((await mine.me()).userId, "anna");
  const { orderId } = await mine.submit({ ...ORDER, userId: "anna" });
  const watch = mine.watch(orderId);
  assert.equal((await watch.next()).value.seq, 0);
  watch.close();
  await assert.rejects(all(new OrderEngine(URL_GUARDED).watch(orderId)), Unauthenticated);
  await assert.rejects(all(new OrderEngine(URL_GUARDED, { credential: () => "" }).watch(orderId)), Unauthenticated);
  await assert.rejects(all(new OrderEngine(URL_GUARDED, { credential: "wrong" }).watch(orderId)), Unauthenticated);
});

test("a credential that ended is given anew", async () => {
  const { WebSocket } = globalThis;
  const asked = [];
  class Ended extends WebSocket {
    constructor(url) {
      super(url);
      asked.push(1);
      if (asked.length > 1) return;
      this.addEventListener("open", () => {
        this.onclose({ code: 4401 });
        this.close();
      });
    }
  }
  const mine = new OrderEngine(URL_GUARDED, { credential: async () => KEY, WebSocket: Ended });
  const { orderId } = await mine.submit({ ...ORDER, userId: "anna" });
  const watch = mine.watch(orderId);
  assert.equal((await watch.next()).value.seq, 0);
  assert.equal((await mine.cancel(orderId)).reasonCode, "cancelled");
  assert.deepEqual(seqs(await all(watch)), [1]);
  assert.equal(asked.length, 2);
});

test("without a WebSocket it is said what to do", async () => {
  const { WebSocket } = globalThis;
  globalThis.WebSocket = undefined;
  try {
    await assert.rejects(all(new OrderEngine(URL_OPEN).watch("x")), /Node 22/);
  } finally {
    globalThis.WebSocket = WebSocket;
  }
});
