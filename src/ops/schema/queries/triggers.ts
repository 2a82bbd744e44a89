import { catalogQuery, comment, firing, notOfExtension, select, USER_SCHEMA } from './object.ts';

const ON_RELATION = 'JOIN pg_namespace n ON n.oid = c.relnamespace';
const OWN = `${USER_SCHEMA} AND ${notOfExtension('pg_class', 'c.oid')}`;
/** A role by its oid in an array; 0 is everybody. */
const ROLES = `(SELECT to_jsonb(array_agg(name ORDER BY name COLLATE "C")) FROM (
      SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r)::text END AS name FROM unnest(p.polroles) r) roles)`;

/** Triggers, rules and policies of tables and views. */
export const catalogTriggers = catalogQuery(
  'triggers',
  [
    select({
      kind: `'trigger'`,
      name: ['n.nspname', 'c.relname', 't.tgname'],
      attributes: {
        definition: 'pg_get_triggerdef(t.oid)',
        fires: firing('t.tgenabled'),
        comment: comment('pg_trigger', 't.oid'),
      },
      // a partition's is told where it differs from its parent's, from which it is copied
      from: `FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid ${ON_RELATION}
  LEFT JOIN pg_trigger parent ON parent.oid = t.tgparentid
WHERE ${OWN} AND (NOT t.tgisinternal AND parent.oid IS NULL OR parent.tgenabled <> t.tgenabled)
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.oid = t.tgconstraint AND k.contype <> 't')`,
    }),
    select({
      kind: `'rule'`,
      name: ['n.nspname', 'c.relname', 'r.rulename'],
      attributes: {
        definition: 'pg_get_ruledef(r.oid)',
        fires: firing('r.ev_enabled'),
        comment: comment('pg_rewrite', 'r.oid'),
      },
      from: `FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class ${ON_RELATION}
WHERE ${OWN} AND r.rulename <> '_RETURN'`,
    }),
    select({
      kind: `'policy'`,
      name: ['n.nspname', 'c.relname', 'p.polname'],
      attributes: {
        restrictive: 'nullif(NOT p.polpermissive, false)',
        command: `CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END`,
        roles: ROLES,
        using: 'pg_get_expr(p.polqual, p.polrelid)',
        check: 'pg_get_expr(p.polwithcheck, p.polrelid)',
        comment: comment('pg_policy', 'p.oid'),
      },
      from: `FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid ${ON_RELATION} WHERE ${OWN}`,
    }),
  ].join('\nUNION ALL\n'),
);
