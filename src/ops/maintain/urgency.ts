import { fullName } from '../../db/ident.ts';
import { type TableBloat, tableBloat } from '../../db/queries/maintain/bloat.ts';
import { type MaintainTable, maintainTables } from '../../db/queries/maintain/tables.ts';
import type { Session } from '../../db/session.ts';
import { bytes, count, duration, percent, plural, roughly, UNKNOWN } from '../../text/units.ts';
import { bloatUnknownText } from '../bloat.ts';
import type { FieldChoice, OpContext, RawInput } from '../engine/operation.ts';
import type { ResultTable } from '../engine/plan.ts';
import { shortened } from './shared/shortened.ts';

/** What is done to tables: the one decides what is due otherwise than the other. */
export type Doing = 'vacuum' | 'analyze';

/** Whether autovacuum would do it now, were it allowed to. */
export function isDue(table: MaintainTable, doing: Doing): boolean {
  return doing === 'vacuum' ? table.vacuum_due : table.analyze_due;
}

/** A table as a plan shows it. */
export interface Looked extends MaintainTable {
  /** Heap, TOAST and indexes; null where it is locked, so that there is only the estimate. */
  readonly total_bytes: number | null;
}

/** Bytes as far as they are known: what was measured, or what the catalog says. */
export function sizeOf({ total_bytes, est_bytes }: Looked): number | null {
  return total_bytes ?? est_bytes;
}

/** The same, where an estimate has its `~`. */
function sizeText(one: Looked): string {
  return one.total_bytes === null && one.est_bytes !== null ? `~${bytes(one.est_bytes)}` : bytes(sizeOf(one));
}

/** The most urgent first: wraparound, then by the share of autovacuum's threshold, then by size. */
export function byDue(doing: Doing): (a: MaintainTable, b: MaintainTable) => number {
  const pressure = (one: MaintainTable) => (doing === 'vacuum' ? one.vacuum_pressure : one.analyze_pressure);
  return (a, b) =>
    (doing === 'vacuum' ? Number(b.wraparound_due) - Number(a.wraparound_due) : 0) ||
    Number(isDue(b, doing)) - Number(isDue(a, doing)) ||
    pressure(b) - pressure(a) ||
    (b.est_bytes ?? 0) - (a.est_bytes ?? 0);
}

/** Why it is due, or how far it is from that, and that autovacuum will not see to it. */
function dueText(table: MaintainTable, doing: Doing): string {
  return `${thresholdText(table, doing)}${table.enabled || table.kind === 'p' ? '' : '; autovacuum is off for it'}`;
}

function thresholdText(table: MaintainTable, doing: Doing): string {
  const { dead, vacuum_at, ins, insert_at, mods, analyze_at, xid_age, kind } = table;
  if (kind === 'p') return 'partitioned';
  if (doing === 'analyze')
    return table.analyze_due
      ? `due: ${roughly(mods, 'row')} changed, ${count(analyze_at)} allowed`
      : `${percent(Math.min(1, table.analyze_pressure))} of what is allowed has changed`;
  if (table.wraparound_due) return `due: ${roughly(xid_age, 'transaction')} old, wraparound`;
  if (dead > vacuum_at) return `due: ${roughly(dead, 'dead row')}, ${count(vacuum_at)} allowed`;
  if (insert_at !== null && ins > insert_at)
    return `due: ${roughly(ins, 'row')} inserted, ${count(insert_at)} allowed`;
  return `${roughly(dead, 'dead row')}, ${count(vacuum_at)} allowed`;
}

function lastText(table: MaintainTable, doing: Doing): string {
  const age = doing === 'vacuum' ? table.vacuum_age_seconds : table.analyze_age_seconds;
  return age === null ? 'never' : `${duration(age)} ago`;
}

/** The biggest tables, whose bloat is worth a look. */
const ESTIMATED = 100;

type Bloat = ReadonlyMap<number, TableBloat>;

