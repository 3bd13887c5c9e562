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

CREATE OR REPLACE FUNCTION guard_route() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (SELECT FROM kind_rule WHERE kind = NEW.kind) AND jsonb_typeof(NEW.requires::jsonb) = 'array' AND NOT EXISTS (SELECT FROM jsonb_array_elements(NEW.requires::jsonb) each WHERE jsonb_typeof(each) <> 'string'),
                 'a route that nobody can read');
    RETURN NEW;
EXCEPTION WHEN invalid_text_representation THEN
    RAISE 'a route that nobody can read' USING ERRCODE = 'RV002';
END $$;

-- At the commit: a route comes with an item on it.
CREATE OR REPLACE FUNCTION whole_route() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (SELECT FROM item i WHERE i.waiting_on = NEW.id), 'a route that nothing takes');
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

-- ---- Items: who may take one, keep it, give it back

CREATE OR REPLACE FUNCTION may_take(me seat, on_route integer) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM route r JOIN kind_rule k ON k.kind = r.kind
        WHERE r.id = on_route AND r.workspace_id = me.workspace_id
          AND CASE WHEN r.escalated THEN 'supervisor' = ANY (me.roles) ELSE k.roles && me.roles END
          AND (me.skills IS NULL OR ARRAY(SELECT jsonb_array_elements_text(r.requires::jsonb)) <@ me.skills)
          AND (me.languages IS NULL OR r.language = ''
               OR EXISTS (SELECT FROM unnest(me.languages) own WHERE lower(r.language) = lower(own)
                          OR starts_with(lower(r.language), lower(own) || '-'))));
END $$;

-- A supervisor gives an item to a colleague who may take it; no desk of theirs holds it yet.
CREATE OR REPLACE FUNCTION hands(me seat, given item, on_route integer) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN 'supervisor' = ANY (me.roles) AND given.lease_desk = 'handed' AND EXISTS (
        SELECT FROM seat s WHERE s.member_id = given.lease_member_id AND s.removed_at IS NULL
          AND s.workspace_id = me.workspace_id AND may_take(s, on_route));
END $$;

