-- 0011: the record of administrative acts.
--
-- One row an act, kept for good, written in the commit of what it did; where that is not in this database (the queue), one row before
-- it and one with its outcome. who: a key's id, a user, or an operating system's user at a host. origin: an address or a host.
-- before, after: what was changed, as JSON objects without secrets.
-- Numbers and times are the server's own: nobody can give one. No role may change or delete a row, the tables' owner neither; a
-- superuser who must can (session_replication_role = replica).

CREATE TABLE audit_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at TIMESTAMP NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    who TEXT NOT NULL,
    origin TEXT NOT NULL,
    request_id TEXT,
    what TEXT NOT NULL CHECK (what <> ''),
    subject TEXT,
    before JSON,
    after JSON,
    outcome TEXT NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_log_is_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
