/** A client of the order execution engine. Amounts, prices and fees are texts with the engine's exact digits. */

export type Decimal = string;
export type Status = "pending" | "resting" | "routing" | "building" | "submitted" | "confirmed" | "failed";

export interface OrderRequest {
  inputToken: string;
  outputToken: string;
  /** A text keeps its digits; a number has those of a binary float. */
  amount: Decimal | number;
  userId: string;
  clientOrderId?: string | null;
  slippageBps?: number | null;
}

export interface Accepted {
  orderId: string;
  status: "pending";
}

export interface Quote {
  dex: string;
  price: Decimal;
  fee: Decimal;
  netPrice?: Decimal;
  chosen: boolean;
}

export interface Routing {
  policy: string;
  compared: "price" | "netPrice";
}

export interface Execution {
  orderId: string;
  userId: string;
  inputToken: string;
  outputToken: string;
  venue: string;
  chain: string | null;
  txHash: string;
  amountIn: Decimal;
  amountOut: Decimal;
  venueFee: Decimal | null;
  networkFee: Decimal | null;
  networkFeeAsset: string | null;
  quotedPrice: Decimal | null;
  price: Decimal;
  priceImpact: Decimal | null;
  executedAt: string;
  slot: number | null;
  priorityFee: Decimal | null;
  finality: string | null;
  explorerUrl: string | null;
}

export interface Order {
  orderId: string;
  userId: string;
  inputToken: string;
  outputToken: string;
  amount: Decimal;
  status: Status;
  chosenDex: string | null;
  txHash: string | null;
  executionPrice: Decimal | null;
  slippageBps: number | null;
  clientOrderId: string | null;
  attempt: number;
  reasonCode: string | null;
  quotes: Quote[];
  /** What the last attempt's choice compared; null before one, and of older orders. */
  routing?: Routing | null;
  logs: string[];
  createdAt: string;
  updatedAt: string;
  finishedAt: string | null;
  /** Of one order alone: its swap, when that landed on a chain. */
  execution?: Execution;
}

/** One event of an order; seq 0 is its birth, with what it asks for. */
export interface Frame {
  orderId: string;
  status: Status;
  message: string;
  seq: number;
  timestamp: string;
  attempt: number;
  userId: string;
  chosenDex?: string;
  routing?: Routing;
  txHash?: string;
  executionPrice?: Decimal;
  reasonCode?: string;
  inputToken?: string;
  outputToken?: string;
  amount?: Decimal;
}

export interface OrderFilter {
  userId?: string;
  userIdPrefix?: string;
  clientOrderId?: string;
  status?: Status | Status[];
  since?: Date | string;
  until?: Date | string;
  /** Such as SOL/USDC. */
  pair?: string;
  venue?: string;
  /** How many a page has, 1 to 200. */
  limit?: number;
}

export interface ExecutionFilter {
  userId?: string;
  since?: Date | string;
  until?: Date | string;
  limit?: number;
}

export interface Page<Item> {
  data: Item[];
  nextCursor: string | null;
}

export interface CancelFilter {
  userId?: string;
  pair?: string;
  status?: Status;
}

/** What an operator decides; the reason is kept with the record of it. */
export interface Decision {
  reason?: string;
}

export interface Token {
  chain: string;
  address: string;
  symbol: string;
  decimals: number;
  tokenProgram: string | null;
}

export interface Me {
  userId: string | null;
  scopes: string[];
  expiresAt: string | null;
}

export interface Counts {
  accepted: number;
  confirmed: number;
  failed: number;
  cancelled: number;
}

export interface Worker {
  name: string;
  version: string;
  slots: number;
  inFlight: number;
  since: string;
  seenAt: string;
}

export interface Stats {
  open: number;
  oldestPendingSeconds: number | null;
  queue: { waiting: number; leased: number; delayed: number; buried: number; paused: boolean } | null;
  windows: Record<"1m" | "1h" | "24h", Counts>;
  workers: Worker[];
  policy: string;
  defaultSlippageBps: number | null;
  halt?: { since: string; why: string; by: string; lostWrites: boolean };
}

