import { catalogQuery, comment, notInternal, notOfExtension, select, USER_SCHEMA } from './object.ts';

/** pg_get_functiondef() refuses aggregates. */
const AGGREGATE = `(SELECT concat_ws(', ', 'SFUNC = ' || g.aggtransfn::text, 'STYPE = ' || format_type(g.aggtranstype, NULL),
      'FINALFUNC = ' || nullif(g.aggfinalfn::text, '-'), 'COMBINEFUNC = ' || nullif(g.aggcombinefn::text, '-'),
      'MSFUNC = ' || nullif(g.aggmtransfn::text, '-'), 'MINVFUNC = ' || nullif(g.aggminvtransfn::text, '-'),
      'INITCOND = ' || quote_literal(g.agginitval), 'SORTOP = ' || nullif(g.aggsortop, 0)::regoperator::text,
      CASE g.aggkind WHEN 'o' THEN 'ORDERED SET' WHEN 'h' THEN 'HYPOTHETICAL' END, 'PARALLEL = ' || p.proparallel::text)
      FROM pg_aggregate g WHERE g.aggfnoid = p.oid)`;

/** Functions, procedures and aggregates. */
export const catalogFunctions = catalogQuery(
  'functions',
  select({
    kind: `CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END`,
    name: ['n.nspname', 'p.proname'],
    identity: `(pg_identify_object('pg_proc'::regclass, p.oid, 0)).identity`,
    attributes: {
      definition: `CASE WHEN p.prokind = 'a' THEN ${AGGREGATE} ELSE pg_get_functiondef(p.oid) END`,
      comment: comment('pg_proc', 'p.oid'),
    },
    // a range type's constructors come and go with it
    from: `FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE ${USER_SCHEMA} AND ${notOfExtension('pg_proc', 'p.oid')}
  AND ${notInternal('pg_proc', 'p.oid')}`,
  }),
);
