import { quoteIdent } from '../../../../db/ident.ts';
import type { ForeignKey } from '../../queries/tables.ts';
import { rowsOfUnit, type Unit } from '../unit.ts';
import { surplusRows } from './merge.ts';

/** What deleting rows of the chosen tables does to rows of others. */
export interface Cascade {
  readonly relation: string;
  /** `blocked`: their foreign key refuses it, and the restore fails. */
  readonly effect: 'deleted' | 'cleared' | 'blocked';
  /** Counts the rows. */
  readonly sql: string;
}

const EFFECTS: Readonly<Record<string, Cascade['effect']>> = {
  c: 'deleted',
  n: 'cleared',
  d: 'cleared',
  a: 'blocked',
  r: 'blocked',
};

/** Oids of tables that lose rows when these do: they have to be asked for foreign keys to them in turn. */
export function losing(keys: readonly ForeignKey[], oids: readonly string[]): string[] {
  const reached = new Set(oids);
  for (const { from, to, on_delete } of keys) if (on_delete === 'c' && reached.has(to)) reached.add(from);
  return [...reached];
}

/** The tables besides the chosen ones that are touched when rows of those are deleted. */
export function cascades(units: readonly Unit[], keys: readonly ForeignKey[]): Cascade[] {
  const chosen = new Map(units.map((unit) => [unit.live.oid, unit]));
  /** Rows of a table that are deleted, as a condition on an alias; undefined where none can be. */
  const deleted = (oid: string, alias: string, path: readonly string[]): string | undefined => {
    const unit = chosen.get(oid);
    if (unit) return surplusRows(unit, alias);
    if (path.includes(oid)) return undefined;
    const ways = keys
      .filter(({ from, on_delete }) => from === oid && on_delete === 'c')
      .flatMap((key) => through(key, alias, [...path, oid]) ?? []);
    return ways.length === 0 ? undefined : `(${ways.join(' OR ')})`;
  };
  /** Rows that refer to deleted ones by this key. */
  const through = (key: ForeignKey, alias: string, path: readonly string[]): string | undefined => {
    const parent = `p${path.length}`;
    const condition = deleted(key.to, parent, path);
    if (condition === undefined) return undefined;
    const unit = chosen.get(key.to);
    const same = key.columns.map(
      (column, at) =>
        `${parent}.${quoteIdent(key.parent_columns[at] ?? '')} ${key.operators[at]} ${alias}.${quoteIdent(column)}`,
    );
    return `EXISTS (SELECT FROM ${unit ? rowsOfUnit(unit) : key.parent} ${parent} WHERE ${same.join(' AND ')} AND ${condition})`;
  };
  const outside = keys.filter(({ from }) => !chosen.has(from));
  const groups = Map.groupBy(outside, ({ relation, on_delete }) => `${relation}\0${EFFECTS[on_delete]}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const ways = group.flatMap((key) => through(key, 'c', []) ?? []);
    if (first === undefined || ways.length === 0) return [];
    const from = first.partitioned ? first.relation : `ONLY ${first.relation}`;
    return [
      {
        relation: first.relation,
        effect: EFFECTS[first.on_delete] ?? 'blocked',
        sql: `SELECT count(*) FROM ${from} c WHERE ${ways.join(' OR ')}`,
      },
    ];
  });
}
