import { quoteLiteral } from '../../db/ident.ts';
import type { Server } from '../../db/server.ts';
import type { Check } from '../engine/plan.ts';

/** The options of VACUUM and ANALYZE that can be asked for; undefined and false: not given. */
export interface Options {
  readonly full?: boolean;
  readonly freeze?: boolean;
  readonly analyze?: boolean;
  readonly disable_page_skipping?: boolean;
  readonly skip_locked?: boolean;
  readonly index_cleanup?: 'auto' | 'on' | 'off' | undefined;
  readonly truncate?: 'on' | 'off' | undefined;
  readonly parallel?: number | undefined;
  readonly process_main?: boolean;
  readonly process_toast?: boolean;
  readonly skip_database_stats?: boolean;
  readonly only_database_stats?: boolean;
  readonly buffer_usage_limit?: string | undefined;
  readonly only?: boolean;
}

/** How an option stands in SQL; undefined when it is not asked for. In the order of PostgreSQL's reference. */
const WRITTEN: readonly ((options: Options) => string | undefined)[] = [
  ({ full }) => flag('FULL', full),
  ({ freeze }) => flag('FREEZE', freeze),
  ({ analyze }) => flag('ANALYZE', analyze),
  ({ disable_page_skipping }) => flag('DISABLE_PAGE_SKIPPING', disable_page_skipping),
  ({ skip_locked }) => flag('SKIP_LOCKED', skip_locked),
  ({ index_cleanup }) => index_cleanup && `INDEX_CLEANUP ${index_cleanup.toUpperCase()}`,
  ({ process_main }) => (process_main === false ? 'PROCESS_MAIN OFF' : undefined),
  ({ process_toast }) => (process_toast === false ? 'PROCESS_TOAST OFF' : undefined),
  ({ truncate }) => truncate && `TRUNCATE ${truncate.toUpperCase()}`,
  ({ parallel }) => (parallel === undefined ? undefined : `PARALLEL ${parallel}`),
  ({ skip_database_stats }) => flag('SKIP_DATABASE_STATS', skip_database_stats),
  ({ only_database_stats }) => flag('ONLY_DATABASE_STATS', only_database_stats),
  ({ buffer_usage_limit: limit }) =>
    limit === undefined ? undefined : `BUFFER_USAGE_LIMIT ${quoteLiteral(limit.replaceAll(' ', ''))}`,
];

function flag(name: string, on: boolean | undefined): string | undefined {
  return on === true ? name : undefined;
}

/** The options that were asked for, as they stand in parentheses. */
export function optionList(options: Options): string[] {
  return WRITTEN.flatMap((write) => write(options) ?? []);
}

/** What came later than 13: its name, the first version that has it, whether it is asked for. */
const SINCE: readonly (readonly [name: string, major: number, asked: (options: Options) => boolean])[] = [
  ['INDEX_CLEANUP AUTO', 14, ({ index_cleanup }) => index_cleanup === 'auto'],
  ['PROCESS_TOAST', 14, ({ process_toast }) => process_toast === false],
  ['PROCESS_MAIN', 16, ({ process_main }) => process_main === false],
  ['SKIP_DATABASE_STATS', 16, ({ skip_database_stats }) => skip_database_stats === true],
  ['ONLY_DATABASE_STATS', 16, ({ only_database_stats }) => only_database_stats === true],
  ['BUFFER_USAGE_LIMIT', 16, ({ buffer_usage_limit }) => buffer_usage_limit !== undefined],
  ['ONLY before a table', 18, ({ only }) => only === true],
];

/** What PostgreSQL itself refuses together, and what would do nothing. */
const TOGETHER: readonly (readonly [wrong: (options: Options) => boolean, why: string])[] = [
  [
    ({ full, parallel }) => full === true && (parallel ?? 0) > 0,
    'VACUUM FULL cannot be done in parallel. Leave out --parallel.',
  ],
  [
    ({ full, buffer_usage_limit, analyze }) => full === true && buffer_usage_limit !== undefined && !analyze,
    'VACUUM FULL takes BUFFER_USAGE_LIMIT for its ANALYZE only. Remove it, or add --analyze.',
  ],
  [
    ({ full, disable_page_skipping }) => full === true && disable_page_skipping === true,
    'VACUUM FULL skips no pages anyway. Leave out --disable-page-skipping.',
  ],
  [
    ({ full, process_toast }) => full === true && process_toast === false,
    'VACUUM FULL rewrites TOAST with the table. Leave out --no-process-toast.',
  ],
  [
    ({ process_main, process_toast }) => process_main === false && process_toast === false,
    'Without the table and without its TOAST nothing is left to vacuum. Leave out one of them.',
  ],
  [
    (options) =>
      options.only_database_stats === true &&
      optionList({ ...options, only_database_stats: false }).length + Number(options.only === true) > 0,
    'ONLY_DATABASE_STATS cannot be combined with another option. Leave out the others.',
  ],
];

/** Refuses what this version lacks, and what does not go together. */
export function optionChecks({ major, version }: Server, options: Options): Check[] {
  const lacking = SINCE.filter(([, since, asked]) => major < since && asked(options)).map(
    ([name, since]) => `PostgreSQL ${version} has no ${name}: that is from ${since} on. Remove it.`,
  );
  const wrong = TOGETHER.flatMap(([is, why]) => (is(options) ? [why] : []));
  return [...lacking, ...wrong].map((detail) => ({ title: 'Options', status: 'block', detail }));
}
