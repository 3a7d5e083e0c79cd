-- 0003: a table's statistics are taken when it has doubled, not whenever a tenth of it was written.
--
-- An order is written six times, so a busy engine's `orders` was sampled each minute: 30,000 pages, for a second in which orders
-- took twice as long. No plan depends on the statistics: see docs/database.md.
-- Each factor is a share of the rows that there are by then. When `orders` has doubled, six writes for each new row are three
-- for each row; events are written once.

ALTER TABLE orders SET (autovacuum_analyze_scale_factor = 3);
ALTER TABLE order_events SET (autovacuum_analyze_scale_factor = 0.5);
