/** Endpoints: made, told of orders, tried, and removed. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { OrderEngine, WebhookNotFound } from "../src/index.js";
import { all, ORDER, URL_OPEN } from "./engine.js";

const client = new OrderEngine(URL_OPEN);

test("an endpoint hears of its user's orders", async () => {
  const heard = [];
  const confirmed = deferred();
  const receiver = createServer(async (request, answer) => {
    const body = [];
    for await (const chunk of request) body.push(chunk);
    const event = JSON.parse(Buffer.concat(body).toString());
    heard.push(event.type);
    answer.writeHead(204).end();
    if (event.type === "order.confirmed") confirmed.resolve(event);
  });
  await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${receiver.address().port}/told`;
  const { secret, webhookId } = await client.webhooks.create({ url, userId: "hooked", events: ["order.confirmed"] });
  assert.match(secret, /^whsec_/);
  assert.deepEqual((await client.webhooks.list({ userId: "hooked" })).map((one) => one.webhookId), [webhookId]);
  assert.equal((await client.webhooks.test(webhookId)).delivered, true);
  const since = new Date(Date.now() - 60_000);
  const { orderId } = await client.submit({ ...ORDER, userId: "hooked" });
  assert.equal((await confirmed.promise).data.orderId, orderId);
  for (let tries = 0; tries < 100 && !(await all(client.webhooks.deliveries(webhookId))).length; tries++) await soon();
  const [delivery] = await all(client.webhooks.deliveries(webhookId, { limit: 1 }));
  assert.equal(delivery.orderId, orderId);
  assert.equal((await client.webhooks.replay(webhookId, { since })).orders, 1);
  assert.notEqual((await client.webhooks.rotateSecret(webhookId)).secret, secret);
  assert.equal((await client.webhooks.update(webhookId, { enabled: false })).enabled, false);
  assert.equal(await client.webhooks.delete(webhookId), undefined);
  await assert.rejects(client.webhooks.get(webhookId), WebhookNotFound);
  receiver.closeAllConnections();
  receiver.close();
});

function soon() {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}
