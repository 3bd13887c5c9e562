-- What a database refuses by itself: each rule of the services, as triggers and constraints.
--
-- Identity is session_user, which neither SET ROLE nor a function of another owner changes. Every comparison is safe
-- with NULL: a rule holds only where it IS TRUE. Instants are compared with the clock, not with a session's notion of it.
-- RV001: no seat. RV002: a rule forbids it. RV003: the lease is over.

CREATE OR REPLACE FUNCTION need(holds boolean, what text, code text DEFAULT 'RV002') RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF holds IS NOT TRUE THEN
        RAISE '%', what USING ERRCODE = code;
    END IF;
END $$;

-- ---- The ledger: one's own chain, linked, signed, in the form that everybody verifies

-- The one spelling of a value in an entry (RFC 8785, whole numbers alone), as reviewer/ledger/canonical.py has it; what
-- an entry cannot hold is left out, so that its bytes differ. Names are ASCII: there the order of bytes is the standard's.
CREATE OR REPLACE FUNCTION is_whole(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$ SELECT abs($1::numeric) < 9007199254740992 AND scale($1::numeric) = 0 $$;

CREATE OR REPLACE FUNCTION canonical(value jsonb, depth integer DEFAULT 0) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
    IF depth > 20 THEN
        RETURN NULL;
    END IF;
    IF jsonb_typeof(value) = 'object' THEN
        RETURN '{' || coalesce((SELECT string_agg(to_json(e.key)::text || ':' || CASE
                WHEN jsonb_typeof(e.value) IN ('object', 'array') THEN canonical(e.value, depth + 1)
                WHEN jsonb_typeof(e.value) <> 'number' OR is_whole(e.value) THEN e.value::text END, ',' ORDER BY e.key COLLATE "C")
            FROM jsonb_each($1) e WHERE octet_length(e.key) = length(e.key)), '') || '}';
    END IF;
    RETURN '[' || coalesce((SELECT string_agg(CASE
            WHEN jsonb_typeof(e.value) IN ('object', 'array') THEN canonical(e.value, depth + 1)
            WHEN jsonb_typeof(e.value) <> 'number' OR is_whole(e.value) THEN e.value::text END, ',' ORDER BY e.ordinality)
        FROM jsonb_array_elements($1) WITH ORDINALITY e), '') || ']';
END $$;

CREATE OR REPLACE FUNCTION guard_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat;
    body jsonb;
    last entry;
    about item;
BEGIN
    -- Whoever changes or removes this member waits for this commit, or comes before it; what is asked comes after that.
    PERFORM FROM seat WHERE login = session_user AND removed_at IS NULL FOR SHARE;
    PERFORM need(FOUND, 'no seat', 'RV001');
    me := own_seat();
    -- Its place was drawn before that: one that stands before the change of its own member would break the ledger.
    PERFORM need(NOT EXISTS (SELECT FROM entry e WHERE e.seq > NEW.seq AND e.action IN (
        'member_added', 'member_changed', 'member_keys_changed', 'member_removed', 'workspace_key_made', 'workspace_made')), 'an entry that was overtaken');
    PERFORM need(NEW.actor = me.member_id, 'an entry in the name of another');
    body := convert_from(NEW.body, 'UTF8')::jsonb;
    SELECT * INTO last FROM entry e WHERE e.actor = NEW.actor ORDER BY e.number DESC LIMIT 1;
    PERFORM need(NEW.number = coalesce(last.number, 0) + 1, 'an entry that does not follow the last one');
    PERFORM need(body ->> 'previous' IS NOT DISTINCT FROM coalesce(encode(last.hash, 'hex'), repeat('0', 64)),
                 'an entry that is not linked to the last one');
    PERFORM need(body ->> 'actor' = NEW.actor AND (body ->> 'number')::numeric = NEW.number
                 AND body ->> 'action' = NEW.action AND body ->> 'object' IS NOT DISTINCT FROM NEW.item_id
                 AND body ->> 'workspace' = me.workspace_id, 'an entry whose columns and bytes differ');
    PERFORM need(NEW.hash = sha256('\x00'::bytea || NEW.body || NEW.signature), 'an entry with a wrong hash');
    PERFORM need(length(NEW.signature) = 64, 'an entry without a signature');
    PERFORM need(length(NEW.body) <= 65536 AND body -> 'format' = '1'
                 AND body ->> 'at' = to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                 'an entry in a form that nobody reads');
    -- A reader cannot go past what it cannot parse: nobody else could verify anything that comes after.
    PERFORM need(jsonb_typeof(body) = 'object' AND canonical(body) = convert_from(NEW.body, 'UTF8') AND body ->> 'desk' <> '' AND NEW.action <> ''
                 AND jsonb_typeof(body -> 'number') = 'number'
                 AND (SELECT bool_and(jsonb_typeof(body -> each) = 'string') FROM unnest('{actor,action,workspace,previous,at,desk}'::text[]) each)
                 AND (SELECT bool_and(coalesce(jsonb_typeof(body -> each), 'string') = 'string') FROM unnest('{object,input,verdict,meaning}'::text[]) each)
                 AND (SELECT bool_and(coalesce(jsonb_typeof(body -> each), 'object') = 'object') FROM unnest('{before,after,model,consent,details}'::text[]) each),
                 'an entry in a form that nobody reads');
    PERFORM need(NEW.action NOT IN ('workspace_made', 'member_added', 'member_changed', 'member_removed', 'workspace_key_made')
                 OR CASE NEW.action WHEN 'workspace_made' THEN NOT EXISTS (SELECT FROM entry) ELSE me.is_admin END
                 OR NEW.action = 'workspace_key_made' AND NOT EXISTS (SELECT FROM entry WHERE action = 'workspace_key_made'),
                 'only an admin may do this');
    PERFORM need(NEW.action <> 'member_keys_changed', 'keys that nothing here changes');
    PERFORM need(abs(extract(epoch FROM NEW.at - clock_timestamp())) < 60, 'an entry with a wrong time');
    PERFORM need(CASE WHEN NEW.action = 'opened' THEN me.at_desk WHEN NEW.action IN ('analysed', 'sending') THEN me.works ELSE true END,
                 'a look that is not for you');
    SELECT * INTO about FROM item WHERE id = NEW.item_id;
    IF NEW.action = 'opened' AND about.id IS NOT NULL THEN
        PERFORM need(EXISTS (SELECT FROM data_key WHERE item_id = about.id), 'a look at what was erased');
        PERFORM need((about.lease_member_id = me.member_id AND about.lease_expires_at > clock_timestamp())
                     OR EXISTS (SELECT FROM decision d JOIN kind_rule k ON k.kind = about.kind
                                WHERE d.item_id = NEW.item_id AND d.state = 'settled' AND k.signed
                                  AND (k.roles || '{supervisor,admin,auditor}') && me.roles
                                  AND d.verdict IN ('approve', 'approve_with_edits')),
                     'a look at an item that is not leased to you', 'RV003');
    END IF;
    -- The two looks of programs: at what they took to analyse, and at what they took to send.
    PERFORM need(NEW.action <> 'analysed' OR EXISTS (
        SELECT FROM unanalysed u WHERE u.item_id = NEW.item_id AND u.taken_until > clock_timestamp()),
        'a look at an item that was not taken to be analysed');
    PERFORM need(NEW.action <> 'sending' OR EXISTS (
        SELECT FROM outbox o JOIN decision d ON d.id = o.decision_id
        WHERE d.item_id = NEW.item_id AND d.state = 'settled' AND o.state = 'sending'),
        'a look at an item that was not taken to be sent');
    PERFORM need(NEW.item_id IS NULL OR about.workspace_id = me.workspace_id
                 OR (about.id IS NULL AND of_pool(me, NEW.action, NEW.item_id)), 'an item of another workspace');
    IF NEW.action IN ('clip_opened', 'clip_taken_back') THEN
        PERFORM need(NEW.item_id IS NOT NULL, 'a hearing of nothing');
        INSERT INTO hearing VALUES (NEW.item_id, NEW.actor, pg_current_xact_id()) ON CONFLICT DO NOTHING;
    END IF;
    IF NEW.action IN ('opened', 'analysed', 'sending') AND about.id IS NOT NULL THEN
        INSERT INTO look VALUES (NEW.item_id, NEW.actor, NEW.action, pg_current_xact_id(), clock_timestamp())
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN NEW;
END $$;

-- Whether a deferred check runs because of a commit, and not because a session wanted it sooner.
CREATE OR REPLACE FUNCTION at_commit() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN current_query() ~* '^\s*(commit|end)(\s+(work|transaction))?\s*;?\s*$';
END $$;

-- Whether an entry about members or keys says what this transaction did, in the form that every reader takes: they go by
-- these entries, and could go past none that they cannot follow.
CREATE OR REPLACE FUNCTION is_told_right(it entry) RETURNS boolean
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    said jsonb := convert_from(it.body, 'UTF8')::jsonb -> 'details';
    whom text := said ->> 'member';
    ends numeric := CASE WHEN jsonb_typeof(said -> 'after') = 'number' THEN (said ->> 'after')::numeric END;
BEGIN
    -- One commits at a time, and in the order that they have in the ledger: whoever was overtaken does it again.
    PERFORM FROM workspace FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM entry e WHERE e.seq > it.seq AND e.xid <> it.xid
               AND e.action IN ('workspace_made', 'member_added', 'member_changed', 'member_removed', 'workspace_key_made')) THEN
        RETURN false;
    END IF;
    IF it.action = 'workspace_key_made' THEN
        RETURN said ->> 'fingerprint' <> '' AND jsonb_typeof(said -> 'fingerprint') = 'string' AND jsonb_typeof(said -> 'generation') = 'number'
            AND (said ->> 'generation')::numeric = 1 + (SELECT count(*) FROM entry e WHERE e.action = 'workspace_key_made' AND e.seq < it.seq)
            AND EXISTS (SELECT FROM workspace_key k WHERE k.generation = (said ->> 'generation')::numeric AND k.fingerprint = said ->> 'fingerprint');
    END IF;
    IF jsonb_typeof(said -> 'member') <> 'string' OR it.action <> 'member_removed' AND NOT (
        jsonb_typeof(said -> 'roles') = 'array' AND EXISTS (SELECT FROM member m WHERE m.id = whom AND m.xmin = pg_current_xact_id()::xid
            AND m.roles::jsonb @> (said -> 'roles') AND m.roles::jsonb <@ (said -> 'roles'))) THEN
        RETURN false;
    END IF;
    IF it.action IN ('workspace_made', 'member_added') THEN
        RETURN EXISTS (SELECT FROM member m WHERE m.id = whom AND said ->> 'sign' = encode(m.sign_key, 'base64') AND said ->> 'receive' = encode(m.receive_key, 'base64'))
            AND NOT EXISTS (SELECT FROM entry e WHERE e.action IN ('workspace_made', 'member_added') AND e.seq <> it.seq
                            AND convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'member' = whom);
    END IF;
    -- Nobody writes that chain meanwhile: whoever changed the seat waited for it, and holds it.
    RETURN ends = coalesce((SELECT max(e.number) FROM entry e WHERE e.actor = whom), 0)
        AND (it.action <> 'member_removed' OR EXISTS (SELECT FROM seat s WHERE s.member_id = whom AND s.xmin = pg_current_xact_id()::xid AND s.removed_at IS NOT NULL));