CREATE OR REPLACE FUNCTION guard_item() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
    moment timestamptz := clock_timestamp();
    longest interval;
    mine boolean;
    live boolean;
    new_route route;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM need(NEW.state = 'waiting' AND NEW.fence = 0 AND NEW.lease_id IS NULL AND NEW.lease_member_id IS NULL
                     AND NEW.wakes_at IS NULL AND NEW.waiting_on = NEW.route_id
                     AND NEW.channel = ANY ('{voice,sms,chat,email}') AND abs(NEW.rank::bigint) <= 1000000, 'a new item that does not wait');
        PERFORM need(EXISTS (SELECT FROM route r WHERE r.id = NEW.route_id AND r.kind = NEW.kind AND NOT r.escalated
                             AND r.workspace_id = NEW.workspace_id), 'a new item on a route of others');
        RETURN NEW;
    END IF;
    SELECT lease + interval '5 seconds' INTO longest FROM kind_rule WHERE kind = NEW.kind;
    mine := (OLD.lease_member_id = me.member_id) IS TRUE;
    live := (OLD.lease_expires_at > moment) IS TRUE;
    IF NEW.state IN ('waiting', 'escalated') OR NEW.route_id <> OLD.route_id THEN
        SELECT * INTO new_route FROM route WHERE id = NEW.route_id;
        PERFORM need(new_route.kind = OLD.kind AND new_route.workspace_id = OLD.workspace_id
                     AND EXISTS (SELECT FROM route r WHERE r.id = OLD.route_id AND r.language = new_route.language AND r.requires = new_route.requires),
                     'a route of others');
        PERFORM need(NEW.route_id = OLD.route_id OR new_route.escalated, 'a route that is not a supervisor''s');
    END IF;
    IF NEW.state IN ('waiting', 'escalated') THEN
        PERFORM need(NEW.waiting_on = NEW.route_id AND (NEW.state = 'escalated') = new_route.escalated
                     AND NEW.lease_id IS NULL AND NEW.lease_member_id IS NULL AND NEW.lease_expires_at IS NULL,
                     'an item that waits where it should not');
    END IF;
    IF NEW.state = 'leased' THEN
        PERFORM need(NEW.lease_expires_at <= moment + longest, 'a lease that is longer than the kind allows');
        PERFORM need(NEW.route_id = OLD.route_id AND NEW.lease_id IS NOT NULL, 'a lease that moves its item');
    END IF;
    PERFORM need(NEW.fence = OLD.fence + CASE WHEN NEW.state = 'leased' AND NEW.lease_id IS DISTINCT FROM OLD.lease_id
                                         THEN 1 ELSE 0 END, 'a fence that does not count leases');

    IF NEW.state = 'erased' THEN
        PERFORM need(me.is_admin AND NOT EXISTS (SELECT FROM data_key WHERE item_id = OLD.id), 'an erasure');
    ELSIF OLD.state IN ('waiting', 'escalated') AND NEW.state = 'leased' THEN
        PERFORM need((NEW.lease_member_id = me.member_id AND may_take(me, OLD.waiting_on))
                     OR hands(me, NEW, OLD.waiting_on), 'an item that is not for you');
    ELSIF OLD.state = 'waiting' AND NEW.state = 'escalated' THEN
        PERFORM need(OLD.due_at <= moment, 'an item that is not late');
    ELSIF OLD.state = 'leased' AND NEW.state = 'leased' AND NEW.lease_id = OLD.lease_id THEN
        PERFORM need(mine AND live AND NEW.lease_member_id = OLD.lease_member_id AND NEW.lease_desk = OLD.lease_desk,
                     'the lease is over or another''s', 'RV003');
        PERFORM need(may_take(me, OLD.route_id), 'an item that is not for you any more');
    ELSIF OLD.state = 'leased' AND NEW.state = 'leased' THEN
        PERFORM need((NEW.lease_member_id = me.member_id
                      AND (mine OR 'supervisor' = ANY (me.roles)) AND may_take(me, OLD.route_id))
                     OR hands(me, NEW, OLD.route_id), 'another''s lease');
    ELSIF OLD.state = 'leased' AND NEW.state = 'held' THEN
        PERFORM need(mine AND live AND NEW.lease_id IS NULL, 'the lease is over or another''s', 'RV003');
        PERFORM need(may_take(me, OLD.route_id), 'an item that is not for you any more');
    ELSIF OLD.state = 'leased' AND NEW.state IN ('waiting', 'escalated') THEN
        PERFORM need(NEW.route_id = OLD.route_id, 'an escalation without a decision');
        PERFORM need(mine OR NOT live OR 'supervisor' = ANY (me.roles), 'another''s lease');
    ELSIF OLD.state = 'held' AND NEW.state = 'leased' THEN
        PERFORM need(NEW.lease_member_id = me.member_id AND NOT EXISTS (
            SELECT FROM decision WHERE item_id = OLD.id AND fence = OLD.fence AND state <> 'withdrawn'
            AND verdict <> 'addendum') AND EXISTS (
            SELECT FROM decision d WHERE d.item_id = OLD.id AND d.fence = OLD.fence AND d.state = 'withdrawn'
              AND (d.member_id = me.member_id OR 'supervisor' = ANY (me.roles))), 'a decision that stands');
    ELSIF OLD.state = 'held' AND NEW.state IN ('decided', 'skipped', 'escalated') THEN
        PERFORM need(EXISTS (
            SELECT FROM decision d WHERE d.item_id = OLD.id AND d.state = 'settled' AND d.fence = OLD.fence
              AND NEW.state = CASE d.verdict WHEN 'skip' THEN 'skipped' WHEN 'escalate' THEN 'escalated'
                                             ELSE 'decided' END), 'an item that is not decided so');
    ELSIF OLD.state = 'decided' AND NEW.state = 'escalated' THEN
        PERFORM need(EXISTS (SELECT FROM decision d WHERE d.item_id = OLD.id AND d.state = 'stopped'
                             AND d.verdict <> 'addendum' AND d.fence = OLD.fence), 'a decision that stands');
    ELSIF OLD.state = 'skipped' AND NEW.state IN ('waiting', 'escalated') THEN
        PERFORM need(OLD.wakes_at <= moment, 'an item that still rests');
    ELSE
        PERFORM need(false, 'a step that no item takes');
    END IF;
    PERFORM need(CASE NEW.state WHEN 'skipped' THEN NEW.wakes_at <= moment + interval '1 hour'
                                WHEN 'erased' THEN true ELSE NEW.wakes_at IS NULL END, 'a rest without an end');
    IF NEW.state IN ('decided', 'erased') THEN
        DELETE FROM working_copy WHERE item_id = NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- At the commit: an item in its hold has a decision, and every step and every new lease is on record.
CREATE OR REPLACE FUNCTION whole_item() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    told text[];
    me seat := own_seat();
