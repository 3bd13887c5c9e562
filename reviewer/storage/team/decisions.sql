-- Decisions, and what leaves by them.

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
