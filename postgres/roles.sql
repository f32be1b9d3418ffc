-- The roles of the ledger, and what each may do in the database that this runs in. The superuser runs it at each start.
-- It may run any number of times, and on a ledger that an older version made.
-- The settings spark.owner_verifier and spark.executor_verifier have the SCRAM verifiers of the two passwords.
-- What the executors may do with each table is in executor/ledger/grants.py: the migrations apply it.

-- Every role begins with no right but to log in: no membership, no setting, and no password unless it comes over a network.
DO $$
DECLARE
    role text;
    verifier text;
    other text;
BEGIN
    FOREACH role IN ARRAY ARRAY['spark_owner', 'spark_executor', 'spark_backup'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I', role);
        END IF;
        EXECUTE format('ALTER ROLE %I LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', role);
        EXECUTE format('ALTER ROLE %I RESET ALL', role);
        FOR other IN SELECT roleid::regrole FROM pg_auth_members WHERE member = role::regrole LOOP
            EXECUTE format('REVOKE %s FROM %I CASCADE', other, role);
        END LOOP;
        FOR other IN SELECT member::regrole FROM pg_auth_members WHERE roleid = role::regrole LOOP
            EXECUTE format('REVOKE %I FROM %s CASCADE', role, other);
        END LOOP;
        IF role = 'spark_backup' THEN
            ALTER ROLE spark_backup PASSWORD NULL;
            CONTINUE;
        END IF;
        verifier := current_setting(replace(role, 'spark_', 'spark.') || '_verifier');
        IF verifier NOT LIKE 'SCRAM-SHA-256$%' THEN
            RAISE EXCEPTION 'there is no SCRAM verifier for %', role;
        END IF;
        EXECUTE format('ALTER ROLE %I PASSWORD %L', role, verifier);
    END LOOP;
END
$$;

-- All connections together stay below the server's own limit. Clients set shorter limits of time for themselves.
ALTER ROLE spark_owner CONNECTION LIMIT 8;
ALTER ROLE spark_owner SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE spark_executor CONNECTION LIMIT 60;
ALTER ROLE spark_executor SET statement_timeout = '60s';
ALTER ROLE spark_executor SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE spark_backup CONNECTION LIMIT 4;
ALTER ROLE spark_backup SET default_transaction_read_only = on;

-- Databases: only the roles that work in this one may connect to it, and none of them may have temporary tables.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT datname FROM pg_database WHERE datname IN (current_database(), 'postgres', 'template1') LOOP
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', name);
    END LOOP;
    name := current_database();
    EXECUTE format('ALTER DATABASE %I OWNER TO spark_owner', name);
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM spark_executor, spark_backup', name);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO spark_executor, spark_backup', name);
END
$$;

-- The schema and what is in it belong to the owner, also what an older version made as the superuser.
ALTER SCHEMA public OWNER TO pg_database_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE spark_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
DO $$
DECLARE
    found text;
BEGIN
    FOR found IN
        SELECT oid::regclass FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
            AND relowner <> 'spark_owner'::regrole
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO spark_owner', found);
    END LOOP;
    FOR found IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proowner <> 'spark_owner'::regrole
    LOOP
        EXECUTE format('ALTER ROUTINE %s OWNER TO spark_owner', found);
    END LOOP;
END
$$;

-- Functions of the server that everybody may call, and that a ledger's role could do harm with: large objects, locks
-- that another one waits for, the end of other sessions, records in the write-ahead log, and code in a statement.
DO $$
DECLARE
    found text;
BEGIN
    FOR found IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')
            AND (proname LIKE ANY (ARRAY['lo\_%', 'pg\_advisory\_%', 'pg\_try\_advisory\_%'])
                OR proname IN ('loread', 'lowrite', 'pg_terminate_backend', 'pg_cancel_backend', 'pg_notify',
                    'pg_logical_emit_message'))
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', found);
    END LOOP;
END
$$;
REVOKE ALL ON LANGUAGE plpgsql FROM PUBLIC;
GRANT USAGE ON LANGUAGE plpgsql TO spark_owner;
GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint) TO spark_owner, spark_executor;
GRANT EXECUTE ON FUNCTION
    pg_try_advisory_lock(bigint), pg_advisory_unlock_all(), pg_terminate_backend(integer, bigint) TO spark_executor;
