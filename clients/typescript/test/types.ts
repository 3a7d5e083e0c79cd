/** What a program in TypeScript may write; compiled by `make client-node`, never run. */
import { OrderEngine, OrderNotFound, Problem, RateLimited, type Frame, type Order } from "order-engine-client";

const client = new OrderEngine("http://127.0.0.1:3000", { credential: async () => "oe_key", timeoutMs: 1_000 });

export async function trade(): Promise<string | null> {
  const { orderId } = await client.submit({ inputToken: "SOL", outputToken: "USDC", amount: "1.5", userId: "ada" });
  let last: Frame | undefined;
  for await (const frame of client.watch(orderId, { afterSeq: 0, onState: ({ phase }) => console.log(phase) })) last = frame;
  const order: Order = await client.order(orderId);
  for await (const { userId } of client.orders({ status: ["confirmed", "failed"], since: new Date(0) })) console.log(userId);
  const { windows } = await client.stats();
  // @ts-expect-error an amount is a text
  const amount: number = order.amount;
  console.log(last?.executionPrice, windows["1h"].failed, amount);
  return order.txHash;
}

export function told(error: unknown): string {
  if (error instanceof OrderNotFound) return "gone";
  if (error instanceof RateLimited) return `wait ${error.retryAfter ?? 1} s`;
  return error instanceof Problem ? `${error.code}: ${error.errors.map(({ field }) => field).join()}` : "?";
}
