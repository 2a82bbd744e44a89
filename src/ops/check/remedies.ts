import { fullName } from '../../db/ident.ts';
import { shellWord } from '../../text/shell.ts';
import { flags } from './errors.ts';
import { type Finding, isBad } from './verdict.ts';

/** What mends what was found. */
export interface Remedies {
  /** Sentences, in the order in which it is done. */
  readonly sentences: readonly string[];
  /** The command that comes first and can be run by itself: pgdeck's own, as for a shell. */
  readonly command: string | undefined;
}

/** Relations that a command line names; more are told of by their number. */
const NAMED = 20;

/**
 * Indexes are built anew from their tables; what tables have lost comes from a backup. An index whose table is damaged
 * is built when that is mended: it would be built of what is damaged.
 */
export function remediesOf(findings: readonly Finding[], database: string): Remedies {
  const bad = findings.filter(isBad);
  const heaps = bad.filter(({ part }) => part.kind === 'table' || part.kind === 'toast');
  const sequences = [
    ...new Set(bad.filter(({ part }) => part.kind === 'sequence').map(({ part }) => part.shown)),
  ];
  const broken = new Set(heaps.map(({ part }) => part.table.oid));
  const indexes = [
    ...new Map(
      bad.filter(({ part }) => part.kind === 'index').map((one) => [one.part.oid, one.part]),
    ).values(),
  ];
  const now = indexes.filter(({ table }) => !broken.has(table.oid));
  const later = indexes.filter(({ table }) => broken.has(table.oid));
  const [command, locked] = [commandOf(now, false), commandOf(now, true)];
  const tables = [...new Map(heaps.map(({ part }) => [part.table.oid, part.table])).values()];
  const names = tables.map(({ schema, name }) => fullName(schema, name));
  return {
    command: command ?? locked,
    sentences: [
      ...[command, locked].flatMap((one) =>
        one === undefined ? [] : [`To rebuild what is damaged: ${one}`],
      ),
      ...(names.length > 0
        ? [
            `An index can be built anew, rows cannot: those of ${shown(names)} come from a backup of before the damage.`,
            'Before anything else copy the data directory, with the server stopped. Do not set zero_damaged_pages before that: it empties each damaged page for good, with all rows on it.',
            'See which backups there are with: pgdeck backups list',
            `To restore one beside this database: pgdeck restore --into ${shellWord(`${database}_restored`)} newest`,
            `Once the rows that can still be read are saved, TRUNCATE gives a table a new file; then put rows back with: pgdeck restore ${flags('--table', names.slice(0, NAMED))} --mode merge newest`,
          ]
        : []),
      ...(sequences.length > 0
        ? [
            `A sequence is made anew, for which nothing of it has to be read: ${shown(sequences)}. Note its options (SELECT * FROM pg_sequence WHERE seqrelid = '…'::regclass), take it from its column (ALTER COLUMN … DROP IDENTITY, or DROP DEFAULT and then DROP SEQUENCE), and create it again with START above the highest value that is in use.`,
          ]
        : []),
      ...(later.length > 0
        ? [
            `Once the table is whole again: pgdeck reindex ${flags(
              '--index',
              later.slice(0, NAMED).map(({ shown }) => shown),
            )}`,
          ]
        : []),
    ],
  };
}

const shown = (names: readonly string[]) => names.slice(0, NAMED).join(', ');

/** CONCURRENTLY does neither system catalogs nor indexes of exclusion constraints. */
function commandOf(parts: readonly Finding['part'][], locking: boolean): string | undefined {
  const own = parts.filter(({ table, index }) => (table.system || index?.exclusion === true) === locking);
  if (own.length === 0) return undefined;
  const names = flags(
    '--index',
    own.slice(0, NAMED).map(({ shown }) => shown),
  );
  return `pgdeck reindex ${names}${locking ? ' --no-concurrently' : ''}`;
}
