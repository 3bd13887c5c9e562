-- The second factor of who connects with a password alone: codes of an authenticator app (TOTP, RFC 6238), checked here.
--
-- A guess that could be rolled back would cost nothing. So a code is handed in by one transaction, which counts it, and
-- answered by a later one, for a guess alone that is committed. The count stands in a row that each guess changes, so
-- that no snapshot and no second connection sees an older one. Who has passed gets a pass for their other connections.
-- The database's owner can read the secrets; against them a client certificate helps.

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgcrypto') THEN
        CREATE SCHEMA IF NOT EXISTS reviewer_inner;
        CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA reviewer_inner;
    END IF;
END $$;

CREATE TABLE IF NOT EXISTS factor (
    login name PRIMARY KEY REFERENCES seat (login),
    secret bytea NOT NULL CHECK (length(secret) = 20),
    last_step bigint NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    first_try_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS factor_try (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login name NOT NULL REFERENCES factor (login) ON DELETE CASCADE,
    step bigint,  -- that the code belongs to; NULL where it fits none
    xid xid8 NOT NULL,
    at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS factor_pass (
    digest bytea PRIMARY KEY,
    login name NOT NULL REFERENCES factor (login) ON DELETE CASCADE,
    ends_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS factor_session (
    pid integer NOT NULL,
    started_at timestamptz NOT NULL,
    login name NOT NULL REFERENCES factor (login) ON DELETE CASCADE,
    PRIMARY KEY (pid, started_at)
);

CREATE OR REPLACE FUNCTION factor_passed() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM factor_session s, pg_stat_get_activity(pg_backend_pid()) a
                   WHERE s.pid = a.pid AND s.started_at = a.backend_start AND s.login = session_user)
$$;

-- The code of a step of 30 seconds.
CREATE OR REPLACE FUNCTION totp(secret bytea, step bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
DECLARE
    mac bytea := reviewer_inner.hmac(int8send(step), secret, 'sha1');
    place integer := get_byte(mac, 19) & 15;
    number bigint := 0;
BEGIN
    FOR each IN 0..3 LOOP
        number := (number << 8) | get_byte(mac, place + each);
    END LOOP;
    RETURN lpad(((number & 2147483647) % 1000000)::text, 6, '0');
END $$;

-- Whether this session needs a code, has passed, or there is none to give; and for how long no code is taken.
CREATE OR REPLACE FUNCTION factor_state(OUT state text, OUT wait_s integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    known factor;
BEGIN
    SELECT * INTO known FROM factor WHERE login = session_user;
    state := CASE WHEN known.login IS NULL THEN 'none' WHEN factor_passed() THEN 'passed' ELSE 'needed' END;
    wait_s := CASE WHEN known.tries >= 5 THEN
        greatest(0, ceil(extract(epoch FROM known.first_try_at + interval '15 minutes' - clock_timestamp())))
        ELSE 0 END;
END $$;

CREATE OR REPLACE FUNCTION factor_submit(code text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    now_step bigint := floor(extract(epoch FROM moment) / 30);
    known factor;
    fitting bigint;
    made bigint;
BEGIN
    UPDATE factor SET
        tries = CASE WHEN first_try_at < moment - interval '15 minutes' OR tries = 0 THEN 1 ELSE tries + 1 END,
        first_try_at = CASE WHEN first_try_at < moment - interval '15 minutes' OR tries = 0 THEN moment ELSE first_try_at END
        WHERE login = session_user RETURNING * INTO known;
    PERFORM need(known.login IS NOT NULL, 'a code where none is needed');
    PERFORM need(known.tries <= 5, 'five wrong codes: no more for a quarter of an hour', 'RV004');
    FOR step IN now_step - 1 .. now_step + 1 LOOP
        IF totp(known.secret, step) = code AND step > known.last_step THEN
            fitting := step;
        END IF;
    END LOOP;
    DELETE FROM factor_try t WHERE t.login = session_user AND t.at < moment - interval '2 minutes';
    INSERT INTO factor_try (login, step, xid, at) VALUES (session_user, fitting, pg_current_xact_id(), moment)
        RETURNING id INTO made;
    RETURN made;
END $$;

CREATE OR REPLACE FUNCTION grant_pass(OUT pass text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    pass := encode(reviewer_inner.gen_random_bytes(32), 'hex');
    DELETE FROM factor_pass WHERE ends_at < clock_timestamp();
    DELETE FROM factor_session s WHERE NOT EXISTS (
        SELECT FROM pg_stat_get_activity(NULL) a WHERE a.pid = s.pid AND a.backend_start = s.started_at);
    INSERT INTO factor_pass
        SELECT sha256(convert_to(pass, 'UTF8')), session_user, clock_timestamp() + r.longest FROM session_rule r;
    INSERT INTO factor_session
        SELECT a.pid, a.backend_start, session_user FROM pg_stat_get_activity(pg_backend_pid()) a
        ON CONFLICT DO NOTHING;
END $$;

-- Answers a code that was handed in: a pass, or NULL where it was wrong or used before.
CREATE OR REPLACE FUNCTION factor_finish(submitted bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    given factor_try;
BEGIN
    SELECT * INTO given FROM factor_try WHERE id = submitted AND login = session_user;
    PERFORM need(given.id IS NOT NULL AND pg_xact_status(given.xid) = 'committed'
                 AND given.at > clock_timestamp() - interval '2 minutes', 'a code that was not handed in');
    DELETE FROM factor_try WHERE id = submitted;
    UPDATE factor SET last_step = given.step, tries = 0 WHERE login = session_user AND last_step < given.step;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN grant_pass();
END $$;

-- Lets another connection of who has passed go on with their pass.
CREATE OR REPLACE FUNCTION factor_resume(pass text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM factor_pass p WHERE p.digest = sha256(convert_to(pass, 'UTF8'))
                   AND p.login = session_user AND p.ends_at > clock_timestamp()) THEN
        RETURN false;
    END IF;
    INSERT INTO factor_session
        SELECT a.pid, a.backend_start, session_user FROM pg_stat_get_activity(pg_backend_pid()) a
        ON CONFLICT DO NOTHING;
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION factor_set(new_secret bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(to_regprocedure('reviewer_inner.hmac(bytea,bytea,text)') IS NOT NULL,
                 'this server has no pgcrypto, which the codes take: install the contrib package and run team init again');
    PERFORM need(NOT me.has_factor, 'a second factor beside another');
    INSERT INTO factor (login, secret) VALUES (me.login, new_secret);
    UPDATE seat SET has_factor = true WHERE login = me.login;
    RETURN grant_pass();
END $$;

-- Takes the second factor away: one's own, or as an admin anybody's of the workspace.
CREATE OR REPLACE FUNCTION factor_drop(of_login text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(me.login = of_login OR (me.is_admin AND EXISTS (
        SELECT FROM seat s WHERE s.login = of_login AND s.workspace_id = me.workspace_id)), 'another''s second factor');
    DELETE FROM factor WHERE login = of_login;
    UPDATE seat SET has_factor = false WHERE login = of_login;
END $$;

-- At the commit: a second factor that was made or taken away is on record.
CREATE OR REPLACE FUNCTION whole_factor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (SELECT FROM entry e WHERE e.xid = pg_current_xact_id() AND e.action = 'policy_changed'),
                 'a second factor without its entry');
    RETURN NULL;
END $$;
