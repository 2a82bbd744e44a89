import { displayName } from '../../../../db/ident.ts';
import { tableKey } from '../../../archive/roots.ts';
import type { Check } from '../../../engine/plan.ts';
import type { Contents, ContentsTable } from './contents.ts';
import { attachment, type DumpEntry, leadingName } from './dump-entries.ts';

/** What makes a table, in its two halves. */
export interface Definition {
  /** The table, its sequences, defaults, comments and grants. */
  readonly before: readonly DumpEntry[];
  /** What the rows would be slower, or refused, with. */
  readonly after: readonly DumpEntry[];
}

const BEFORE = new Set([
  'TABLE',
  'SEQUENCE',
  'SEQUENCE OWNED BY',
  'DEFAULT',
  'TABLE ATTACH',
  'COMMENT',
  'ACL',
  'SECURITY LABEL',
]);
const AFTER = new Set([
  'CONSTRAINT',
  'CHECK CONSTRAINT',
  'INDEX',
  'INDEX ATTACH',
  'STATISTICS',
  'TRIGGER',
  'RULE',
  'POLICY',
  'ROW SECURITY',
  'REPLICA IDENTITY',
  'FK CONSTRAINT',
  'PUBLICATION TABLE',
]);

/** How the statement of each kind of part names the table it is about. */
const SUBJECT = [
  /^(?:CREATE (?:UNLOGGED )?TABLE|ALTER TABLE(?: ONLY)?) /,
  /^CREATE (?:UNIQUE )?INDEX [\s\S]*? ON (?:ONLY )?(?=\S+\.|")/,
  /^CREATE (?:CONSTRAINT )?TRIGGER [\s\S]*? ON (?=\S+\.|")/,
  /^CREATE RULE [\s\S]*?\n? +ON \w+ TO /,
  /^CREATE POLICY [\s\S]*? ON (?=\S+\.|")/,
  /^CREATE STATISTICS [\s\S]*? FROM (?=\S+\.|")/,
  /^COMMENT ON (?:TABLE|COLUMN) /,
  /^COMMENT ON (?:TRIGGER|CONSTRAINT|POLICY|RULE) [\s\S]*? ON (?=\S+\.|")/,
  /^(?:GRANT|REVOKE) [\s\S]*? ON TABLE /,
  /^ALTER PUBLICATION [\s\S]*? ADD TABLE (?:ONLY )?/,
];

/** Key of the table that a part is about; undefined where it is about none. */
function subject({ sql }: DumpEntry): string | undefined {
  for (const pattern of SUBJECT) {
    const found = pattern.exec(sql);
    const name = found && leadingName(sql.slice(found[0].length));
    if (name) return tableKey(name.schema, name.name);
  }
  return undefined;
}

/**
 * The parts of the backup that make a table and everything below it. A partition of a table that is still there is
 * attached last: its indexes are found to fit then, and are not made twice. The second value are foreign keys of other
 * tables to it, which are not restored.
 */
export function definitionOf(
  contents: Contents,
  key: string,
  parentIsThere: boolean,
): { definition: Definition; references: readonly DumpEntry[] } {
  const keys = withBelow(contents, key);
  const own = contents.entries.filter((entry) => keys.has(subject(entry) ?? ''));
  const attach = contents.entries.filter((entry) => {
    const found = entry.type === 'TABLE ATTACH' ? attachment(entry) : undefined;
    return found !== undefined && keys.has(tableKey(found.child.schema, found.child.name));
  });
  const outer = attach.filter((entry) => {
    const { child } = attachment(entry) ?? {};
    return child !== undefined && tableKey(child.schema, child.name) === key;
  });
  const names = new Set(own.flatMap(madeName));
  const extra = contents.entries.filter((entry) => belongs(entry, keys, names));
  const parts = contents.entries.filter(
    (entry) =>
      (own.includes(entry) && entry.type !== 'TABLE ATTACH') ||
      (attach.includes(entry) && !outer.includes(entry)) ||
      extra.includes(entry),
  );
  const before = parts.filter(({ type }) => BEFORE.has(type));
  const after = parts.filter(({ type }) => AFTER.has(type));
  const fitting = parentIsThere ? after.filter((entry) => !attachesOuterIndex(entry, parts)) : after;
  return {
    definition: {
      before: [...before.filter(isPlain), ...before.filter((entry) => !isPlain(entry))],
      after: parentIsThere ? [...fitting, ...outer] : fitting,
    },
    references: contents.entries.filter(
      (entry) => entry.type === 'FK CONSTRAINT' && !own.includes(entry) && refersTo(entry, keys),
    ),
  };
}

/** A grant or comment of something that is made after it would fail. */
function isPlain({ type }: DumpEntry): boolean {
  return type !== 'COMMENT' && type !== 'ACL' && type !== 'SECURITY LABEL';
}

function withBelow(contents: Contents, key: string): Set<string> {
  const below = [...contents.tables].filter(([, table]) => table.parent === key);
  return new Set([key, ...below.flatMap(([child]) => [...withBelow(contents, child)])]);
}

/** Key of the index that a part makes, in the schema of its table. */
function madeName({ type, schema, name, sql }: DumpEntry): string[] {
  if (type === 'INDEX') return [tableKey(schema ?? '', name)];
  const constraint = /\n? +ADD CONSTRAINT ("(?:[^"]|"")+"|\S+) (?:PRIMARY KEY|UNIQUE|EXCLUDE)/.exec(sql)?.[1];
  if (constraint === undefined) return [];
  return [tableKey(schema ?? '', constraint.replace(/^"|"$/g, '').replaceAll('""', '"'))];
}

/** Sequences that a column owns, and what is about indexes. */
function belongs(entry: DumpEntry, keys: ReadonlySet<string>, names: ReadonlySet<string>): boolean {
  const { type, sql } = entry;
  if (type === 'SEQUENCE OWNED BY') {
    const owner = leadingName(/ OWNED BY ([\s\S]*)$/.exec(sql)?.[1] ?? '');
    return owner !== undefined && keys.has(tableKey(owner.schema, owner.name));
  }
  const index =
    /^ALTER INDEX ([\s\S]*)/.exec(sql)?.[1] ?? /^COMMENT ON INDEX ([\s\S]*)/.exec(sql)?.[1] ?? undefined;
  const name = index === undefined ? undefined : leadingName(index);
  if (name === undefined) return false;
  if (names.has(tableKey(name.schema, name.name))) return true;
  const attached = leadingName(name.rest.replace(/^ ATTACH PARTITION /, ''));
  return attached !== undefined && names.has(tableKey(attached.schema, attached.name));
}

/** ATTACH of an index to one that is not made here. */
function attachesOuterIndex({ type, sql }: DumpEntry, parts: readonly DumpEntry[]): boolean {
  if (type !== 'INDEX ATTACH') return false;
  const parent = leadingName(sql.replace(/^ALTER INDEX /, ''));
  const made = new Set(parts.flatMap(madeName));
  return parent !== undefined && !made.has(tableKey(parent.schema, parent.name));
}

function refersTo({ sql }: DumpEntry, keys: ReadonlySet<string>): boolean {
  const name = leadingName(/ REFERENCES ([\s\S]*)$/.exec(sql)?.[1] ?? '');
  return name !== undefined && keys.has(tableKey(name.schema, name.name));
}

/** The sequences that the owned columns of a definition need made. */
export function withSequences(contents: Contents, { before, after }: Definition): Definition {
  const owned = before
    .filter(({ type }) => type === 'SEQUENCE OWNED BY')
    .flatMap(({ sql }) => leadingName(sql.replace(/^ALTER SEQUENCE /, '')) ?? []);
  const keys = new Set(owned.map(({ schema, name }) => tableKey(schema, name)));
  const sequences = contents.entries.filter(
    (entry) =>
      entry.type === 'SEQUENCE' &&
      keys.has(tableKey(entry.schema ?? '', entry.name)) &&
      !before.includes(entry),
  );
  return { before: [...sequences, ...before], after };
}

/** What is said about a table that is gone. */
export function goneCheck(
  { schema, name }: ContentsTable,
  references: readonly DumpEntry[],
  unsafe: boolean,
): Check {
  const shown = displayName(schema, name);
  if (unsafe)
    return {
      title: shown,
      status: 'block',
      detail:
        'It is gone, and its definition in the backup holds what psql would take for its own commands. ' +
        'Restore the whole backup into a new database instead, with --into NAME.',
    };
  const keys = references.map((entry) => entry.name).join(', ');
  return {
    title: shown,
    status: references.length > 0 ? 'warn' : 'ok',
    detail:
      'It is gone from the database and will be made again, with its indexes, constraints and triggers.' +
      (keys === ''
        ? ''
        : ` Foreign keys of other tables to it stay as they are; add them yourself: ${keys}.`),
  };
}
