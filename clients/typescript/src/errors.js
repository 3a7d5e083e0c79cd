/** What can go wrong, a class each: refusals by the engine's own codes, and answers that never came. */

/** All that this client throws of its own. */
export class OrderEngineError extends Error {
  /** @type {string | null} under which an order was sent: submitted with it again, it is placed once */
  idempotencyKey = null;

  get name() {
    return this.constructor.name;
  }
}

/** No answer came: whether the request was carried out isn't known. */
export class Unreachable extends OrderEngineError {}

/** An answer that is not the engine's: of a proxy between, or of something else at this address. */
export class UnexpectedAnswer extends OrderEngineError {
  /** @param {number} status */
  constructor(status) {
    super(`What answers there (${status}) is not the engine`);
    this.status = status;
  }
}

/** A refusal, as the engine words it (RFC 9457); each `code` has a class. */
export class Problem extends OrderEngineError {
  /** @param {number} status @param {any} document @param {number | null} retryAfter in seconds */
  constructor(status, document, retryAfter = null) {
    super(document.detail ?? document.title ?? `The engine answered ${status}`);
    this.status = status;
    this.code = document.code ?? "";
    this.errors = document.errors ?? [];
    this.requestId = document.requestId ?? null;
    this.accepted = document.accepted ?? null;
    this.retryAfter = retryAfter;
  }
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

const BY_CODE = Object.freeze({
  malformed_request: MalformedRequest,
  malformed_body: MalformedBody,
  validation_failed: ValidationFailed,
  unauthenticated: Unauthenticated,
  forbidden: Forbidden,
  foreign_origin: ForeignOrigin,
  not_found: NotFound,
  order_not_found: OrderNotFound,
  webhook_not_found: WebhookNotFound,
  webhooks_off: WebhooksOff,
  method_not_allowed: MethodNotAllowed,
  request_timeout: RequestTimeout,
  client_order_id_conflict: ClientOrderIdConflict,
  order_not_cancellable: OrderNotCancellable,
  order_is_final: OrderIsFinal,
  order_does_not_run: OrderDoesNotRun,
  order_is_dead_letter: OrderIsDeadLetter,
  order_not_dead_letter: OrderNotDeadLetter,
  order_may_have_landed: OrderMayHaveLanded,
  webhook_disabled: WebhookDisabled,
  too_many_webhooks: TooManyWebhooks,
  payload_too_large: PayloadTooLarge,
  unsupported_media_type: UnsupportedMediaType,
  misdirected_request: MisdirectedRequest,
  idempotency_key_reused: IdempotencyKeyReused,
  unknown_token: UnknownToken,
  ambiguous_token: AmbiguousToken,
  upgrade_required: UpgradeRequired,
  rate_limited: RateLimited,
  internal: Internal,
  not_implemented: NotImplemented,
  store_unavailable: StoreUnavailable,
  queue_unavailable: QueueUnavailable,
  overloaded: Overloaded,
  trading_halted: TradingHalted,
  http_version_not_supported: HttpVersionNotSupported,
});

/**
 * @param {number} status
 * @param {any} document the answer's body as JSON; undefined when it is none
 * @param {number | null} [retryAfter] in seconds
 */
export function refusal(status, document, retryAfter = null) {
  if (!document?.code) return new UnexpectedAnswer(status);
  const Kind = BY_CODE[document.code] ?? Problem;
  return new Kind(status, document, retryAfter);
}

const BY_CLOSE = Object.freeze({
  4400: [400, "validation_failed", "The socket's query breaks a rule"],
  4401: [401, "unauthenticated", "A valid credential is needed"],
  4404: [404, "order_not_found", "No such order"],
});

/** What a socket's close code says for good; null for all after which it is worth coming back. @param {number} code */
export function closeRefusal(code) {
  const known = BY_CLOSE[code];
  return known ? refusal(known[0], { code: known[1], detail: known[2] }) : null;
}
