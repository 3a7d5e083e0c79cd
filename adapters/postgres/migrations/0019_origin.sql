-- 0019: where an order came from.
--
-- orders.request_id: the id of the request that asked for it; .traceparent: the trace that it is part of (W3C Trace Context).
-- NULL for orders of earlier releases; they never change. No index: what is looked for by them is looked for in the logs.

ALTER TABLE orders
    ADD COLUMN request_id TEXT,
    ADD COLUMN traceparent TEXT;
