// Places an order and reads it back by the types of openapi.json; says what came, as JSON.
import type { paths } from "./api.js";

type Execute = paths["/api/orders/execute"]["post"];
type Order = paths["/api/orders/{orderId}"]["get"]["responses"][200]["content"]["application/json"];
type Refused = Execute["responses"][400]["content"]["application/problem+json"];
type Unavailable = Execute["responses"][503]["content"]["application/problem+json"];

declare const process: { argv: string[] };

const [, , engine, amount] = process.argv as [string, string, string, string];
const headers = { Accept: "application/json; decimals=string", "Content-Type": "application/json" };

const asked: Execute["requestBody"]["content"]["application/json"] = {
  inputToken: "SOL",
  outputToken: "USDC",
  amount,
  userId: "anna",
};
const placed = await fetch(`${engine}/api/orders/execute`, { method: "POST", headers, body: JSON.stringify(asked) });
const { orderId } = (await placed.json()) as Execute["responses"][202]["content"]["application/json"];
const order = (await (await fetch(`${engine}/api/orders/${orderId}`, { headers })).json()) as Order;
const digits: string | number = order.amount;
const price: string | number | null = order.executionPrice;

const body = JSON.stringify({ ...asked, amount: 0 });
const refusal = (await (await fetch(`${engine}/api/orders/execute`, { method: "POST", headers, body })).json()) as Refused;
const fields = "errors" in refusal ? refusal.errors.map((error) => error.field) : [];
const known: Unavailable["accepted"][] = [false, "unknown"];

console.log(JSON.stringify({ digits, price, fields, status: order.status, known }));