export interface Webhook {
  webhookId: string;
  userId: string;
  url: string;
  events: string[];
  enabled: boolean;
  createdAt: string;
  disabledAt: string | null;
  disabledWhy: string | null;
}

/** What came of one try to deliver. */
export interface Attempt {
  delivered: boolean;
  event: string;
  /** The HTTP status; null when no answer came, and then there is an `error`. */
  status: number | null;
  error: string | null;
  durationMs: number;
  at: string;
}

export interface Delivery extends Attempt {
  orderId: string;
  seq: number;
}

export interface CallOptions {
  signal?: AbortSignal;
  /** How often a call is repeated that may be; the client's own when absent. */
  retries?: number;
  /** Called before each repeat. */
  onRetry?: (error: OrderEngineError, waitMs: number) => void;
}

export interface SocketState {
  phase: "connecting" | "open" | "waiting" | "ended";
  /** When it is tried again, in ms since the epoch, while waiting. */
  retryAt: number;
  /** The last close code; 0 before any. */
  code: number;
}

export interface WatchOptions {
  signal?: AbortSignal;
  onState?: (state: SocketState) => void;
}

export interface ClientOptions {
  /** An API key or a token, or what gives one for each call. */
  credential?: string | (() => string | Promise<string>);
  /** How long one call may take; default 15,000. */
  timeoutMs?: number;
  /** Default 4. */
  retries?: number;
  fetch?: typeof globalThis.fetch;
  /** Node before 22 has none of its own. */
  WebSocket?: new (url: URL) => any;
}

/** An async iterable of frames: leaving the loop closes it. */
export class Subscription implements AsyncIterableIterator<Frame> {
  readonly state: SocketState;
  [Symbol.asyncIterator](): this;
  next(): Promise<IteratorResult<Frame, undefined>>;
  return(): Promise<IteratorResult<Frame, undefined>>;
  close(): void;
  /** Don't wait any longer, when waiting. */
  hurry(): void;
  /** Give up a connection that has gone silent, and make a new one. */
  replace(): void;
}

export interface Webhooks {
  /** The secret is shown now and never again. */
  create(
    endpoint: { url: string; events?: string[]; userId?: string },
    options?: CallOptions,
  ): Promise<Webhook & { secret: string }>;
  list(filter?: { userId?: string }, options?: CallOptions): Promise<Webhook[]>;
  get(id: string, options?: CallOptions): Promise<Webhook>;
  update(
    id: string,
    changes: Partial<Pick<Webhook, "url" | "events" | "enabled">>,
    options?: CallOptions,
  ): Promise<Webhook>;
  delete(id: string, options?: CallOptions): Promise<void>;
  rotateSecret(id: string, options?: CallOptions): Promise<Webhook & { secret: string; previousUntil: string | null }>;
  /** What was tried, newest first, read page by page as it is asked for. */
  deliveries(id: string, query?: { limit?: number }, options?: CallOptions): AsyncGenerator<Delivery, void>;
  /** Have the events of a time sent again. */
  replay(
    id: string,
    range: { since: Date | string; until?: Date | string },
    options?: CallOptions,
  ): Promise<{ orders: number; nextSince: string | null }>;
  test(id: string, options?: CallOptions): Promise<Attempt>;
}