/** How much of the biggest tables is empty, as far as it can be estimated. Throws DbError. */
export async function bloatOf(session: Session): Promise<Bloat> {
  const rows = await session.run(tableBloat, { limit: ESTIMATED });
  return new Map(rows.map((row) => [row.oid, row]));
}

function bloatText(bloat: TableBloat | undefined): string {
  const { bloat_bytes, bloat_share, unknown } = bloat ?? {};
  if (unknown) return bloatUnknownText(unknown);
  return bloat_share === undefined || bloat_share === null
    ? UNKNOWN
    : `~${Math.round(bloat_share * 100)}%, ${bytes(bloat_bytes)}`;
}

/** Tables that are named with why they are due; more are counted. */
const NAMED = 2;

/** Why it is worth doing, the most urgent first: `Due: public.orders (~33k dead rows, 12,345 allowed).` */
export function reasonOf(tables: readonly Looked[], doing: Doing): string {
  const due = tables.filter((one) => isDue(one, doing)).sort(byDue(doing));
  const told = (one: Looked) =>
    `${fullName(one.schema, one.name)} (${dueText(one, doing).replace(/^due: /, '')})`;
  const [only, ...others] = tables;
  if (due.length === 0)
    return only !== undefined && others.length === 0 ? `Not due: ${told(only)}.` : 'No table is due.';
  const more = due.length - NAMED;
  return `Due: ${due.slice(0, NAMED).map(told).join('; ')}${more > 0 ? `; and ${plural(more, 'more table')}` : ''}.`;
}

/** The tables of a plan with what is due about them. */
export function dueTable(tables: readonly Looked[], doing: Doing, bloat: Bloat): ResultTable {
  const [head, last] = doing === 'vacuum' ? ['vacuum', 'last vacuum'] : ['analyze', 'last analyze'];
  const rows = tables.map((one) => [
    fullName(one.schema, one.name),
    sizeText(one),
    dueText(one, doing),
    bloatText(bloat.get(one.oid)),
    one.kind === 'p' ? UNKNOWN : count(one.xid_age),
    lastText(one, doing),
  ]);
  return shortened({
    title: 'Tables, the most urgent first',
    columns: ['table', 'size', head, 'bloat (estimate)', 'age (xids)', last],
    rows,
  });
}

export async function tableChoices(context: OpContext, doing: Doing, raw: RawInput): Promise<FieldChoice[]> {
  const session = await context.session();
  const [tables, bloat] = await Promise.all([session.run(maintainTables, undefined), bloatOf(session)]);
  const wasted = ({ oid }: MaintainTable) => bloat.get(oid)?.bloat_bytes ?? 0;
  const urgent = byDue(doing);
  return (
    tables
      .filter(({ system }) => !system)
      // for a rewrite it is what it gains that counts
      .sort((a, b) => (raw.full === true ? wasted(b) - wasted(a) : 0) || urgent(a, b))
      .map((one) => ({
        value: fullName(one.schema, one.name),
        hint: [
          ...(one.est_bytes === null || one.kind === 'p' ? [] : [`~${bytes(one.est_bytes)}`]),
          dueText(one, doing),
          ...(bloat.get(one.oid)?.bloat_bytes || (raw.full === true && bloat.get(one.oid)?.unknown)
            ? [`bloat ${bloatText(bloat.get(one.oid))}`]
            : []),
          `last ${lastText(one, doing)}`,
        ].join(', '),
      }))
  );
}

export async function schemaChoices(context: OpContext, doing: Doing): Promise<FieldChoice[]> {
  const tables = await (await context.session()).run(maintainTables, undefined);
  return [...Map.groupBy(tables, ({ schema }) => schema)].map(([value, inSchema]) => {
    const due = inSchema.filter((one) => isDue(one, doing)).length;
    return { value, hint: `${plural(inSchema.length, 'table')}, ${due} due` };
  });
}
