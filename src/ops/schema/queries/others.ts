import {
  catalogQuery,
  comment,
  firing,
  notInternal,
  notOfExtension,
  select,
  sorted,
  USER_SCHEMA,
} from './object.ts';

/** The first OID that is not the system's own. */
const FIRST = 16_384;

/** Catalogs of whose objects only the presence is told. */
const CATALOGS = [
  'pg_am',
  'pg_cast',
  'pg_collation',
  'pg_conversion',
  'pg_foreign_data_wrapper',
  'pg_foreign_server',
  'pg_language',
  'pg_opclass',
  'pg_operator',
  'pg_opfamily',
  'pg_transform',
  'pg_ts_config',
  'pg_ts_dict',
  'pg_ts_parser',
  'pg_ts_template',
];

/** Extended statistics and event triggers, and of everything rarer that it is there. */
export const catalogOthers = catalogQuery(
  'others',
  [
    select({
      kind: `'statistics'`,
      name: ['n.nspname', 's.stxname'],
      attributes: {
        definition: 'pg_get_statisticsobjdef(s.oid)',
        // -1 before 17, NULL since
        target: 'nullif(s.stxstattarget::int, -1)',
        comment: comment('pg_statistic_ext', 's.oid'),
      },
      from: `FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE ${USER_SCHEMA} AND ${notOfExtension('pg_statistic_ext', 's.oid')}`,
    }),
    select({
      kind: `'event trigger'`,
      name: ['t.evtname'],
      attributes: {
        event: 't.evtevent',
        function: 't.evtfoid::regprocedure::text',
        tags: sorted('t.evttags'),
        fires: firing('t.evtenabled'),
        comment: comment('pg_event_trigger', 't.oid'),
      },
      from: `FROM pg_event_trigger t WHERE ${notOfExtension('pg_event_trigger', 't.oid')}`,
    }),
    ...CATALOGS.map((catalog) =>
      select({
        kind: 'i.type',
        name: ['i.identity'],
        identity: 'i.identity',
        attributes: { comment: comment(catalog, 'o.oid') },
        from: `FROM ${catalog} o, pg_identify_object('${catalog}'::regclass, o.oid, 0) i
WHERE o.oid >= ${FIRST} AND ${notOfExtension(catalog, 'o.oid')} AND ${notInternal(catalog, 'o.oid')}`,
      }),
    ),
  ].join('\nUNION ALL\n'),
);