export class OrderEngine {
  constructor(url: string | URL, options?: ClientOptions);
  readonly webhooks: Webhooks;
  /** Place an order. Sent again when no answer came: with the same key, so that it is placed once. */
  submit(order: OrderRequest, options?: CallOptions & { idempotencyKey?: string }): Promise<Accepted>;
  order(orderId: string, options?: CallOptions): Promise<Order>;
  /** All orders that match, newest first, read page by page as they are asked for. */
  orders(filter?: OrderFilter, options?: CallOptions): AsyncGenerator<Order, void>;
  ordersPage(query?: OrderFilter & { cursor?: string | null }, options?: CallOptions): Promise<Page<Order>>;
  events(orderId: string, options?: CallOptions & { afterSeq?: number }): Promise<Frame[]>;
  cancel(orderId: string, options?: CallOptions): Promise<Order>;
  cancelAll(filter?: CancelFilter, options?: CallOptions): Promise<{ cancelled: string[]; notCancellable: string[] }>;
  /** Put an order that runs in the queue, unless it is there. */
  requeue(orderId: string, decision?: Decision, options?: CallOptions): Promise<Order>;
  /** Put an order's dead letter back in the queue. */
  revive(orderId: string, decision?: Decision, options?: CallOptions): Promise<Order>;
  /** End an order as failed whose swap has not landed, and cannot. */
  fail(orderId: string, decision?: Decision & { notLanded?: boolean }, options?: CallOptions): Promise<Order>;
  executions(filter?: ExecutionFilter, options?: CallOptions): AsyncGenerator<Execution, void>;
  executionsPage(query?: ExecutionFilter & { cursor?: string | null }, options?: CallOptions): Promise<Page<Execution>>;
  tokens(options?: CallOptions): Promise<Token[]>;
  me(options?: CallOptions): Promise<Me>;
  stats(options?: CallOptions): Promise<Stats>;
  /** One order's frames, each once and in order, until its last; after a break it goes on where it was. */
  watch(orderId: string, options?: WatchOptions & { afterSeq?: number }): Subscription;
  /** The frames of all orders that the credential may see, from now on; what comes during a break is not told. */
  feed(options?: WatchOptions & { userId?: string }): Subscription;
}

/** All that this client throws of its own. */
export class OrderEngineError extends Error {
  /** The key that an order was sent with: submitted again with it, it is placed once. */
  readonly idempotencyKey: string | null;
}
/** No answer came: whether the request was carried out isn't known. */
export class Unreachable extends OrderEngineError {}
/** An answer that is not the engine's. */
export class UnexpectedAnswer extends OrderEngineError {
  readonly status: number;
}
/** A refusal, as the engine words it (RFC 9457); each `code` has a class. */
export class Problem extends OrderEngineError {
  readonly status: number;
  readonly code: string;
  readonly errors: { field: string; message: string }[];
  readonly requestId: string | null;
  /** Of a 503: whether the order may be in the store all the same. */
  readonly accepted: false | "unknown" | null;
  /** In seconds. */
  readonly retryAfter: number | null;
}
export class MalformedRequest extends Problem {}
export class MalformedBody extends Problem {}
export class ValidationFailed extends Problem {}
export class Unauthenticated extends Problem {}
export class Forbidden extends Problem {}
export class ForeignOrigin extends Problem {}
export class NotFound extends Problem {}
export class OrderNotFound extends Problem {}
export class WebhookNotFound extends Problem {}
export class WebhooksOff extends Problem {}
export class MethodNotAllowed extends Problem {}
export class RequestTimeout extends Problem {}
export class ClientOrderIdConflict extends Problem {}
export class OrderNotCancellable extends Problem {}
export class OrderIsFinal extends Problem {}
export class OrderDoesNotRun extends Problem {}
export class OrderIsDeadLetter extends Problem {}
export class OrderNotDeadLetter extends Problem {}
export class OrderMayHaveLanded extends Problem {}
export class WebhookDisabled extends Problem {}
export class TooManyWebhooks extends Problem {}
export class PayloadTooLarge extends Problem {}
export class UnsupportedMediaType extends Problem {}
export class MisdirectedRequest extends Problem {}
export class IdempotencyKeyReused extends Problem {}
export class UnknownToken extends Problem {}
export class AmbiguousToken extends Problem {}
export class UpgradeRequired extends Problem {}
export class RateLimited extends Problem {}
export class Internal extends Problem {}
export class NotImplemented extends Problem {}
export class StoreUnavailable extends Problem {}
export class QueueUnavailable extends Problem {}
export class Overloaded extends Problem {}
export class TradingHalted extends Problem {}
export class HttpVersionNotSupported extends Problem {}
