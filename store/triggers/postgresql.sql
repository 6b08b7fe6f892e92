-- The guards of the memory, on PostgreSQL: the same rules as sqlite.sql, in the same order. One statement ends at a line
-- of two dashes and a semicolon.
--
-- A layer is written by one transaction at a time: whoever opens or inserts a step holds the layer, whoever writes a row
-- holds the opening, until the end. Then everyone else looks again, which takes a transaction that sees what others have
-- committed meanwhile: the default, READ COMMITTED. What the database derives by itself is written by triggers alone.

CREATE FUNCTION mcp_refuse(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', what USING ERRCODE = 'check_violation';
END $$
--;
CREATE FUNCTION mcp_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mcp_refuse(TG_ARGV[0]);
    RETURN NULL;
END $$
--;
CREATE FUNCTION mcp_derived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        PERFORM mcp_refuse(TG_ARGV[0]);
    END IF;
    RETURN coalesce(NEW, OLD);
END $$
--;
CREATE FUNCTION mcp_look_again() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        PERFORM mcp_refuse('the memory is written in READ COMMITTED transactions');
    END IF;
END $$
--;

-- What is asked for every row is written as loops over the few layers that are seen: each look at a larger table names its
-- layer, so that it is served by the index whatever the planner believes of tables that nobody has analysed yet; and in
-- PL/pgSQL, which plans a query once for a connection, where a function in SQL plans it with every call.

-- The op and body of the visible version of a row, or nulls.
CREATE FUNCTION mcp_visible(of integer, what text, id text, at integer DEFAULT 2147483647, OUT op text, OUT body text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    seen record;
BEGIN
    FOR seen IN SELECT ancestor, upto FROM ancestry WHERE layer = of ORDER BY depth LOOP
        SELECT v.op, v.body INTO op, body FROM version v
        WHERE v.layer = seen.ancestor AND v.entity = what COLLATE "C" AND v.key = id COLLATE "C" AND v.step <= seen.upto AND v.step <= at
        ORDER BY v.step DESC LIMIT 1;
        EXIT WHEN FOUND;
    END LOOP;
END $$
--;

-- Whether a nearer or later version of a row can be seen than the one at this depth and step.
CREATE FUNCTION mcp_hidden(of integer, what text, id text, far integer, since integer) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    near record;
BEGIN
    FOR near IN SELECT depth, ancestor, upto FROM ancestry WHERE layer = of AND depth <= far ORDER BY depth LOOP
        IF EXISTS (SELECT 1 FROM version v
                   WHERE v.layer = near.ancestor AND v.entity = what COLLATE "C" AND v.key = id COLLATE "C" AND v.step <= near.upto
                     AND v.step > CASE WHEN near.depth < far THEN -1 ELSE since END) THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$
--;

-- Whether a row that can be seen, other than one of them, holds a value.
CREATE FUNCTION mcp_held(of integer, what text, path text, held text, but text DEFAULT NULL) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    seen record;
BEGIN
    FOR seen IN SELECT depth, ancestor, upto FROM ancestry WHERE layer = of LOOP
        IF EXISTS (SELECT 1 FROM entry e
                   WHERE e.layer = seen.ancestor AND e.entity = what COLLATE "C" AND e.field = path COLLATE "C" AND e.value = held COLLATE "C"
                     AND e.step <= seen.upto AND e.key IS DISTINCT FROM but COLLATE "C"
                     AND NOT mcp_hidden(of, e.entity, e.key, seen.depth, e.step)) THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$
--;

-- How many rows of an entity are seen.
CREATE FUNCTION mcp_tally(of integer, what text) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
    seen record;
    told integer;
BEGIN
    FOR seen IN SELECT ancestor, upto FROM ancestry WHERE layer = of ORDER BY depth LOOP
        SELECT t.rows INTO told FROM tally t
        WHERE t.layer = seen.ancestor AND t.entity = what COLLATE "C" AND t.step <= seen.upto ORDER BY t.step DESC LIMIT 1;
        EXIT WHEN FOUND;
    END LOOP;
    RETURN coalesce(told, 0);
END $$
--;

-- The name in a JSON path such as $."id"; the names in a list of them, or in a list of paths.
CREATE FUNCTION mcp_name(path text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT substr(path, 4, length(path) - 4) $$
--;
CREATE FUNCTION mcp_names(path text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE left(path, 1) WHEN '[' THEN ARRAY(SELECT jsonb_array_elements_text(path::jsonb)) ELSE ARRAY[mcp_name(path)] END;
END $$
--;

-- A JSON number as text: whole ones without a fraction, others as their nearest double.
CREATE FUNCTION mcp_number(written text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN written ~ '^-?[0-9]+$' THEN trunc(written::numeric)::text
                WHEN written::double precision = trunc(written::double precision) AND abs(written::double precision) < 9223372036854775808
                THEN written::double precision::bigint::text
                ELSE written::double precision::text END
$$
--;

-- A JSON value as the index keeps it; null for null. A reference holds a text or a whole number; anything else becomes
-- the empty text, which is no key. JSON as it was written tells an integer from a number with a fraction.
CREATE FUNCTION mcp_text(value json, kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE json_typeof(value)
        WHEN 'null' THEN NULL
        WHEN 'string' THEN CASE kind WHEN 'filter' THEN left(value #>> '{}', 256) ELSE value #>> '{}' END
        WHEN 'number' THEN CASE
            WHEN kind = 'filter' OR value::text ~ '^-?[0-9]+$' THEN mcp_number(value::text)
            WHEN (value::text)::double precision = trunc((value::text)::double precision) AND abs((value::text)::double precision) < 9007199254740992
            THEN mcp_number(value::text) ELSE '' END
        ELSE CASE kind WHEN 'filter' THEN left(value::text, 256) ELSE '' END END
$$
--;

-- Every value at a path, lists walked through.
CREATE FUNCTION mcp_found(value json, path text[]) RETURNS SETOF json LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF json_typeof(value) = 'array' THEN
        RETURN QUERY SELECT f FROM json_array_elements(value) e, mcp_found(e, path) f;
    ELSIF cardinality(path) = 0 THEN
        RETURN NEXT value;
    ELSIF json_typeof(value) = 'object' AND value -> path[1] IS NOT NULL THEN
        RETURN QUERY SELECT f FROM mcp_found(value -> path[1], path[2:]) f;
    END IF;
END $$
--;

-- A version says create, update or delete, and says so truthfully; its key is the one in its body; immutable fields
-- stay. What a layer writes to stand in for those that it leaves out is compared with them as a whole.
CREATE FUNCTION mcp_version_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before record;
    held record;
    content jsonb;
BEGIN
    PERFORM 1 FROM opening WHERE layer = NEW.layer AND n = NEW.step FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM mcp_refuse('rows are written only inside a step');
    END IF;
    IF EXISTS (SELECT 1 FROM version WHERE layer = NEW.layer AND entity = NEW.entity AND key = NEW.key AND step = NEW.step) THEN
        PERFORM mcp_refuse('a row changes once in a step');
    END IF;
    IF length(NEW.key) NOT BETWEEN 1 AND 256 THEN
        PERFORM mcp_refuse('a key is a text of 1 to 256 characters');
    END IF;
    IF NEW.op NOT IN ('create', 'update', 'delete') OR (NEW.op = 'delete') <> (NEW.body IS NULL) THEN
        PERFORM mcp_refuse('a delete has no body, everything else has a JSON object');
    END IF;
    content := NEW.body::jsonb;
    IF jsonb_typeof(content) <> 'object' THEN
        PERFORM mcp_refuse('a delete has no body, everything else has a JSON object');
    END IF;
    SELECT r.paths, l.skip > 0 AND NEW.step = l.base AS stands_in INTO held
    FROM layer l JOIN rule r ON r.world = l.world AND r.entity = NEW.entity AND r.field = '' WHERE l.id = NEW.layer;
    IF NOT FOUND THEN
        PERFORM mcp_refuse('the world has no such entity');
    END IF;
    IF NEW.body IS NOT NULL AND mcp_text(NEW.body::json -> mcp_name(held.paths), 'reference') IS DISTINCT FROM NEW.key THEN
        PERFORM mcp_refuse('the key of a row is the one in its body');
    END IF;
    SELECT * INTO before FROM mcp_visible(NEW.layer, NEW.entity, NEW.key);
    IF (NEW.op = 'create') = coalesce(before.op <> 'delete', false) THEN
        PERFORM mcp_refuse('a create needs a new key, an update or delete an existing row');
    END IF;
    IF NEW.op = 'update' AND NOT held.stands_in AND EXISTS (
        SELECT 1 FROM layer l JOIN rule r ON r.world = l.world AND r.entity = NEW.entity AND r.kind = 'immutable'
        WHERE l.id = NEW.layer
          AND coalesce(content -> mcp_name(r.paths), 'null') <> coalesce(before.body::jsonb -> mcp_name(r.paths), 'null')) THEN
        PERFORM mcp_refuse('an immutable field never changes');
    END IF;
    INSERT INTO pending VALUES (NEW.layer, NEW.entity, NEW.key, NEW.op);
    RETURN NEW;
END $$
--;
CREATE TRIGGER version_insert BEFORE INSERT ON version FOR EACH ROW EXECUTE FUNCTION mcp_version_insert()
--;
CREATE TRIGGER pending_write BEFORE INSERT OR UPDATE OR DELETE ON pending FOR EACH ROW
EXECUTE FUNCTION mcp_derived('the rows of an open step are noted by the database')
--;

-- The number that the next step of a layer has; null for a layer that takes none.
CREATE FUNCTION mcp_next(of integer) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT CASE WHEN l.parent IS NULL AND EXISTS (SELECT 1 FROM step WHERE layer = l.id) THEN NULL
                    ELSE coalesce((SELECT max(n) + 1 FROM step WHERE layer = l.id), l.base + (l.parent IS NOT NULL AND l.skip = 0)::integer) END
        FROM layer l WHERE l.id = of);
END $$
--;

-- The insert of a step closes it: its number follows, and its versions are all there.
CREATE FUNCTION mcp_step_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mcp_look_again();
    IF NEW.changes <> 0 THEN
        PERFORM 1 FROM opening WHERE layer = NEW.layer AND n = NEW.n FOR UPDATE;
        IF NOT FOUND THEN
            PERFORM mcp_refuse('a step holds the rows that were written for it, no more and no fewer');
        END IF;
    END IF;
    PERFORM 1 FROM layer WHERE id = NEW.layer FOR NO KEY UPDATE;
    IF NEW.n IS DISTINCT FROM mcp_next(NEW.layer) THEN
        PERFORM mcp_refuse('another process committed this step first');
    END IF;
    IF NEW.changes = 0 AND EXISTS (SELECT 1 FROM opening WHERE layer = NEW.layer) THEN
        PERFORM mcp_refuse('another process is writing this step');
    END IF;
    IF jsonb_typeof(NEW.state::jsonb -> 'clock') IS DISTINCT FROM 'number' OR jsonb_typeof(NEW.state::jsonb -> 'counters') IS DISTINCT FROM 'object' THEN
        PERFORM mcp_refuse('a step tells the clock and the id counters after it');
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER step_insert BEFORE INSERT ON step FOR EACH ROW EXECUTE FUNCTION mcp_step_insert()
--;
-- A layer that leaves out others begins with what they amount to.
CREATE FUNCTION mcp_stands_in(of integer, under integer, over integer, at integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (
        SELECT 1 FROM (
            SELECT v.entity, v.key FROM ancestry a JOIN version v ON v.layer = a.ancestor AND v.step <= a.upto AND v.step <= at
            WHERE a.layer = under AND a.depth < over
            UNION SELECT entity, key FROM pending WHERE layer = of) touched
        WHERE (mcp_visible(of, touched.entity, touched.key)).body IS DISTINCT FROM
              (mcp_visible(under, touched.entity, touched.key, at)).body)
$$
--;
-- Then its rows are counted and, one by one, indexed and checked; all of them can be seen by now. The index holds every
-- value found at the path of a reference or filter, `?field` for a plain null; and for every unique group without a
-- null, its values as JSON, long ones as a digest.
CREATE FUNCTION mcp_step_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stood record;
    written record;
    content json;
BEGIN
    SELECT * INTO stood FROM layer WHERE id = NEW.layer;
    IF stood.skip > 0 AND stood.base = NEW.n AND NOT mcp_stands_in(stood.id, stood.parent, stood.skip, stood.base) THEN
        PERFORM mcp_refuse('a layer that leaves out others holds what they amount to');
    END IF;
    IF NEW.changes <> (SELECT count(*) FROM pending WHERE layer = NEW.layer) THEN
        PERFORM mcp_refuse('a step holds the rows that were written for it, no more and no fewer');
    END IF;
    IF NEW.changes = 0 THEN
        RETURN NULL;
    END IF;
    INSERT INTO tally
    SELECT NEW.layer, p.entity, NEW.n, sum((p.op = 'create')::integer - (p.op = 'delete')::integer) + mcp_tally(NEW.layer, p.entity)
    FROM pending p WHERE p.layer = NEW.layer AND p.op <> 'update' GROUP BY p.entity;
    FOR written IN SELECT entity, key FROM pending WHERE layer = NEW.layer ORDER BY entity, key LOOP
        SELECT v.body::json INTO content FROM version v
        WHERE v.layer = NEW.layer AND v.entity = written.entity AND v.key = written.key AND v.step = NEW.n;
        IF content IS NULL THEN
            PERFORM mcp_deleted(NEW.layer, stood.world, written.entity, written.key);
            CONTINUE;
        END IF;
        IF EXISTS (
            SELECT 1 FROM rule r CROSS JOIN LATERAL jsonb_array_elements_text(r.paths::jsonb) p
            WHERE r.world = stood.world AND r.entity = written.entity AND r.kind = 'unique'
              AND json_typeof(content -> mcp_name(p)) IN ('array', 'object')) THEN
            PERFORM mcp_refuse('a unique field holds a text, a number or a boolean');
        END IF;
        INSERT INTO entry
        SELECT NEW.layer, written.entity, found.field, found.value, written.key, NEW.n FROM (
            SELECT r.field, mcp_text(v, r.kind) AS value
            FROM rule r CROSS JOIN LATERAL mcp_found(content, mcp_names(r.paths)) v
            WHERE r.world = stood.world AND r.entity = written.entity AND r.kind IN ('reference', 'filter') AND json_typeof(v) <> 'null'
            UNION ALL
            SELECT '?' || r.field, '' FROM rule r
            WHERE r.world = stood.world AND r.entity = written.entity AND r.kind IN ('reference', 'filter')
              AND r.paths LIKE '$%' AND (content ->> mcp_name(r.paths)) IS NULL
            UNION ALL
            SELECT r.field, CASE WHEN octet_length(held.value) <= 1000 THEN held.value ELSE encode(sha256(convert_to(held.value, 'UTF8')), 'hex') END
            FROM rule r CROSS JOIN LATERAL (
                SELECT jsonb_agg(CASE json_typeof(content -> mcp_name(p.path))
                                 WHEN 'number' THEN to_jsonb(mcp_number(content ->> mcp_name(p.path))::numeric)
                                 ELSE (content -> mcp_name(p.path))::jsonb END ORDER BY p.at)::text AS value,
                       bool_or((content ->> mcp_name(p.path)) IS NULL) AS has_null
                FROM jsonb_array_elements_text(r.paths::jsonb) WITH ORDINALITY p(path, at)) held
            WHERE r.world = stood.world AND r.entity = written.entity AND r.kind = 'unique' AND NOT held.has_null) found
        ON CONFLICT DO NOTHING;
    END LOOP;
    DELETE FROM pending WHERE layer = NEW.layer;
    DELETE FROM opening WHERE layer = NEW.layer;
    RETURN NULL;
END $$
--;
CREATE TRIGGER step_inserted AFTER INSERT ON step FOR EACH ROW EXECUTE FUNCTION mcp_step_inserted()
--;
CREATE FUNCTION mcp_deleted(of integer, within integer, what text, id text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    referring record;
BEGIN
    FOR referring IN
        SELECT entity, field FROM rule WHERE world = within AND kind = 'reference' AND target = what COLLATE "C"
    LOOP
        IF mcp_held(of, referring.entity, referring.field, id) THEN
            PERFORM mcp_refuse('a deleted row is still referred to');
        END IF;
    END LOOP;
END $$
--;
CREATE FUNCTION mcp_entry_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    goal text;
BEGIN
    IF pg_trigger_depth() = 1 THEN
        PERFORM mcp_refuse('the index is written by the database');
    END IF;
    SELECT r.target INTO goal FROM layer l JOIN rule r ON r.world = l.world AND r.entity = NEW.entity AND r.field = NEW.field
    WHERE l.id = NEW.layer AND r.kind = 'reference';
    IF FOUND AND (length(NEW.value) > 256
                  OR coalesce((SELECT op = 'delete' FROM mcp_visible(NEW.layer, goal, NEW.value)), true)) THEN
        PERFORM mcp_refuse('dangling reference');
    END IF;
    IF NEW.field LIKE '!%' AND mcp_held(NEW.layer, NEW.entity, NEW.field, NEW.value, NEW.key) THEN
        PERFORM mcp_refuse('two rows hold the same unique value');
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER entry_insert BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION mcp_entry_insert()
--;
CREATE TRIGGER tally_write BEFORE INSERT OR UPDATE ON tally FOR EACH ROW EXECUTE FUNCTION mcp_derived('tallies are kept by the database')
--;

-- One step of a layer is open at a time, the next one. What an opening that never became a step has left behind goes
-- with it.
CREATE FUNCTION mcp_opening_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mcp_look_again();
    PERFORM 1 FROM layer WHERE id = NEW.layer FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM opening WHERE layer = NEW.layer) THEN
        PERFORM mcp_refuse('another process has opened a step of this layer');
    END IF;
    IF NEW.n IS DISTINCT FROM mcp_next(NEW.layer) THEN
        PERFORM mcp_refuse('another process committed this step first');
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER opening_insert BEFORE INSERT ON opening FOR EACH ROW EXECUTE FUNCTION mcp_opening_insert()
--;
CREATE TRIGGER opening_update BEFORE UPDATE ON opening FOR EACH ROW EXECUTE FUNCTION mcp_refused('an opening never changes')
--;
CREATE FUNCTION mcp_opening_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM step WHERE layer = OLD.layer AND n = OLD.n) THEN
        DELETE FROM version v USING pending p
        WHERE p.layer = OLD.layer AND v.layer = p.layer AND v.entity = p.entity AND v.key = p.key AND v.step = OLD.n;
        DELETE FROM pending WHERE layer = OLD.layer;
    END IF;
    RETURN NULL;
END $$
--;
CREATE TRIGGER opening_deleted AFTER DELETE ON opening FOR EACH ROW EXECUTE FUNCTION mcp_opening_deleted()
--;

-- History stays as it is, for as long as its layer is there.
CREATE TRIGGER version_update BEFORE UPDATE ON version FOR EACH ROW EXECUTE FUNCTION mcp_refused('a version never changes')
--;
CREATE TRIGGER version_delete BEFORE DELETE ON version FOR EACH ROW EXECUTE FUNCTION mcp_derived('a version stays while its layer is there')
--;
CREATE TRIGGER entry_update BEFORE UPDATE ON entry FOR EACH ROW EXECUTE FUNCTION mcp_refused('the index is written by the database')
--;
CREATE TRIGGER entry_delete BEFORE DELETE ON entry FOR EACH ROW EXECUTE FUNCTION mcp_derived('the index is written by the database')
--;
CREATE TRIGGER tally_delete BEFORE DELETE ON tally FOR EACH ROW EXECUTE FUNCTION mcp_derived('tallies are kept by the database')
--;
CREATE TRIGGER step_update BEFORE UPDATE ON step FOR EACH ROW EXECUTE FUNCTION mcp_refused('a step never changes')
--;
CREATE TRIGGER step_delete BEFORE DELETE ON step FOR EACH ROW EXECUTE FUNCTION mcp_derived('a step stays while its layer is there')
--;

-- A layer sees itself, and what its parent saw at the step from which it goes on; that never changes. It goes, with all
-- that it holds, when nothing stands on it.
CREATE FUNCTION mcp_layer_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    under record;
BEGIN
    PERFORM mcp_look_again();
    IF NEW.parent IS NULL THEN
        PERFORM 1 FROM world WHERE id = NEW.world FOR NO KEY UPDATE;
        IF NEW.base <> 0 OR NEW.skip <> 0 OR EXISTS (SELECT 1 FROM layer WHERE world = NEW.world) THEN
            PERFORM mcp_refuse('only the layer of the seed rows has no parent');
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO under FROM layer WHERE id = NEW.parent AND world = NEW.world FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM mcp_refuse('a layer goes on from a layer of the same world');
    END IF;
    IF NOT EXISTS (SELECT 1 FROM step WHERE layer = NEW.parent AND n = NEW.base)
       AND NOT (under.base = NEW.base AND under.parent IS NOT NULL AND under.skip = 0) THEN
        PERFORM mcp_refuse('a layer goes on from a step that is there');
    END IF;
    IF NEW.skip NOT BETWEEN 0 AND (SELECT max(depth) FROM ancestry WHERE layer = NEW.parent) THEN
        PERFORM mcp_refuse('a layer never leaves out the seed rows');
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER layer_insert BEFORE INSERT ON layer FOR EACH ROW EXECUTE FUNCTION mcp_layer_insert()
--;
CREATE FUNCTION mcp_layer_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ancestry VALUES (NEW.id, 0, NEW.id, 4611686018427387904);
    INSERT INTO ancestry
    SELECT NEW.id, depth + 1 - NEW.skip, ancestor, least(upto, NEW.base) FROM ancestry
    WHERE layer = NEW.parent AND depth >= NEW.skip;
    RETURN NULL;
END $$
--;
CREATE TRIGGER layer_inserted AFTER INSERT ON layer FOR EACH ROW EXECUTE FUNCTION mcp_layer_inserted()
--;
CREATE TRIGGER layer_update BEFORE UPDATE ON layer FOR EACH ROW EXECUTE FUNCTION mcp_refused('a layer never changes')
--;
CREATE FUNCTION mcp_layer_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM layer WHERE parent = OLD.id)
       OR EXISTS (SELECT 1 FROM session WHERE layer = OLD.id)
       OR EXISTS (SELECT 1 FROM snapshot WHERE layer = OLD.id) THEN
        PERFORM mcp_refuse('another layer, a session or a snapshot stands on this layer');
    END IF;
    RETURN OLD;
END $$
--;
CREATE TRIGGER layer_delete BEFORE DELETE ON layer FOR EACH ROW EXECUTE FUNCTION mcp_layer_delete()
--;
CREATE TRIGGER ancestry_write BEFORE INSERT OR DELETE ON ancestry FOR EACH ROW EXECUTE FUNCTION mcp_derived('ancestry never changes')
--;
CREATE TRIGGER ancestry_update BEFORE UPDATE ON ancestry FOR EACH ROW EXECUTE FUNCTION mcp_refused('ancestry never changes')
--;

-- The rules of a world are read out of its definition, which never changes. What is added are fields to find rows by.
CREATE FUNCTION mcp_world_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rule
    SELECT NEW.id, e.name, found.* FROM json_array_elements(NEW.body::json -> 'packs') p
    CROSS JOIN LATERAL json_each(p -> 'entities') e(name, entity)
    CROSS JOIN LATERAL (
        SELECT '' AS field, 'key' AS kind, NULL AS target, '$."' || (entity ->> 'key') || '"' AS paths
        UNION ALL
        SELECT r.key, 'reference', r.value ->> 'to',
               CASE WHEN strpos(r.key, '.') > 0 THEN '["' || replace(r.key, '.', '","') || '"]' ELSE '$."' || r.key || '"' END
        FROM json_each(entity -> 'references') r
        UNION ALL
        SELECT '!' || (SELECT string_agg(f, ',' ORDER BY at) FROM json_array_elements_text(u) WITH ORDINALITY g(f, at)), 'unique', NULL,
               (SELECT jsonb_agg('$."' || f || '"' ORDER BY at)::text FROM json_array_elements_text(u) WITH ORDINALITY g(f, at))
        FROM json_array_elements(entity -> 'unique') u
        UNION ALL
        SELECT '=' || i, 'immutable', NULL, '$."' || i || '"' FROM json_array_elements_text(entity -> 'immutable') i) found;
    RETURN NULL;
END $$
--;
CREATE TRIGGER world_inserted AFTER INSERT ON world FOR EACH ROW EXECUTE FUNCTION mcp_world_inserted()
--;
CREATE TRIGGER world_update BEFORE UPDATE ON world FOR EACH ROW EXECUTE FUNCTION mcp_refused('a world never changes')
--;
CREATE FUNCTION mcp_rule_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM world WHERE id = NEW.world FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM layer WHERE world = NEW.world) OR (NEW.kind <> 'filter' AND pg_trigger_depth() = 1) THEN
        PERFORM mcp_refuse('the rules of a world never change');
    END IF;
    IF NEW.field ~ '["\\\x01-\x1f]' OR (NEW.kind IN ('reference', 'filter') AND NEW.field ~ '^[!=?]') THEN
        PERFORM mcp_refuse('the name of a field that is guarded holds a quote, a backslash or a control character, or begins with one of !=?');
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER rule_insert BEFORE INSERT ON rule FOR EACH ROW EXECUTE FUNCTION mcp_rule_insert()
--;
CREATE TRIGGER rule_update BEFORE UPDATE ON rule FOR EACH ROW EXECUTE FUNCTION mcp_refused('the rules of a world never change')
--;
CREATE TRIGGER rule_delete BEFORE DELETE ON rule FOR EACH ROW EXECUTE FUNCTION mcp_derived('the rules of a world never change')
--;

-- A session stands on a layer of its own, of its own world; a snapshot on a step of that world.
CREATE FUNCTION mcp_session_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.world <> OLD.world OR NEW.seed <> OLD.seed) THEN
        PERFORM mcp_refuse('a session keeps its world and its seed');
    END IF;
    PERFORM 1 FROM layer l WHERE id = NEW.layer AND world = NEW.world AND parent IS NOT NULL
        AND (skip = 0 OR EXISTS (SELECT 1 FROM step WHERE layer = l.id)) FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM mcp_refuse('a session stands on a layer of its own world');
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER session_write BEFORE INSERT OR UPDATE ON session FOR EACH ROW EXECUTE FUNCTION mcp_session_write()
--;
CREATE FUNCTION mcp_snapshot_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM session s JOIN layer l ON l.world = s.world
        WHERE s.id = NEW.session AND l.id = NEW.layer
          AND ((l.base = NEW.n AND l.parent IS NOT NULL AND l.skip = 0) OR EXISTS (SELECT 1 FROM step WHERE layer = l.id AND n = NEW.n))) THEN
        PERFORM mcp_refuse('a snapshot names a step of its session''s world');
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER snapshot_insert BEFORE INSERT ON snapshot FOR EACH ROW EXECUTE FUNCTION mcp_snapshot_insert()
--;
CREATE TRIGGER snapshot_update BEFORE UPDATE ON snapshot FOR EACH ROW EXECUTE FUNCTION mcp_derived('a snapshot never changes')
--;

-- The version of the schema only grows.
CREATE FUNCTION mcp_store_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'INSERT' AND EXISTS (SELECT 1 FROM store)) OR (TG_OP = 'UPDATE' AND NEW.version <= OLD.version) THEN
        PERFORM mcp_refuse('the schema has one version, which only grows');
    END IF;
    RETURN NEW;
END $$
--;
CREATE TRIGGER store_write BEFORE INSERT OR UPDATE OR DELETE ON store FOR EACH ROW EXECUTE FUNCTION mcp_store_write()
--;

-- TRUNCATE fires no row triggers.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['store', 'world', 'rule', 'layer', 'ancestry', 'opening', 'version', 'entry', 'pending', 'tally',
                                'step', 'session', 'snapshot'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I EXECUTE FUNCTION mcp_refused(''rows go one by one'')', name || '_truncate', name);
    END LOOP;
END $$
--;
