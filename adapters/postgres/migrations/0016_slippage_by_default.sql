-- 0016: whose slippage limit an order has.
--
-- orders.slippage_by_default: the order named none, and slippage_bps is what the engine's setting was at its birth. NULL is no: the order
-- named it, or has none. So a repeat of a request stays one when the setting has changed.

ALTER TABLE orders ADD COLUMN IF NOT EXISTS slippage_by_default BOOLEAN;