BEGIN
    -- Once more: the entry keeps the seat as it is until the commit, and before it somebody may have changed the roles.
    PERFORM need(me.works AND (NEW.state <> 'leased' OR NEW.lease_member_id IS DISTINCT FROM me.member_id OR OLD.state = 'held'
                               OR may_take(me, NEW.route_id)), 'an item that is not for you any more');
    IF NEW.state = 'held' THEN
        PERFORM need(EXISTS (SELECT FROM decision d WHERE d.item_id = NEW.id AND d.fence = NEW.fence), 'a hold without a decision');
    END IF;
    told := CASE
        WHEN NEW.state = 'leased' AND OLD.state IN ('waiting', 'escalated') THEN '{claimed,reassigned}'
        WHEN NEW.state = 'leased' AND OLD.state = 'leased' THEN '{taken_over,reassigned}'
        WHEN NEW.state = 'leased' AND OLD.state = 'held' THEN '{withdrawn}'
        WHEN NEW.state = 'held' THEN '{decided}'
        WHEN NEW.state = 'erased' THEN '{erased}'
        WHEN OLD.state = 'leased' THEN '{released,lease_expired}'
        WHEN OLD.state = 'waiting' THEN '{overdue}'
        WHEN OLD.state = 'held' THEN '{settled}'
        WHEN OLD.state = 'decided' THEN '{stopped}'
        WHEN OLD.state = 'skipped' THEN '{resumed}' END;
    PERFORM need(EXISTS (SELECT FROM entry e WHERE e.item_id = NEW.id AND e.xid = pg_current_xact_id()
                         AND e.action = ANY (told)), 'a step without its entry');
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION whole_new_item() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (SELECT FROM entry e WHERE e.item_id = NEW.id AND e.action = 'imported' AND e.xid = pg_current_xact_id())
                 AND EXISTS (SELECT FROM content c WHERE c.item_id = NEW.id)
                 AND EXISTS (SELECT FROM data_key k WHERE k.item_id = NEW.id), 'a new item that is not whole');
    RETURN NULL;
END $$;

-- ---- What is found in drafts, and texts beside them

-- An item is to be analysed while it is open and lacks what this version finds; what was found stands.
CREATE OR REPLACE FUNCTION guard_unanalysed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM need((OLD.taken_until IS NULL OR OLD.taken_until < moment) AND NEW.taken_until <= moment + interval '15 minutes',
                     'an item that another analyses');
        RETURN NEW;
    END IF;
    PERFORM need(NEW.taken_until IS NULL, 'an item that waits for nobody');
    IF EXISTS (SELECT FROM item i WHERE i.id = NEW.item_id AND i.state NOT IN ('decided', 'erased')
               AND (i.rank, i.due_at, i.received_at) = (NEW.rank, NEW.due_at, NEW.received_at))
       AND EXISTS (SELECT FROM analysis_rule r WHERE NOT EXISTS (
           SELECT FROM analysis a WHERE a.item_id = NEW.item_id AND a.name = r.name AND a.version = r.version)) THEN
        RETURN NEW;
    END IF;
    RETURN NULL;
END $$;

-- What is sealed under a conversation's key comes before the key is destroyed, or not at all.
CREATE OR REPLACE FUNCTION guard_sealed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM data_key WHERE item_id = NEW.item_id FOR KEY SHARE;
    PERFORM need(FOUND, 'a text of what was erased');
    RETURN NEW;
END $$;

-- At the commit: whoever takes an item to analyse it has looked at it on record, or taken it out of the line.
CREATE OR REPLACE FUNCTION whole_taking() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(NOT EXISTS (SELECT FROM unanalysed u WHERE u.item_id = NEW.item_id)
                 OR EXISTS (SELECT FROM entry e WHERE e.item_id = NEW.item_id AND e.xid = pg_current_xact_id() AND e.action = 'analysed'),
                 'a step without its entry');
    RETURN NULL;
END $$;

-- Whoever decides is shown what a colleague left behind, under the colleague's name: only what they did leave.
CREATE OR REPLACE FUNCTION guard_second_opinion() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(NEW.member_id = me.member_id
                 OR EXISTS (SELECT FROM working_copy w WHERE w.item_id = NEW.item_id AND w.member_id = NEW.member_id)
                 OR EXISTS (SELECT FROM decision d WHERE d.item_id = NEW.item_id AND d.member_id = NEW.member_id AND d.state = 'stopped'),
                 'an opinion that nobody had');
    RETURN NEW;
END $$;

