import { quoteIdent } from '../../db/ident.ts';
import { checksumFailures } from '../../db/queries/checksums.ts';
import type { RowOf } from '../../db/query.ts';
import type { Server } from '../../db/server.ts';
import type { Session } from '../../db/session.ts';
import { bytes, duration, plural } from '../../text/units.ts';
import type { Check } from '../engine/plan.ts';
import { some } from '../maintain/shared/rights.ts';
import { INSTALL } from './amcheck.ts';
import { type Depth, isShorter } from './methods.ts';
import type { AmcheckExtension, checkSettings } from './queries/amcheck.ts';
import type { Skipped, Work } from './scope.ts';

/** Whether the index checks and verify_heapam are there, and what the plan does without them. */
export function amcheckChecks(
  found: AmcheckExtension,
  server: Pick<Server, 'major' | 'user' | 'rights'>,
  install: boolean,
): Check[] {
  const title = 'amcheck';
  const say = (status: Check['status'], detail: string): Check[] => [{ title, status, detail }];
  const without = 'B-tree indexes are not checked, and of tables every row is read instead.';
  if (found.version === null) {
    if (found.available === null)
      return say(
        install ? 'block' : 'warn',
        `The server lacks the files of the extension amcheck (package postgresql-contrib on some systems): ${without}`,
      );
    if (!install)
      return say(
        'warn',
        `The extension amcheck is not installed in this database: ${without} To install it: --install, or ${INSTALL}`,
      );
    if (!found.has_public)
      return say(
        'block',
        'There is no schema public to create it in. Create the extension where you want it, then check again.',
      );
    return say(
      'ok',
      `Version ${found.available} is created first${server.rights.superuser ? '' : '; that takes a superuser, or a role that the provider lets do it'}.`,
    );
  }
  const [denied] = found.denied;
  if (found.usable !== true)
    return say(
      'warn',
      `${server.user} may not use the schema ${found.schema} of amcheck: ${without} GRANT USAGE ON SCHEMA ${quoteIdent(found.schema ?? '')} TO ${quoteIdent(server.user)}`,
    );
  if (denied !== undefined)
    return say(
      'warn',
      `${server.user} may not run all of amcheck: ${without} A superuser can allow it: ${found.denied.map((one) => `GRANT EXECUTE ON FUNCTION ${one} TO ${quoteIdent(server.user)}`).join('; ')}`,
    );
  const old = server.major >= 14 && !found.functions.includes('verify_heapam');
  return old
    ? say(
        'warn',
        `Its version ${found.version} is of an older server: ALTER EXTENSION amcheck UPDATE brings verify_heapam. Until then every row is read instead.`,
      )
    : say(
        'ok',
        `Version ${found.version} in the schema ${found.schema}.${server.major < 14 ? ' It checks tables from 14 on: here every row is read instead.' : ''}`,
      );
}

/** Whether damage of the disk would be noticed, and has been. */
export async function checksumChecks(session: Session): Promise<Check[]> {
  const rows = await session.run(checksumFailures, undefined);
  const title = 'Checksums';
  const failed = rows.filter(({ failures }) => failures > 0);
  if (failed.length > 0)
    return failed.map((row) => ({
      title,
      status: 'warn',
      detail: failureText(row, session.server.database),
    }));
  if (rows.some(({ enabled }) => enabled))
    return [{ title, status: 'ok', detail: 'They are on, and every page that was read matched its own.' }];
  return [
    {
      title,
      status: 'warn',
      detail:
        'They are off: whether the disk has altered a page is not known, only what contradicts itself is found. To switch them on, with the server stopped: pg_checksums --enable',
    },
  ];
}

function failureText(
  { datname, failures, last_failure_seconds: last }: RowOf<typeof checksumFailures>,
  database: string,
): string {
  const where = datname === null ? 'the shared catalogs' : datname;
  const when = last === null ? '' : `, the last ${duration(last)} ago`;
  const elsewhere =
    datname === null || datname === database ? '' : ` To look there: pgdeck check -d ${datname}`;
  return `${plural(failures, 'page')} of ${where} did not match when read${when}; the server's log names them.${elsewhere}`;
}

/** Settings under which damage would be hidden, or made worse. */
export function honestyChecks(
  { zeroes, ignores }: RowOf<typeof checkSettings>,
  { rights }: Pick<Server, 'rights'>,
): Check[] {
  // of a superuser the run switches them off for itself
  const status = rights.superuser ? 'warn' : 'block';
  const own = rights.superuser
    ? ' It is off for this run.'
    : ' Have it switched off first, or connect as a superuser.';
  return [
    ...(zeroes
      ? [
          {
            title: 'zero_damaged_pages',
            status,
            detail: `It is on: whoever reads a damaged page empties it for good.${own}`,
          } as const,
        ]
      : []),
    ...(ignores
      ? [
          {
            title: 'ignore_checksum_failure',
            status,
            detail: `It is on: damaged pages are read as if they were whole.${own}`,
          } as const,
        ]
      : []),
  ];
}

/** What a standby, or others, cannot have. */
export function depthChecks({ parent }: Depth, { standby }: Pick<Server, 'standby'>): Check[] {
  if (!parent) return [];
  const title = 'With parents';
  return standby
    ? [
        {
          title,
          status: 'block',
          detail:
            'bt_index_parent_check takes a ShareLock, which a standby cannot. Leave --parent out, or connect to the primary.',
        },
      ]
    : [
        {
          title,
          status: 'warn',
          detail:
            'bt_index_parent_check takes a ShareLock: whoever writes to a table waits while its indexes are checked.',
        },
      ];
}

/** Tables that look as if their end was cut off; and those of which lost rows cannot be seen though that is asked. */
export function lostChecks(works: readonly Work[], { lost_rows: lost }: Pick<Depth, 'lost_rows'>): Check[] {
  const tables = works.flatMap(({ parts }) => parts).filter(({ kind }) => kind === 'table');
  const shorter = tables.filter(isShorter);
  const bare = lost ? tables.filter(({ knownBy, bytes: size }) => knownBy === undefined && size > 0) : [];
  const [first] = shorter;
  return [
    ...(first === undefined
      ? []
      : [
          {
            title: 'Shorter than noted',
            status: 'warn',
            detail: `${some(shorter)} ${shorter.length === 1 ? 'has' : 'have'} fewer pages than the last VACUUM or ANALYZE has seen (${first.shown}: ${bytes(first.bytes)} of ${bytes(first.table.noted_bytes)}), as if the end was cut off. Rows are counted by an index too, where there is one.`,
          } as const,
        ]),
    ...(bare.length > 0
      ? [
          {
            title: 'Lost rows',
            status: 'warn',
            detail: `${some(bare)}: no B-tree index knows all rows, so nothing says what was lost.`,
          } as const,
        ]
      : []),
  ];
}

/** What is left out, by its reason; with nothing else to do, why nothing is done. */
export function skippedChecks(skipped: readonly Skipped[], idle: boolean): Check[] {
  const reasons = Map.groupBy(skipped, ({ why, part }) => why.replaceAll(part.shown, '…'));
  return [...reasons].map(([, all]) => {
    const [first] = all;
    const parts = all.map(({ part }) => part);
    const why =
      all.length === 1 ? (first?.why ?? '') : [...reasons.keys()].find((key) => reasons.get(key) === all);
    return {
      title: 'Not checked',
      status: idle ? 'block' : 'warn',
      detail: `${some(parts)}: ${why}.`,
    };
  });
}
