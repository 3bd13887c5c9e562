-- Items: the routes they wait on, who may take one, keep it, give it back; and the texts beside them.

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