-- At the commit: a text of a colleague that is kept or dropped is on record.
CREATE OR REPLACE FUNCTION whole_opinion() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    it record := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    PERFORM need(EXISTS (SELECT FROM seat s WHERE s.login = session_user AND s.member_id = it.member_id AND TG_OP = 'DELETE')
                 OR EXISTS (SELECT FROM entry e WHERE e.item_id = it.item_id AND e.xid = pg_current_xact_id()
                            AND e.action IN ('second_opinion_kept', 'stopped', 'settled', 'erased')), 'a text without its entry');
    RETURN NULL;
END $$;

-- At the commit: who opts out, or in again, is on record one by one.
CREATE OR REPLACE FUNCTION whole_suppression() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    it record := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    PERFORM need(EXISTS (
        SELECT FROM entry e WHERE e.xid = pg_current_xact_id()
          AND e.action = CASE TG_OP WHEN 'DELETE' THEN 'unsuppressed' ELSE 'suppressed' END
          AND convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'suppression' = it.id), 'a step without its entry');
    RETURN NULL;
END $$;

-- What a gate found rests on these lists: it is found again.
CREATE OR REPLACE FUNCTION forget_gate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM analysis WHERE name = 'gate';
    RETURN NULL;
END $$;

-- ---- Decisions

CREATE OR REPLACE FUNCTION guard_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
    moment timestamptz := clock_timestamp();
    about item;
    rule kind_rule;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT FROM data_key WHERE item_id = OLD.item_id) THEN
            PERFORM need(me.is_admin AND NEW.final IS NULL AND NEW.note IS NULL AND NEW.overrides IS NULL
                         AND (NEW.state = OLD.state OR (OLD.state = 'held' AND NEW.state = 'withdrawn')), 'an erasure');
            RETURN NEW;
        END IF;
        PERFORM need((NEW.final, NEW.note, NEW.overrides) IS NOT DISTINCT FROM (OLD.final, OLD.note, OLD.overrides), 'what was decided is changed');
        IF NEW.state = 'withdrawn' AND OLD.state = 'held' THEN
            PERFORM need(OLD.hold_until > moment, 'the hold is over');
            PERFORM need(OLD.member_id = me.member_id OR 'supervisor' = ANY (me.roles), 'another''s decision');
        ELSIF NEW.state = 'settled' AND OLD.state = 'held' THEN
            PERFORM need(OLD.hold_until <= moment, 'the hold is not over');
        ELSIF NEW.state = 'stopped' AND OLD.state = 'settled' THEN
            PERFORM need(EXISTS (SELECT FROM outbox o WHERE o.decision_id = OLD.id AND o.state = 'sending'),
                         'a decision that is not being sent');
        ELSE
            PERFORM need(false, 'a step that no decision takes');
        END IF;
        RETURN NEW;
    END IF;
    PERFORM need(NEW.member_id = me.member_id, 'a decision in the name of another');
    SELECT * INTO about FROM item WHERE id = NEW.item_id AND workspace_id = me.workspace_id;
    SELECT * INTO rule FROM kind_rule WHERE kind = about.kind;
    PERFORM need(NEW.state = 'held', 'a decision without its hold');
    PERFORM need(NEW.id ~ '^[0-9A-Za-z_-]+$', 'a decision whose name is a path');
    PERFORM need(abs(extract(epoch FROM NEW.decided_at - moment)) < 60
                 AND NEW.hold_until BETWEEN NEW.decided_at AND NEW.decided_at + interval '1 hour', 'a hold that is none');
    IF NEW.verdict = 'addendum' THEN
        PERFORM need(rule.signed AND rule.roles && me.roles AND EXISTS (
            SELECT FROM decision d WHERE d.item_id = NEW.item_id AND d.state = 'settled'
              AND d.verdict IN ('approve', 'approve_with_edits')), 'an addendum to what is not signed');
        RETURN NEW;
    END IF;
    -- This very transaction took the item into its hold, and guard_item saw that the lease was live and one's own.
    PERFORM need(about.state = 'held' AND about.fence = NEW.fence AND about.xmin = pg_current_xact_id()::xid,
                 'a decision without a live lease', 'RV003');
    PERFORM need(NEW.verdict = ANY (rule.verdicts), 'a verdict that the kind does not have');
    PERFORM need(NEW.verdict NOT IN ('approve', 'approve_with_edits') OR rule.roles && me.roles,
                 'a release by who may not');
    RETURN NEW;
END $$;

