-- The tables of release 0.1.0 as its `order-engine migrate` leaves them, with orders at every point.
-- Written by `python -m tests.integration.releases`. What it answered on them is in 0.1.0.jsonl. Never changed.

CREATE TABLE public.orders (
    id integer NOT NULL,
    order_id character varying(255) NOT NULL,
    user_id character varying(255) NOT NULL,
    input_token character varying(50) NOT NULL,
    output_token character varying(50) NOT NULL,
    amount numeric(18,8) NOT NULL,
    status character varying(20) NOT NULL,
    execution_price numeric(18,8),
    tx_hash character varying(255),
    logs text[],
    created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP,
    version integer DEFAULT 0 NOT NULL,
    attempt integer DEFAULT 1 NOT NULL,
    quotes json,
    chosen_dex text,
    tx_venue text,
    tx_amount numeric,
    tx_limit_price numeric,
    tx_expires_at timestamp without time zone,
    reason_code text,
    slippage_bps integer,
    client_order_id text,
    finished_at timestamp without time zone,
    held boolean DEFAULT false NOT NULL,
    CONSTRAINT orders_status_known CHECK (((status)::text = ANY ((ARRAY['pending'::character varying, 'routing'::character varying, 'building'::character varying, 'submitted'::character varying, 'confirmed'::character varying, 'failed'::character varying])::text[])))
)
WITH (fillfactor='25', autovacuum_analyze_scale_factor='3');

CREATE FUNCTION public.orders_of_user(of_user character varying, lowest bigint, highest bigint) RETURNS SETOF public.orders
    LANGUAGE plpgsql STABLE STRICT ROWS 50
    SET enable_bitmapscan TO 'on'
    SET enable_indexscan TO 'off'
    SET enable_seqscan TO 'off'
    SET effective_io_concurrency TO '64'
    AS $$ BEGIN
        RETURN QUERY SELECT * FROM orders WHERE user_id = of_user AND id BETWEEN lowest AND highest;
    END $$;

CREATE TABLE public.idempotency_keys (
    user_id character varying(255) NOT NULL,
    key character varying(255) NOT NULL,
    order_id character varying(255) NOT NULL,
    created_at timestamp without time zone NOT NULL
);

CREATE TABLE public.order_events (
    orders_id integer NOT NULL,
    seq integer NOT NULL,
    event_id text NOT NULL,
    frame text NOT NULL
)
WITH (autovacuum_analyze_scale_factor='0.5');

CREATE SEQUENCE public.orders_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.orders_id_seq OWNED BY public.orders.id;

CREATE TABLE public.schema_migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY public.orders ALTER COLUMN id SET DEFAULT nextval('public.orders_id_seq'::regclass);

INSERT INTO public.idempotency_keys (user_id, key, order_id, created_at) VALUES
	('user123', 'key-of-a-pending-one', '00000000-0000-4000-8000-000000000002', '2026-01-02 03:04:05.678'),
	('user123', 'key-of-a-routed-one', '00000000-0000-4000-8000-000000000006', '2026-01-02 03:04:05.678'),
	('user123', 'key-of-one-that-a-crash-sent-back', '00000000-0000-4000-8000-00000000000d', '2026-01-02 03:04:05.678'),
	('user123', 'key-of-a-submitted-one', '00000000-0000-4000-8000-000000000012', '2026-01-02 03:04:05.678'),
	('Zoë "x" ''y'' \ 🚀', 'key-of-a-confirmed-one', '00000000-0000-4000-8000-000000000027', '2026-01-02 03:04:05.678'),
	('user123', 'key-of-a-cancelled-one', '00000000-0000-4000-8000-00000000004b', '2026-01-02 03:04:05.678');

