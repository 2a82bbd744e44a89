import { fullName } from '../../../db/ident.ts';
import { indexUsagePoll } from '../../../db/queries/indexes.ts';
import type { Finding } from '../../../health/finding.ts';
import { bytes } from '../../../text/units.ts';
import type { Model } from '../../core/model.ts';
import { tableRows } from '../table-rows.ts';
import { type Consumer, NOTHING } from './consumer.ts';

/** Tables and indexes that are listed: the biggest. */
const BIGGEST = 10;

export function tables(model: Model): Consumer[] {
  return [...tableRows(model)]
    .sort((a, b) => (b.total_bytes ?? 0) - (a.total_bytes ?? 0))
    .slice(0, BIGGEST)
    .map((row): Consumer => {
      const { schemaname, relname } = row;
      const name = fullName(schemaname, relname ?? '');
      return {
        ...NOTHING,
        ...mended(model, ['bloat'], schemaname, relname ?? ''),
        kind: 'table',
        name,
        bytes: row.total_bytes,
        exact: row.exact,
        whole: false,
        note: row.total_bytes === null ? 'not known: VACUUM or ANALYZE will note it' : partsOf(row),
      };
    });
}

function partsOf({
  table_bytes: heap,
  index_bytes: own,
  exact,
}: ReturnType<typeof tableRows>[number]): string {
  return `rows ${bytes(heap)}, indexes ${bytes(own)}${exact ? '' : ', as of the last VACUUM'}`;
}

export function indexes(model: Model): Consumer[] {
  return [...model.rows(indexUsagePoll)].slice(0, BIGGEST).map(
    (row): Consumer => ({
      ...NOTHING,
      ...mended(
        model,
        ['index_invalid', 'index_duplicate', 'index_unused', 'bloat'],
        row.schemaname,
        row.indexrelname,
      ),
      kind: 'index',
      name: fullName(row.schemaname, row.indexrelname),
      bytes: row.est_bytes,
      exact: false,
      whole: false,
      note: `on ${fullName(row.schemaname, row.relname)}${row.idx_scan === 0 ? ', not scanned so far' : ''}`,
    }),
  );
}

/** What health has found of a relation, and the operation that mends it. */
function mended(
  model: Model,
  checks: readonly string[],
  schema: string | null,
  name: string,
): Pick<Consumer, 'helps' | 'remedy'> {
  const found = model.health?.findings.find(
    ({ check, object }) => checks.includes(check) && isNamed(object, schema, name),
  );
  return found === undefined ? { helps: '' } : helpOf(found);
}

/** Findings leave `public` out of names. */
function isNamed(object: string | undefined, schema: string | null, name: string): boolean {
  const whole = fullName(schema, name);
  return object !== undefined && (object === whole || `public.${object}` === whole);
}

function helpOf({ remedy, check }: Finding): Pick<Consumer, 'helps' | 'remedy'> {
  const why = WHY[check] ?? check;
  if ('sql' in remedy) return { helps: `${why}: ${remedy.sql}` };
  if ('advice' in remedy) return { helps: `${why}: ${remedy.advice}` };
  const input = Object.fromEntries(
    Object.entries(remedy.input).map(([field, value]) => [
      field,
      typeof value === 'boolean' || typeof value === 'string'
        ? value
        : Array.isArray(value)
          ? value.map(String)
          : undefined,
    ]),
  );
  return { helps: `${why}: pgdeck ${remedy.operation}`, remedy: { operation: remedy.operation, input } };
}

const WHY: Readonly<Record<string, string>> = {
  bloat: 'mostly empty',
  index_invalid: 'invalid',
  index_duplicate: 'another index does its work',
  index_unused: 'nobody scans it',
};