-- At the commit: decision, state, request and entries are there together.
CREATE OR REPLACE FUNCTION whole_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    leaves text := CASE WHEN NEW.verdict IN ('approve', 'approve_with_edits', 'addendum') THEN 'sent'
                        WHEN NEW.verdict IN ('reject', 'respond') THEN 'returned' END;
    rule kind_rule;
    me seat := own_seat();
BEGIN
    SELECT k.* INTO rule FROM kind_rule k JOIN item i ON i.kind = k.kind WHERE i.id = NEW.item_id;
    -- Once more: the entry keeps the seat as it is until the commit, and before it somebody may have changed the roles.
    PERFORM need(me.works AND (leaves IS DISTINCT FROM 'sent' OR rule.roles && me.roles), 'a release by who may not');
    PERFORM need(EXISTS (
        SELECT FROM entry e WHERE e.item_id = NEW.item_id AND e.actor = NEW.member_id AND e.xid = pg_current_xact_id()
          AND e.action = CASE NEW.verdict WHEN 'addendum' THEN 'addendum_made' ELSE 'decided' END
          AND convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'decision' = NEW.id
          AND (NEW.verdict = 'addendum' OR convert_from(e.body, 'UTF8')::jsonb ->> 'verdict' = NEW.verdict)),
        'a decision without its entry');
    PERFORM need((SELECT o.destination FROM outbox o WHERE o.decision_id = NEW.id) IS NOT DISTINCT FROM leaves,
                 'a decision without its request');
    PERFORM need(EXISTS (SELECT FROM look l WHERE l.item_id = NEW.item_id AND l.member_id = NEW.member_id
                         AND l.action = 'opened'), 'a decision on what was not looked at');
    IF leaves = 'sent' AND rule.signed THEN
        PERFORM need(EXISTS (
            SELECT FROM entry e WHERE e.item_id = NEW.item_id AND e.actor = NEW.member_id
              AND e.xid = pg_current_xact_id() AND e.action = 'signed_off'), 'a release without a signature');
    END IF;
    RETURN NULL;
END $$;

-- At the commit: a decision that is settled or taken back is on record, and neither its item nor its request waits on.
CREATE OR REPLACE FUNCTION whole_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (
        SELECT FROM entry e WHERE e.item_id = NEW.item_id AND e.xid = pg_current_xact_id()
          AND e.action IN (NEW.state, 'erased')), 'a step without its entry');
    PERFORM need(NOT EXISTS (SELECT FROM item i WHERE i.id = NEW.item_id AND i.state = 'held'
                             AND NOT EXISTS (SELECT FROM decision d WHERE d.item_id = i.id AND d.state = 'held')),
                 'a hold without a decision');
    PERFORM need(NEW.state = 'settled' OR NOT EXISTS (SELECT FROM outbox o WHERE o.decision_id = NEW.id
                                                      AND o.state = 'held'), 'a request that is not taken back');
    RETURN NULL;
END $$;

-- ---- What leaves

CREATE OR REPLACE FUNCTION guard_outbox() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
    moment timestamptz := clock_timestamp();
    made decision;
BEGIN
    SELECT * INTO made FROM decision WHERE id = NEW.decision_id;
    IF TG_OP = 'INSERT' THEN
        PERFORM need(made.member_id = me.member_id AND made.state = 'held' AND made.xmin = pg_current_xact_id()::xid,
                     'a request without its decision');
        PERFORM need(NEW.state = 'held' AND NEW.attempts = 0 AND NEW.due_at = made.hold_until, 'a request that does not wait');
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM data_key WHERE item_id = made.item_id) THEN
        PERFORM need(NEW.request = '' AND NEW.problem IS NULL
            AND (NEW.attempts, NEW.receipt, NEW.sent_at) IS NOT DISTINCT FROM (OLD.attempts, OLD.receipt, OLD.sent_at)
            AND CASE OLD.state WHEN 'forgetting' THEN NEW.state IN ('forgetting', 'forgotten') WHEN 'forgotten' THEN NEW.state = OLD.state
                               ELSE me.is_admin AND NEW.state = CASE WHEN OLD.attempts > 0 THEN 'forgetting' ELSE 'withdrawn' END END
            AND (NEW.due_at = OLD.due_at OR (OLD.due_at <= moment OR me.is_admin) AND NEW.due_at <= moment + interval '15 minutes'),
            'a request of what was erased');
        RETURN NEW;
    END IF;
    PERFORM need(NEW.request = OLD.request, 'a request that is changed');
    IF NEW.state = 'sending' AND OLD.state IN ('held', 'sending', 'failed') THEN
        PERFORM need(made.state = 'settled' AND OLD.due_at <= moment AND NEW.attempts = OLD.attempts + 1
                     AND NEW.due_at BETWEEN moment AND moment + interval '1 hour', 'a request that may not leave');
    ELSIF NEW.state = 'withdrawn' AND OLD.state = 'held' THEN
        PERFORM need(made.state = 'withdrawn', 'a decision that stands');
    ELSIF NEW.state = 'stopped' AND OLD.state = 'sending' THEN
        PERFORM need(made.state = 'stopped', 'a decision that stands');
    ELSIF NEW.state = 'sent' AND OLD.state = 'sent' THEN
        RETURN OLD;  -- what arrived first stands
    ELSIF NEW.state = 'sent' THEN
        PERFORM need(OLD.state IN ('sending', 'failed', 'sent') AND NEW.attempts = OLD.attempts, 'a step that no request takes');
    ELSIF NEW.state = 'failed' THEN
        PERFORM need(OLD.state = 'sending' AND NEW.attempts = OLD.attempts AND NEW.due_at <= moment + interval '1 hour',
                     'a step that no request takes');
    ELSE
        PERFORM need(false, 'a step that no request takes');
    END IF;
    RETURN NEW;
