/** What the tests stand before: the engine that started them, its keys, and a way to it that can be cut. */
import { createServer, connect } from "node:net";

export const URL_OPEN = process.env.ORDER_ENGINE_URL;
export const URL_GUARDED = process.env.ORDER_ENGINE_GUARDED_URL;
export const KEY = process.env.ORDER_ENGINE_KEY;
export const ORDER = Object.freeze({ inputToken: "SOL", outputToken: "USDC", amount: "10", userId: "node" });

/** A port that leads to the engine, and cuts what is open when asked; `refuse` makes it hang up at once. */
export async function proxy(url) {
  const { hostname, port } = new URL(url);
  const open = new Set();
  const door = { refuse: false, seen: 0, cut: () => open.forEach((socket) => socket.destroy()) };
  const server = createServer((near) => {
    door.seen++;
    if (door.refuse) return near.destroy();
    const far = connect(Number(port), hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.on("error", () => other.destroy()).on("close", () => (open.delete(one), other.destroy()));
    }
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => (door.cut(), new Promise((resolve) => server.close(resolve)));
  return Object.assign(door, { url: `http://127.0.0.1:${server.address().port}`, close });
}

/** Collect all that an iterable gives. */
export async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}