INSERT INTO public.order_events (orders_id, seq, event_id, frame) VALUES
	(4, 1, '00000000-0000-4000-8000-000000000005', '{"orderId":"00000000-0000-4000-8000-000000000004","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(5, 1, '00000000-0000-4000-8000-000000000007', '{"orderId":"00000000-0000-4000-8000-000000000006","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(5, 2, '00000000-0000-4000-8000-000000000008', '{"orderId":"00000000-0000-4000-8000-000000000006","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"user123"}'),
	(6, 1, '00000000-0000-4000-8000-00000000000a', '{"orderId":"00000000-0000-4000-8000-000000000009","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(6, 2, '00000000-0000-4000-8000-00000000000b', '{"orderId":"00000000-0000-4000-8000-000000000009","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"user123"}'),
	(6, 3, '00000000-0000-4000-8000-00000000000c', '{"orderId":"00000000-0000-4000-8000-000000000009","status":"building","message":"Building transaction...","seq":3,"timestamp":"2026-01-02T03:04:08.678Z","attempt":1,"userId":"user123"}'),
	(7, 1, '00000000-0000-4000-8000-00000000000e', '{"orderId":"00000000-0000-4000-8000-00000000000d","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(7, 2, '00000000-0000-4000-8000-00000000000f', '{"orderId":"00000000-0000-4000-8000-00000000000d","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"user123"}'),
	(7, 3, '00000000-0000-4000-8000-000000000010', '{"orderId":"00000000-0000-4000-8000-00000000000d","status":"building","message":"Building transaction...","seq":3,"timestamp":"2026-01-02T03:04:08.678Z","attempt":1,"userId":"user123"}'),
	(7, 4, '00000000-0000-4000-8000-000000000011', '{"orderId":"00000000-0000-4000-8000-00000000000d","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":4,"timestamp":"2026-01-02T03:04:09.678Z","attempt":1,"userId":"user123"}'),
	(8, 1, '00000000-0000-4000-8000-000000000013', '{"orderId":"00000000-0000-4000-8000-000000000012","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(8, 2, '00000000-0000-4000-8000-000000000014', '{"orderId":"00000000-0000-4000-8000-000000000012","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"user123"}'),
	(8, 3, '00000000-0000-4000-8000-000000000015', '{"orderId":"00000000-0000-4000-8000-000000000012","status":"building","message":"Building transaction...","seq":3,"timestamp":"2026-01-02T03:04:08.678Z","attempt":1,"userId":"user123"}'),
	(8, 4, '00000000-0000-4000-8000-000000000016', '{"orderId":"00000000-0000-4000-8000-000000000012","status":"submitted","message":"Transaction submitted to network...","txHash":"tx_000000000012_1_mock","seq":4,"timestamp":"2026-01-02T03:04:09.678Z","attempt":1,"userId":"user123"}'),
	(9, 1, '00000000-0000-4000-8000-000000000018', '{"orderId":"00000000-0000-4000-8000-000000000017","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(9, 2, '00000000-0000-4000-8000-000000000019', '{"orderId":"00000000-0000-4000-8000-000000000017","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"user123"}'),
	(9, 3, '00000000-0000-4000-8000-00000000001a', '{"orderId":"00000000-0000-4000-8000-000000000017","status":"building","message":"Building transaction...","seq":3,"timestamp":"2026-01-02T03:04:08.678Z","attempt":1,"userId":"user123"}'),
	(9, 4, '00000000-0000-4000-8000-00000000001b', '{"orderId":"00000000-0000-4000-8000-000000000017","status":"submitted","message":"Transaction submitted to network...","txHash":"tx_000000000017_1_mock","seq":4,"timestamp":"2026-01-02T03:04:09.678Z","attempt":1,"userId":"user123"}'),
	(9, 5, '00000000-0000-4000-8000-00000000001c', '{"orderId":"00000000-0000-4000-8000-000000000017","status":"routing","message":"Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s","seq":5,"timestamp":"2026-01-02T03:04:10.678Z","attempt":1,"userId":"user123"}'),
	(10, 1, '00000000-0000-4000-8000-00000000001e', '{"orderId":"00000000-0000-4000-8000-00000000001d","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(10, 2, '00000000-0000-4000-8000-00000000001f', '{"orderId":"00000000-0000-4000-8000-00000000001d","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"user123"}'),
	(10, 3, '00000000-0000-4000-8000-000000000020', '{"orderId":"00000000-0000-4000-8000-00000000001d","status":"building","message":"Building transaction...","seq":3,"timestamp":"2026-01-02T03:04:08.678Z","attempt":1,"userId":"user123"}'),
	(10, 4, '00000000-0000-4000-8000-000000000021', '{"orderId":"00000000-0000-4000-8000-00000000001d","status":"submitted","message":"Transaction submitted to network...","txHash":"tx_00000000001d_1_mock","seq":4,"timestamp":"2026-01-02T03:04:09.678Z","attempt":1,"userId":"user123"}'),
	(10, 5, '00000000-0000-4000-8000-000000000022', '{"orderId":"00000000-0000-4000-8000-00000000001d","status":"routing","message":"Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s","seq":5,"timestamp":"2026-01-02T03:04:10.678Z","attempt":1,"userId":"user123"}'),
	(10, 6, '00000000-0000-4000-8000-000000000023', '{"orderId":"00000000-0000-4000-8000-00000000001d","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":6,"timestamp":"2026-01-02T03:04:11.678Z","attempt":2,"userId":"user123"}'),
	(10, 7, '00000000-0000-4000-8000-000000000024', '{"orderId":"00000000-0000-4000-8000-00000000001d","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":7,"timestamp":"2026-01-02T03:04:12.678Z","attempt":2,"userId":"user123"}'),
	(10, 8, '00000000-0000-4000-8000-000000000025', '{"orderId":"00000000-0000-4000-8000-00000000001d","status":"building","message":"Building transaction...","seq":8,"timestamp":"2026-01-02T03:04:13.678Z","attempt":2,"userId":"user123"}'),
	(10, 9, '00000000-0000-4000-8000-000000000026', '{"orderId":"00000000-0000-4000-8000-00000000001d","status":"submitted","message":"Transaction submitted to network...","txHash":"tx_00000000001d_2_mock","seq":9,"timestamp":"2026-01-02T03:04:14.678Z","attempt":2,"userId":"user123"}'),
	(11, 1, '00000000-0000-4000-8000-000000000028', '{"orderId":"00000000-0000-4000-8000-000000000027","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"Zoë \"x\" ''y'' \\ 🚀"}'),
	(11, 2, '00000000-0000-4000-8000-000000000029', '{"orderId":"00000000-0000-4000-8000-000000000027","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"Zoë \"x\" ''y'' \\ 🚀"}'),
	(11, 3, '00000000-0000-4000-8000-00000000002a', '{"orderId":"00000000-0000-4000-8000-000000000027","status":"building","message":"Building transaction...","seq":3,"timestamp":"2026-01-02T03:04:08.678Z","attempt":1,"userId":"Zoë \"x\" ''y'' \\ 🚀"}'),
	(11, 4, '00000000-0000-4000-8000-00000000002b', '{"orderId":"00000000-0000-4000-8000-000000000027","status":"submitted","message":"Transaction submitted to network...","txHash":"tx_000000000027_1_mock","seq":4,"timestamp":"2026-01-02T03:04:09.678Z","attempt":1,"userId":"Zoë \"x\" ''y'' \\ 🚀"}'),
	(11, 5, '00000000-0000-4000-8000-00000000002c', '{"orderId":"00000000-0000-4000-8000-000000000027","status":"confirmed","message":"Swap executed successfully","txHash":"tx_000000000027_1_mock","executionPrice":146.91,"seq":5,"timestamp":"2026-01-02T03:04:10.678Z","attempt":1,"userId":"Zoë \"x\" ''y'' \\ 🚀"}'),
	(12, 1, '00000000-0000-4000-8000-00000000002e', '{"orderId":"00000000-0000-4000-8000-00000000002d","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(12, 2, '00000000-0000-4000-8000-00000000002f', '{"orderId":"00000000-0000-4000-8000-00000000002d","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"user123"}'),
	(12, 3, '00000000-0000-4000-8000-000000000030', '{"orderId":"00000000-0000-4000-8000-00000000002d","status":"building","message":"Building transaction...","seq":3,"timestamp":"2026-01-02T03:04:08.678Z","attempt":1,"userId":"user123"}'),
	(12, 4, '00000000-0000-4000-8000-000000000031', '{"orderId":"00000000-0000-4000-8000-00000000002d","status":"submitted","message":"Transaction submitted to network...","txHash":"tx_00000000002d_1_mock","seq":4,"timestamp":"2026-01-02T03:04:09.678Z","attempt":1,"userId":"user123"}'),
	(12, 5, '00000000-0000-4000-8000-000000000032', '{"orderId":"00000000-0000-4000-8000-00000000002d","status":"routing","message":"Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s","seq":5,"timestamp":"2026-01-02T03:04:10.678Z","attempt":1,"userId":"user123"}'),
	(12, 6, '00000000-0000-4000-8000-000000000033', '{"orderId":"00000000-0000-4000-8000-00000000002d","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":6,"timestamp":"2026-01-02T03:04:11.678Z","attempt":2,"userId":"user123"}'),
	(12, 7, '00000000-0000-4000-8000-000000000034', '{"orderId":"00000000-0000-4000-8000-00000000002d","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":7,"timestamp":"2026-01-02T03:04:12.678Z","attempt":2,"userId":"user123"}'),
	(12, 8, '00000000-0000-4000-8000-000000000035', '{"orderId":"00000000-0000-4000-8000-00000000002d","status":"building","message":"Building transaction...","seq":8,"timestamp":"2026-01-02T03:04:13.678Z","attempt":2,"userId":"user123"}'),
	(12, 9, '00000000-0000-4000-8000-000000000036', '{"orderId":"00000000-0000-4000-8000-00000000002d","status":"submitted","message":"Transaction submitted to network...","txHash":"tx_00000000002d_2_mock","seq":9,"timestamp":"2026-01-02T03:04:14.678Z","attempt":2,"userId":"user123"}'),
	(12, 10, '00000000-0000-4000-8000-000000000037', '{"orderId":"00000000-0000-4000-8000-00000000002d","status":"confirmed","message":"Swap executed successfully","txHash":"tx_00000000002d_2_mock","executionPrice":146.91,"seq":10,"timestamp":"2026-01-02T03:04:15.678Z","attempt":2,"userId":"user123"}'),
	(13, 1, '00000000-0000-4000-8000-000000000039', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(13, 2, '00000000-0000-4000-8000-00000000003a', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"user123"}'),
	(13, 3, '00000000-0000-4000-8000-00000000003b', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"building","message":"Building transaction...","seq":3,"timestamp":"2026-01-02T03:04:08.678Z","attempt":1,"userId":"user123"}'),
	(13, 4, '00000000-0000-4000-8000-00000000003c', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"submitted","message":"Transaction submitted to network...","txHash":"tx_000000000038_1_mock","seq":4,"timestamp":"2026-01-02T03:04:09.678Z","attempt":1,"userId":"user123"}'),
	(13, 5, '00000000-0000-4000-8000-00000000003d', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"routing","message":"Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s","seq":5,"timestamp":"2026-01-02T03:04:10.678Z","attempt":1,"userId":"user123"}'),
	(13, 6, '00000000-0000-4000-8000-00000000003e', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":6,"timestamp":"2026-01-02T03:04:11.678Z","attempt":2,"userId":"user123"}'),
	(13, 7, '00000000-0000-4000-8000-00000000003f', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":7,"timestamp":"2026-01-02T03:04:12.678Z","attempt":2,"userId":"user123"}'),
	(13, 8, '00000000-0000-4000-8000-000000000040', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"building","message":"Building transaction...","seq":8,"timestamp":"2026-01-02T03:04:13.678Z","attempt":2,"userId":"user123"}'),
	(13, 9, '00000000-0000-4000-8000-000000000041', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"submitted","message":"Transaction submitted to network...","txHash":"tx_000000000038_2_mock","seq":9,"timestamp":"2026-01-02T03:04:14.678Z","attempt":2,"userId":"user123"}'),
	(13, 10, '00000000-0000-4000-8000-000000000042', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"routing","message":"Attempt 2 of 3 failed: Slippage tolerance exceeded. Retrying in 2 s","seq":10,"timestamp":"2026-01-02T03:04:15.678Z","attempt":2,"userId":"user123"}'),
	(13, 11, '00000000-0000-4000-8000-000000000043', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":11,"timestamp":"2026-01-02T03:04:16.678Z","attempt":3,"userId":"user123"}'),
	(13, 12, '00000000-0000-4000-8000-000000000044', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":12,"timestamp":"2026-01-02T03:04:17.678Z","attempt":3,"userId":"user123"}'),
	(13, 13, '00000000-0000-4000-8000-000000000045', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"building","message":"Building transaction...","seq":13,"timestamp":"2026-01-02T03:04:18.678Z","attempt":3,"userId":"user123"}'),
	(13, 14, '00000000-0000-4000-8000-000000000046', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"submitted","message":"Transaction submitted to network...","txHash":"tx_000000000038_3_mock","seq":14,"timestamp":"2026-01-02T03:04:19.678Z","attempt":3,"userId":"user123"}'),
	(13, 15, '00000000-0000-4000-8000-000000000047', '{"orderId":"00000000-0000-4000-8000-000000000038","status":"failed","message":"Slippage tolerance exceeded","reasonCode":"slippage_exceeded","seq":15,"timestamp":"2026-01-02T03:04:20.678Z","attempt":3,"userId":"user123"}'),
	(14, 1, '00000000-0000-4000-8000-000000000049', '{"orderId":"00000000-0000-4000-8000-000000000048","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(14, 2, '00000000-0000-4000-8000-00000000004a', '{"orderId":"00000000-0000-4000-8000-000000000048","status":"failed","message":"No venue could quote","reasonCode":"venue_unavailable","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"user123"}'),
	(15, 1, '00000000-0000-4000-8000-00000000004c', '{"orderId":"00000000-0000-4000-8000-00000000004b","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(15, 2, '00000000-0000-4000-8000-00000000004d', '{"orderId":"00000000-0000-4000-8000-00000000004b","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"user123"}'),
	(15, 3, '00000000-0000-4000-8000-00000000004e', '{"orderId":"00000000-0000-4000-8000-00000000004b","status":"failed","message":"Order cancelled","reasonCode":"cancelled","seq":3,"timestamp":"2026-01-02T03:04:08.678Z","attempt":1,"userId":"user123"}'),
	(16, 1, '00000000-0000-4000-8000-000000000050', '{"orderId":"00000000-0000-4000-8000-00000000004f","status":"failed","message":"Order expired","reasonCode":"expired","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(17, 1, '00000000-0000-4000-8000-000000000052', '{"orderId":"00000000-0000-4000-8000-000000000051","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":1,"timestamp":"2026-01-02T03:04:06.678Z","attempt":1,"userId":"user123"}'),
	(17, 2, '00000000-0000-4000-8000-000000000053', '{"orderId":"00000000-0000-4000-8000-000000000051","status":"routing","message":"Best route: Meteora","chosenDex":"Meteora","seq":2,"timestamp":"2026-01-02T03:04:07.678Z","attempt":1,"userId":"user123"}'),
	(17, 3, '00000000-0000-4000-8000-000000000054', '{"orderId":"00000000-0000-4000-8000-000000000051","status":"building","message":"Building transaction...","seq":3,"timestamp":"2026-01-02T03:04:08.678Z","attempt":1,"userId":"user123"}'),
	(17, 4, '00000000-0000-4000-8000-000000000055', '{"orderId":"00000000-0000-4000-8000-000000000051","status":"submitted","message":"Transaction submitted to network...","txHash":"tx_000000000051_1_mock","seq":4,"timestamp":"2026-01-02T03:04:09.678Z","attempt":1,"userId":"user123"}'),
	(17, 5, '00000000-0000-4000-8000-000000000056', '{"orderId":"00000000-0000-4000-8000-000000000051","status":"routing","message":"Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s","seq":5,"timestamp":"2026-01-02T03:04:10.678Z","attempt":1,"userId":"user123"}'),
	(17, 6, '00000000-0000-4000-8000-000000000057', '{"orderId":"00000000-0000-4000-8000-000000000051","status":"routing","message":"Fetching quotes from Raydium & Meteora...","seq":6,"timestamp":"2026-01-02T03:04:11.678Z","attempt":2,"userId":"user123"}'),
	(17, 7, '00000000-0000-4000-8000-000000000058', '{"orderId":"00000000-0000-4000-8000-000000000051","status":"failed","message":"Internal error","reasonCode":"internal_error","seq":7,"timestamp":"2026-01-02T03:04:12.678Z","attempt":2,"userId":"user123"}');

INSERT INTO public.orders (id, order_id, user_id, input_token, output_token, amount, status, execution_price, tx_hash, logs, created_at, updated_at, version, attempt, quotes, chosen_dex, tx_venue, tx_amount, tx_limit_price, tx_expires_at, reason_code, slippage_bps, client_order_id, finished_at, held) VALUES
	(1, '00000000-0000-4000-8000-000000000001', 'user123', 'SOL', 'USDC', 10.00000000, 'pending', NULL, NULL, '{}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:05.678', 0, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false),
	(2, '00000000-0000-4000-8000-000000000002', 'user123', 'SOL', 'USDC', 0.00000001, 'pending', NULL, NULL, '{}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:05.678', 0, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 50, 'mine:1', NULL, false),
	(3, '00000000-0000-4000-8000-000000000003', 'user of a held order', 'SOL', 'USDC', 10.00000000, 'pending', NULL, NULL, '{}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:05.678', 0, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true),
	(4, '00000000-0000-4000-8000-000000000004', 'user123', 'SOL', 'USDC', 10.00000000, 'routing', NULL, NULL, '{"Fetching quotes from Raydium & Meteora..."}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:06.678', 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false),
	(5, '00000000-0000-4000-8000-000000000006', 'user123', 'SOL', 'USDC', 10.00000000, 'routing', NULL, NULL, '{"Fetching quotes from Raydium & Meteora...","Best route: Meteora"}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:07.678', 2, 1, '[{"dex":"Raydium","fee":"0.003","price":"148.32"},{"dex":"Meteora","fee":"0.002","price":"146.91"}]', 'Meteora', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false),
	(6, '00000000-0000-4000-8000-000000000009', 'user123', 'SOL', 'USDC', 10.00000000, 'building', NULL, NULL, '{"Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction..."}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:08.678', 3, 1, '[{"dex":"Raydium","fee":"0.003","price":"148.32"},{"dex":"Meteora","fee":"0.002","price":"146.91"}]', 'Meteora', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false),
	(7, '00000000-0000-4000-8000-00000000000d', 'user123', 'SOL', 'USDC', 10.00000000, 'routing', NULL, NULL, '{"Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Fetching quotes from Raydium & Meteora..."}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:09.678', 4, 1, '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false),
	(8, '00000000-0000-4000-8000-000000000012', 'user123', 'SOL', 'USDC', 10.00000000, 'submitted', NULL, 'tx_000000000012_1_mock', '{"Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Transaction submitted to network..."}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:09.678', 4, 1, '[{"dex":"Raydium","fee":"0.003","price":"148.32"},{"dex":"Meteora","fee":"0.002","price":"146.91"}]', 'Meteora', 'Meteora', 10, 146.91, '2026-01-02 03:04:35.678', NULL, 0, NULL, NULL, false),
	(9, '00000000-0000-4000-8000-000000000017', 'user123', 'SOL', 'USDC', 10.00000000, 'routing', NULL, NULL, '{"Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Transaction submitted to network...","Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s"}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:10.678', 5, 2, '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false),
	(10, '00000000-0000-4000-8000-00000000001d', 'user123', 'SOL', 'USDC', 9999999999.99999999, 'submitted', NULL, 'tx_00000000001d_2_mock', '{"Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Transaction submitted to network...","Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s","Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Transaction submitted to network..."}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:14.678', 9, 2, '[{"dex":"Raydium","fee":"0.003","price":"148.32"},{"dex":"Meteora","fee":"0.002","price":"146.91"}]', 'Meteora', 'Meteora', 9999999999.99999999, NULL, '2026-01-02 03:04:35.678', NULL, NULL, NULL, NULL, false),
	(11, '00000000-0000-4000-8000-000000000027', 'Zoë "x" ''y'' \ 🚀', 'ÐOGE', 'USDC', 10.00000000, 'confirmed', 146.91000000, 'tx_000000000027_1_mock', '{"Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Transaction submitted to network...","Swap executed successfully"}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:10.678', 5, 1, '[{"dex":"Raydium","fee":"0.003","price":"148.32"},{"dex":"Meteora","fee":"0.002","price":"146.91"}]', 'Meteora', 'Meteora', 10, NULL, '2026-01-02 03:04:35.678', NULL, NULL, NULL, '2026-01-02 03:04:10.678', false),
	(12, '00000000-0000-4000-8000-00000000002d', 'user123', 'SOL', 'USDC', 10.50000000, 'confirmed', 146.91000000, 'tx_00000000002d_2_mock', '{"Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Transaction submitted to network...","Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s","Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Transaction submitted to network...","Swap executed successfully"}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:15.678', 10, 2, '[{"dex":"Raydium","fee":"0.003","price":"148.32"},{"dex":"Meteora","fee":"0.002","price":"146.91"}]', 'Meteora', 'Meteora', 10.5, NULL, '2026-01-02 03:04:35.678', NULL, NULL, 'mine:2', '2026-01-02 03:04:15.678', false),
	(13, '00000000-0000-4000-8000-000000000038', 'user123', 'SOL', 'USDC', 10.00000000, 'failed', NULL, NULL, '{"Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Transaction submitted to network...","Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s","Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Transaction submitted to network...","Attempt 2 of 3 failed: Slippage tolerance exceeded. Retrying in 2 s","Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Transaction submitted to network...","Slippage tolerance exceeded"}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:20.678', 15, 3, '[{"dex":"Raydium","fee":"0.003","price":"148.32"},{"dex":"Meteora","fee":"0.002","price":"146.91"}]', 'Meteora', NULL, NULL, NULL, NULL, 'slippage_exceeded', 100, NULL, '2026-01-02 03:04:20.678', false),
	(14, '00000000-0000-4000-8000-000000000048', 'user123', 'SOL', 'USDC', 10.00000000, 'failed', NULL, NULL, '{"Fetching quotes from Raydium & Meteora...","No venue could quote"}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:07.678', 2, 1, NULL, NULL, NULL, NULL, NULL, NULL, 'venue_unavailable', NULL, NULL, '2026-01-02 03:04:07.678', false),
	(15, '00000000-0000-4000-8000-00000000004b', 'user123', 'SOL', 'USDC', 10.00000000, 'failed', NULL, NULL, '{"Fetching quotes from Raydium & Meteora...","Best route: Meteora","Order cancelled"}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:08.678', 3, 1, '[{"dex":"Raydium","fee":"0.003","price":"148.32"},{"dex":"Meteora","fee":"0.002","price":"146.91"}]', 'Meteora', NULL, NULL, NULL, NULL, 'cancelled', NULL, NULL, '2026-01-02 03:04:08.678', false),
	(16, '00000000-0000-4000-8000-00000000004f', 'user123', 'SOL', 'USDC', 10.00000000, 'failed', NULL, NULL, '{"Order expired"}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:06.678', 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, 'expired', NULL, NULL, '2026-01-02 03:04:06.678', false),
	(17, '00000000-0000-4000-8000-000000000051', 'user123', 'SOL', 'USDC', 10.00000000, 'failed', NULL, NULL, '{"Fetching quotes from Raydium & Meteora...","Best route: Meteora","Building transaction...","Transaction submitted to network...","Attempt 1 of 3 failed: Slippage tolerance exceeded. Retrying in 1 s","Fetching quotes from Raydium & Meteora...","Internal error"}', '2026-01-02 03:04:05.678', '2026-01-02 03:04:12.678', 7, 2, '[]', NULL, NULL, NULL, NULL, NULL, 'internal_error', NULL, NULL, '2026-01-02 03:04:12.678', false);

INSERT INTO public.schema_migrations (name, checksum, applied_at) VALUES
	('0001_orders.sql', '05c0e46e60a08c991df9babb0e9ee266c960756948f513f371bafe7e94130f76', '2026-01-02 03:04:05.678+00'),
	('0002_orders_of_user.sql', '8648841d5a326a3c9e6987e74c64e3e4c46535499b9b3cbee4c3e6c4ba05abf1', '2026-01-02 03:04:05.678+00'),
	('0003_seldom_analysed.sql', 'ba719cb8f8b0d4a66818c82f7fe405d2271a662afb1d1c44b4387f13fb5158b8', '2026-01-02 03:04:05.678+00');

SELECT pg_catalog.setval('public.orders_id_seq', 24, true);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key);

ALTER TABLE ONLY public.order_events
    ADD CONSTRAINT order_events_pkey PRIMARY KEY (orders_id, seq);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_order_id_key UNIQUE (order_id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

CREATE INDEX orders_by_user ON public.orders USING btree (user_id, id DESC);

CREATE UNIQUE INDEX orders_client_order_id ON public.orders USING btree (user_id, client_order_id) WHERE (client_order_id IS NOT NULL);

CREATE INDEX orders_unfinished ON public.orders USING btree (id) WHERE (finished_at IS NULL);