END $$;

-- At the commit: what leaves, arrives or fails is on record.
CREATE OR REPLACE FUNCTION whole_outbox() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (
        SELECT FROM entry e JOIN decision d ON d.item_id = e.item_id WHERE d.id = NEW.decision_id
          AND e.xid = pg_current_xact_id()
          AND e.action = CASE NEW.state WHEN 'failed' THEN 'send_failed' ELSE NEW.state END), 'a step without its entry');
    RETURN NULL;
END $$;

-- ---- Members and keys

CREATE OR REPLACE FUNCTION guard_workspace() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(me.may_found AND me.member_id IS NULL AND NOT EXISTS (SELECT FROM workspace), 'a second workspace');
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION is_list(value jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN CASE WHEN value IS NULL THEN NULL WHEN jsonb_typeof(value) <> 'array' THEN false
        ELSE NOT EXISTS (SELECT FROM jsonb_array_elements(value) each WHERE jsonb_typeof(each) <> 'string') END;
END $$;

CREATE OR REPLACE FUNCTION seat_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
    asked joining;
BEGIN
    PERFORM need(NEW.name ~ '\S' AND is_list(NEW.roles::jsonb) AND coalesce(is_list(NULLIF(NEW.languages::jsonb, 'null')), true)
                 AND coalesce(is_list(NULLIF(NEW.skills::jsonb, 'null')), true) AND NEW.roles::jsonb <> '[]'
                 AND NEW.roles::jsonb <@ '["agent","clinician","transcriber","supervisor","admin","auditor","producer"]', 'a member whom nobody can read');
    IF TG_OP = 'INSERT' AND me.may_found AND me.member_id IS NULL AND NOT EXISTS (SELECT FROM member WHERE id <> NEW.id) THEN
        asked.login := session_user;
        UPDATE seat SET workspace_id = NEW.workspace_id WHERE workspace_id IS NULL;  -- of who was invited before
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM need(me.is_admin AND NEW.workspace_id = me.workspace_id, 'only an admin may do this');
        SELECT * INTO asked FROM joining WHERE member_id = NEW.id;
        PERFORM need(asked.receive_key = NEW.receive_key AND asked.sign_key = NEW.sign_key, 'keys that nobody asked to join with');
        DELETE FROM joining WHERE member_id = NEW.id;
    ELSE
        PERFORM need(OLD.id = me.member_id OR (NEW.identity, NEW.totp, NEW.totp_step)
                     IS NOT DISTINCT FROM (OLD.identity, OLD.totp, OLD.totp_step), 'another''s keys');
        PERFORM need(me.is_admin OR (NEW.name, NEW.roles::text, NEW.languages::text, NEW.skills::text)
                     IS NOT DISTINCT FROM (OLD.name, OLD.roles::text, OLD.languages::text, OLD.skills::text), 'only an admin may do this');
        PERFORM need(OLD.id <> me.member_id OR NEW.roles::text = OLD.roles::text, 'another admin changes your roles');
        SELECT login INTO asked.login FROM seat WHERE member_id = NEW.id;
    END IF;
    UPDATE seat SET member_id = NEW.id, workspace_id = NEW.workspace_id, may_found = false,
        roles = ARRAY(SELECT jsonb_array_elements_text(NEW.roles::jsonb)),
        languages = CASE WHEN jsonb_typeof(NEW.languages::jsonb) = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(NEW.languages::jsonb)) END,
        skills = CASE WHEN jsonb_typeof(NEW.skills::jsonb) = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(NEW.skills::jsonb)) END
        WHERE login = asked.login AND removed_at IS NULL;
    PERFORM need(FOUND, 'a member without a login');
    RETURN NULL;
