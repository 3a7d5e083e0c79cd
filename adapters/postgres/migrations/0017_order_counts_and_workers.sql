-- 0017: how many orders were taken and ended lately, and which workers are there.
--
-- order_counts: one row for each minute (UTC, the store's clock) and process that counted something in it, for a day. Each process adds to
-- its own row every five seconds: `part` is the number of the last that is in it, so that none counts twice. `parts` are those of this
-- minute, each {second, accepted, confirmed, failed, cancelled}: the last minute is told by them. cancelled is not in failed.
--
-- workers: one row a worker, written every five seconds; one that stops deletes its own, one that was killed is deleted a day later.
-- Times are the server's, as UTC.

CREATE TABLE order_counts (
    minute TIMESTAMP NOT NULL,
    process TEXT NOT NULL,
    part BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    confirmed BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    cancelled BIGINT NOT NULL,
    parts INTEGER[] NOT NULL,
    PRIMARY KEY (minute, process)
);

CREATE TABLE workers (
    name TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    slots INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    since TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    seen_at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC')
);
