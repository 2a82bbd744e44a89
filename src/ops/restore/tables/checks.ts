import { quoteIdent } from '../../../db/ident.ts';
import { plural } from '../../../text/units.ts';
import type { Check } from '../../engine/plan.ts';
import { foreseen } from './sql/keys.ts';
import { type Mode, stagedColumns, type Unit } from './unit.ts';

/** What stands in the way of putting rows into a table, and what is worth knowing before. */
export function unitChecks(unit: Unit, mode: Mode, user: string): Check[] {
  const block = blocked(unit, mode, user);
  const title = unit.shown;
  if (block !== undefined) return [{ title, status: 'block', detail: block }];
  const notes = warnings(unit);
  if (notes.length > 0) return [{ title, status: 'warn', detail: notes.join(' ') }];
  return [{ title, status: 'ok', detail: said(unit) }];
}

function said({ live, columns, primary }: Unit): string {
  const by = primary
    ? `told apart by ${primary.columns.map(quoteIdent).join(', ')}`
    : 'without a primary key';
  const triggers = live.triggers.length;
  return (
    `${plural(columns.length, 'column')}, ${by}.` +
    (triggers === 0
      ? ''
      : ` ${triggers === 1 ? 'Its trigger does' : `Its ${triggers} triggers do`} not fire.`)
  );
}

function blocked(unit: Unit, mode: Mode, user: string): string | undefined {
  const { live, blocks, primary } = unit;
  if (live.kind !== 'r' && live.kind !== 'p')
    return 'In the live database it is no table. Restore the backup into a new database with --into NAME.';
  if (blocks.length === 0)
    return 'The backup has its definition only, without rows. Choose a backup that holds its rows.';
  const present = new Set(live.columns.map(({ name }) => name));
  const missing = stagedColumns(unit).filter((column) => !present.has(column));
  if (missing.length > 0)
    return (
      `The live table lacks ${names(missing)} of the backup, so rows would lose values. ` +
      'Add what is missing, or restore the backup into a new database with --into NAME.'
    );
  if (unit.columns.length === 0) return 'It has no columns that could be written.';
  const required = live.columns.filter(({ name, required }) => required && !unit.columns.includes(name));
  if (required.length > 0)
    return (
      `${names(required.map(({ name }) => name))} must have a value, and the backup has none for it. ` +
      'Give it a default first.'
    );
  if (mode !== 'skip_existing' && primary === undefined)
    return (
      `Without a primary key rows cannot be told apart, so --mode ${mode} cannot work. ` +
      'Use --mode skip_existing, which adds rows that are not there yet.'
    );
  if (mode !== 'skip_existing' && primary?.exclusion)
    return (
      `Its primary key is WITHOUT OVERLAPS, which does not tell rows apart, so --mode ${mode} cannot work. ` +
      'Use --mode skip_existing, or restore the backup into a new database with --into NAME.'
    );
  if (primary !== undefined && !primary.columns.every((column) => unit.columns.includes(column)))
    return 'The backup has no values for its primary key. Restore the backup into a new database with --into NAME.';
  if (live.rules)
    return 'It has rules (CREATE RULE), which would rewrite what is restored. Disable them first with ALTER TABLE … DISABLE RULE.';
  if (live.row_security)
    return 'Row security hides rows of it from this role. Connect as its owner or as a role with BYPASSRLS.';
  return lackingRights(unit, mode, user);
}

function lackingRights({ live }: Unit, mode: Mode, user: string): string | undefined {
  const lacking = [
    ...(live.may_insert ? [] : ['SELECT, INSERT']),
    ...(mode === 'skip_existing' || live.may_update ? [] : ['UPDATE']),
    ...(mode !== 'replace' || live.may_delete ? [] : ['DELETE']),
  ];
  if (lacking.length === 0) return undefined;
  return `This role lacks ${lacking.join(', ')} on it. As its owner, run: GRANT ${lacking.join(', ')} ON ${live.quoted} TO ${quoteIdent(user)}`;
}

function warnings(unit: Unit): string[] {
  const { live, columns } = unit;
  const staged = stagedColumns(unit);
  const extra = live.columns.filter(({ name, generated }) => !generated && !staged.includes(name));
  const computed = live.columns.filter(({ name, generated }) => generated && staged.includes(name));
  const objects = live.columns.filter(({ name, large_object }) => large_object && columns.includes(name));
  const later = unit.others.filter((key) => !key.local && !foreseen(unit, key)).map(({ name }) => name);
  const local = unit.others.filter((key) => key.local).map(({ name }) => name);
  return [
    ...(extra.length > 0
      ? [
          `${names(extra.map((c) => c.name))} came after the backup: new rows take the default, others keep theirs.`,
        ]
      : []),
    ...(computed.length > 0
      ? [`${names(computed.map((c) => c.name))} is computed now: the backup's values are not used.`]
      : []),
    ...(objects.length > 0
      ? [`${names(objects.map((c) => c.name))} refers to large objects, which are not restored with a table.`]
      : []),
    ...(local.length > 0
      ? [`${names(local)} is of a partition alone: rows are not compared by it beforehand.`]
      : []),
    ...(later.length > 0
      ? [
          `${names(later)} is over columns that came after the backup: new rows are not compared by it beforehand.`,
        ]
      : []),
  ];
}

function names(columns: readonly string[]): string {
  return columns.map(quoteIdent).join(', ');
}