END $$;

-- At the commit: a member comes, changes or goes with an entry by an admin.
CREATE OR REPLACE FUNCTION whole_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.roles::text, NEW.name, NEW.languages::text, NEW.skills::text)
       IS NOT DISTINCT FROM (OLD.roles::text, OLD.name, OLD.languages::text, OLD.skills::text) THEN
        RETURN NULL;
    END IF;
    PERFORM need(EXISTS (
        SELECT FROM entry e WHERE e.xid = pg_current_xact_id()
          AND e.action IN ('workspace_made', 'member_added', 'member_changed')
          AND convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'member' = NEW.id
          AND convert_from(e.body, 'UTF8')::jsonb -> 'details' -> 'roles' @> NEW.roles::jsonb
          AND convert_from(e.body, 'UTF8')::jsonb -> 'details' -> 'roles' <@ NEW.roles::jsonb
          AND (TG_OP = 'UPDATE' OR (convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'sign' = encode(NEW.sign_key, 'base64')
               AND convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'receive' = encode(NEW.receive_key, 'base64')))),
        'a member without an entry that says so');
    RETURN NULL;
END $$;

-- For admins: from the next statement on a removed member has no seat.
CREATE OR REPLACE FUNCTION remove_seat(who text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    -- Two admins who remove each other at once come one after the other, and the second is none any more.
    PERFORM FROM seat WHERE is_admin AND removed_at IS NULL AND workspace_id = me.workspace_id ORDER BY login FOR UPDATE;
    me := own_seat();
    PERFORM need(me.is_admin AND who <> me.member_id, 'only another admin may do this');
    -- Their sessions end first: one that is in a transaction would keep this waiting, and could still write in it.
    PERFORM pg_terminate_backend(a.pid, 5000) FROM pg_stat_get_activity(NULL) a
        JOIN pg_roles r ON r.oid = a.usesysid JOIN seat s ON s.login = r.rolname
        WHERE s.member_id = who AND s.workspace_id = me.workspace_id AND a.pid <> pg_backend_pid();
    UPDATE seat SET removed_at = clock_timestamp() WHERE member_id = who AND workspace_id = me.workspace_id
        AND removed_at IS NULL;
    PERFORM need(FOUND, 'no such member');
    DELETE FROM workspace_key WHERE member_id = who;
END $$;

-- At the commit: whose seat is gone, is gone in the ledger.
CREATE OR REPLACE FUNCTION whole_removal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (
        SELECT FROM entry e WHERE e.xid = pg_current_xact_id() AND e.action = 'member_removed'
          AND convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'member' = NEW.member_id), 'a removal without an entry');
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION is_used(of integer) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM data_key k WHERE k.generation = of) OR EXISTS (SELECT FROM list_key k WHERE k.generation = of)
        OR EXISTS (SELECT FROM conversation k WHERE k.generation = of) OR EXISTS (SELECT FROM vault_key k WHERE k.generation = of);
END $$;

CREATE OR REPLACE FUNCTION guard_workspace_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(me.is_admin OR (TG_OP = 'INSERT' AND NEW.member_id = me.member_id
                                 AND NOT EXISTS (SELECT FROM workspace_key)), 'only an admin may do this');
    PERFORM need(TG_OP = 'DELETE' OR EXISTS (SELECT FROM member m JOIN seat s ON s.member_id = m.id
                                             WHERE m.id = NEW.member_id AND s.removed_at IS NULL), 'a key for nobody');
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM seat s WHERE s.member_id = OLD.member_id AND s.removed_at IS NOT NULL) THEN
        PERFORM need(OLD.generation < (SELECT max(generation) FROM workspace_key) AND NOT is_used(OLD.generation), 'a key that is in use');
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

