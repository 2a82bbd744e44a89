import { connect } from '../../../../src/db/client.ts';
import { quoteIdent } from '../../../../src/db/ident.ts';
import type { Stage } from './stage.ts';

/** Everything that the catalogs say of a database and is not its data. */
export async function catalog({ admin }: Stage, database: string): Promise<Record<string, unknown>> {
  const [row = {}] = await admin.sql(
    `SELECT pg_get_userbyid(d.datdba) AS owner, d.datconnlimit, d.datistemplate, d.datallowconn,
       pg_encoding_to_char(d.encoding) AS encoding, d.datcollate, d.datctype, d.dattablespace::int,
       shobj_description(d.oid, 'pg_database') AS comment, d.datacl IS NULL AS builtin_acl,
       (SELECT array_agg(format('%s %s %s', a.grantee::regrole, a.privilege_type, a.is_grantable)
          ORDER BY a.grantee::regrole::text, a.privilege_type) FROM aclexplode(d.datacl) a) AS acl,
       (SELECT array_agg(format('%s %s', s.setrole::regrole, c) ORDER BY s.setrole::regrole::text, c)
        FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setdatabase = d.oid) AS settings
     FROM pg_database d WHERE d.datname = $1`,
    [database],
  );
  return row;
}

/** Gives the live database every property there is, with every kind of quoting; call the answer before it is removed. */
export async function dress(s: Stage): Promise<() => Promise<void>> {
  const [owner, app, other] = [await s.role(''), await s.role(''), await s.role('')];
  const chinese = quoteIdent(`${app}_用户 "名"`);
  await s.admin.sql(`CREATE ROLE ${chinese}`);
  const live = quoteIdent(s.live);
  // a session of its own: the settings are read as they are given, not under another search_path
  const admin = await connect(s.to('postgres'), 'workload', 'admin');
  for (const statement of [
    `ALTER DATABASE ${live} OWNER TO ${owner}`,
    `ALTER DATABASE ${live} CONNECTION LIMIT 80`,
    `ALTER DATABASE ${live} IS_TEMPLATE true`,
    `COMMENT ON DATABASE ${live} IS E'it''s the \\\\ "shop" 店'`,
    `REVOKE ALL ON DATABASE ${live} FROM PUBLIC`,
    `GRANT CONNECT, TEMPORARY ON DATABASE ${live} TO ${chinese}`,
    `GRANT CREATE ON DATABASE ${live} TO ${app} WITH GRANT OPTION`,
    `GRANT CONNECT ON DATABASE ${live} TO ${app}`,
    `REVOKE TEMPORARY ON DATABASE ${live} FROM ${owner}`,
    `ALTER DATABASE ${live} SET search_path = "Mixed Case", app, "we,ird""q", public`,
    `ALTER DATABASE ${live} SET app.tenant = 'a''b, c'`,
    `ALTER DATABASE ${live} SET work_mem = '8MB'`,
    `ALTER DATABASE ${live} SET default_transaction_read_only = on`,
    `ALTER DATABASE ${live} SET temp_tablespaces = ''`,
    `ALTER DATABASE ${live} SET "TimeZone" = 'Asia/Shanghai'`,
    `ALTER DATABASE ${live} SET app.path = 'C:\\dir=x, "y"'`,
    `ALTER ROLE ${chinese} IN DATABASE ${live} SET search_path = "数据", '$user'`,
    `ALTER ROLE ${other} IN DATABASE ${live} SET statement_timeout = '5s'`,
  ])
    await admin.sql(statement);
  await admin.close();
  return async () => {
    for (const name of (await s.names()).map(quoteIdent)) {
      await s.admin.sql(`REVOKE ALL ON DATABASE ${name} FROM ${chinese}, ${app}`);
      await s.admin.sql(`ALTER DATABASE ${name} OWNER TO postgres`);
    }
    await s.admin.sql(`DROP ROLE ${chinese}`);
  };
}