END $$;

-- At the commit: what an entry says was done in this very transaction; and the commit is on disk before it is answered.
-- Only there: nothing that a session says afterwards could undo what was looked at, or weaken that commit.
CREATE OR REPLACE FUNCTION whole_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    of_decision text;
BEGIN
    PERFORM need(at_commit(), 'a check before the commit');
    -- Such a cursor is run once more after every check, and what it runs could undo what is set here.
    PERFORM need(NOT EXISTS (SELECT FROM pg_cursors WHERE is_holdable), 'a cursor that outlives the commit');
    of_decision := convert_from(NEW.body, 'UTF8')::jsonb -> 'details' ->> 'decision';
    PERFORM need(CASE
        WHEN NEW.action IN ('claimed', 'taken_over', 'reassigned', 'released', 'lease_expired', 'overdue', 'resumed', 'imported')
            THEN EXISTS (SELECT FROM item i WHERE i.id = NEW.item_id AND i.xmin = pg_current_xact_id()::xid)
                OR EXISTS (SELECT FROM serving s WHERE s.id = NEW.item_id AND s.xmin = pg_current_xact_id()::xid)
        WHEN NEW.action IN ('settled', 'withdrawn', 'stopped')
            THEN EXISTS (SELECT FROM decision d WHERE d.id = of_decision AND d.item_id = NEW.item_id AND d.state = NEW.action AND d.xmin = pg_current_xact_id()::xid)
        WHEN NEW.action IN ('sending', 'sent', 'send_failed', 'forgotten')
            THEN EXISTS (SELECT FROM outbox o JOIN decision d ON d.id = o.decision_id WHERE d.id = of_decision AND d.item_id = NEW.item_id
                         AND o.state = CASE NEW.action WHEN 'send_failed' THEN 'failed' ELSE NEW.action END AND o.xmin = pg_current_xact_id()::xid)
        WHEN NEW.action = 'signed_off'
            THEN EXISTS (SELECT FROM decision d WHERE d.id = of_decision AND d.item_id = NEW.item_id AND d.member_id = NEW.actor AND d.xmin = pg_current_xact_id()::xid)
        WHEN NEW.action IN ('decided', 'addendum_made')
            THEN EXISTS (SELECT FROM decision d WHERE d.id = of_decision AND d.item_id = NEW.item_id AND d.member_id = NEW.actor AND d.xmin = pg_current_xact_id()::xid
                         AND d.verdict = CASE NEW.action WHEN 'decided' THEN convert_from(NEW.body, 'UTF8')::jsonb ->> 'verdict' ELSE 'addendum' END)
        WHEN NEW.action = 'erased'
            THEN NEW.item_id IS NOT NULL AND NOT EXISTS (SELECT FROM data_key k WHERE k.item_id = NEW.item_id) AND NOT EXISTS (SELECT FROM vault_key k WHERE k.id = NEW.item_id)
        ELSE true END, 'an entry about what was not done');
    IF NEW.action IN ('workspace_made', 'member_added', 'member_changed', 'member_removed', 'workspace_key_made') THEN
        PERFORM need(is_told_right(NEW), 'an entry about members or keys that is not so');
    END IF;
    IF NEW.action IN ('clip_opened', 'clip_taken_back') THEN
        PERFORM need(EXISTS (
            SELECT FROM serving s WHERE s.id = NEW.item_id AND s.member_id = NEW.actor AND s.state = 'leased'
              AND s.lease_expires_at > clock_timestamp()), 'a hearing of what is not leased to you', 'RV003');
    END IF;
    PERFORM set_config('synchronous_commit', 'on', true);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_checkpoint() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need((SELECT max(position) FROM entry_place) >= NEW.size AND NEW.size > 0,
                 'a checkpoint over entries that are not settled');
    PERFORM need(starts_with(NEW.note, format(E'reviewer.ledger/%s\n%s\n', me.workspace_id, NEW.size))
                 AND substr(NEW.note, length(format(E'reviewer.ledger/%s\n%s\n', me.workspace_id, NEW.size)) + 1)
                     ~ format(E'^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\ntime [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z\n\n— %s [A-Za-z0-9+/]{90}[AEIMQUYcgkosw048]=\n$', me.member_id),
                 'a checkpoint in a form that nobody reads');
    PERFORM need(abs(extract(epoch FROM substring(NEW.note FROM E'\\ntime (\\S+)\\n')::timestamptz - clock_timestamp())) < 3600,
                 'a checkpoint of another time');
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION never() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE 'the ledger only grows' USING ERRCODE = 'RV002';
END $$;