-- At the commit: a generation is one that the ledger names; that it is sealed to somebody or destroyed is on record; and
-- what is destroyed protects nothing, also nothing that was wrapped under it in the meantime.
CREATE OR REPLACE FUNCTION whole_workspace_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM need(EXISTS (SELECT FROM entry e WHERE e.xid = pg_current_xact_id()
                             AND e.action IN ('workspace_key_destroyed', 'member_removed')), 'a step without its entry');
        PERFORM need(EXISTS (SELECT FROM workspace_key k WHERE k.generation = OLD.generation) OR NOT is_used(OLD.generation), 'a key that is in use');
        RETURN NULL;
    END IF;
    PERFORM need(EXISTS (
        SELECT FROM entry e, LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb -> 'details' AS said) d
        WHERE e.action = 'workspace_key_made' AND (d.said ->> 'generation')::numeric = NEW.generation
          AND d.said ->> 'fingerprint' = NEW.fingerprint), 'a key that the ledger does not name');
    PERFORM need(EXISTS (SELECT FROM entry e WHERE e.xid = pg_current_xact_id() AND (e.action = 'workspace_key_made'
                         OR e.action IN ('member_added', 'member_changed')
                            AND convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'member' = NEW.member_id)), 'a step without its entry');
    RETURN NULL;
END $$;

-- Whoever wraps a key under a generation keeps it from being destroyed meanwhile, or finds it gone.
CREATE OR REPLACE FUNCTION guard_wrapped() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM FROM workspace_key WHERE generation = NEW.generation AND member_id = me.member_id FOR KEY SHARE;
    PERFORM need(FOUND, 'a key under one that is gone');
    RETURN NEW;
END $$;

-- An admin sees only the keys that are sealed to them: where theirs of a generation goes, it goes for everybody.
CREATE OR REPLACE FUNCTION destroy_generation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    IF OLD.member_id = me.member_id THEN
        DELETE FROM workspace_key WHERE generation = OLD.generation;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_data_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM need(NOT EXISTS (SELECT FROM content WHERE item_id = NEW.item_id), 'a second key of a conversation');
        RETURN NEW;
    END IF;
    PERFORM need(me.is_admin, 'only an admin may do this');
    PERFORM need(TG_OP = 'DELETE' OR (NEW.item_id = OLD.item_id AND NEW.key_id = OLD.key_id
                                      AND NEW.generation > OLD.generation), 'a key that is exchanged');
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE OR REPLACE FUNCTION guard_conversation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need((NEW.wrapped, NEW.generation) IS NOT DISTINCT FROM (OLD.wrapped, OLD.generation)
                 OR (me.is_admin AND NEW.generation > OLD.generation), 'a key that is exchanged');
    PERFORM need(NEW.map = OLD.map OR me.roles && '{agent,clinician,supervisor,admin,producer}', 'a map that is changed');
    RETURN NEW;
END $$;

-- At the commit: a map of PII tokens goes with the item of its conversation.
CREATE OR REPLACE FUNCTION whole_forgetting() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (
        SELECT FROM entry e JOIN item i ON i.id = e.item_id WHERE e.xid = pg_current_xact_id() AND e.action = 'erased'
          AND i.workspace_id = OLD.workspace_id AND i.producer = OLD.producer AND i.external_id = OLD.external_id), 'a step without its entry');
    RETURN NULL;
END $$;

-- At the commit: a map of PII tokens comes and grows on record, one by one.
CREATE OR REPLACE FUNCTION whole_conversation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM need(EXISTS (
        SELECT FROM entry e WHERE e.xid = pg_current_xact_id() AND CASE e.action
            WHEN 'tokenised' THEN convert_from(e.body, 'UTF8')::jsonb -> 'details' ->> 'conversation' = NEW.id
            WHEN 'data_keys_rewrapped' THEN TG_OP = 'UPDATE' AND NEW.map = OLD.map END), 'a step without its entry');
    RETURN NULL;
END $$;

-- With its key a conversation's content goes, everywhere.
CREATE OR REPLACE FUNCTION erase_content() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE content SET draft = '', source = '', recipient = NULL WHERE item_id = OLD.item_id;
    DELETE FROM working_copy WHERE item_id = OLD.item_id;
    DELETE FROM second_opinion WHERE item_id = OLD.item_id;
    DELETE FROM look WHERE item_id = OLD.item_id;
    DELETE FROM analysis WHERE item_id = OLD.item_id;
    DELETE FROM unanalysed WHERE item_id = OLD.item_id;
    UPDATE decision SET final = NULL, note = NULL, overrides = NULL WHERE item_id = OLD.item_id;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION whole_erasure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    me seat := own_seat();
BEGIN
    PERFORM need(me.is_admin, 'only an admin may do this');
    PERFORM need(EXISTS (SELECT FROM entry e WHERE e.item_id = OLD.item_id AND e.action = 'erased'
                         AND e.xid = pg_current_xact_id()), 'an erasure without its entry');
    RETURN NULL;
END $$;
