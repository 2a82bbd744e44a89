import type { Migration } from '../../files/migration.ts';
import type { Direction, Hazard } from '../../types.ts';
import { columns } from './columns.ts';
import { constraints } from './constraints.ts';
import { data, exclusive } from './data.ts';
import { dropColumns, drops } from './drops.ts';
import { indexes } from './indexes.ts';
import { madeBy, madeKey, movesPath } from './made.ts';
import { enumValues, renames } from './names.ts';
import type { HazardName, Rule } from './rule.ts';

const RULES: readonly Rule[] = [
  drops,
  dropColumns,
  columns,
  constraints,
  indexes,
  data,
  exclusive,
  renames,
  enumValues,
];

/** What is known of the tables of the database; what is not known has rows. */
export interface Tables {
  /** There is none of that name now. */
  isAbsent(relation: string): boolean;
  /** There is one, and it has no rows. */
  isEmpty(relation: string): boolean;
  /** No table of the database has a row. */
  readonly allEmpty: boolean;
}

const UNKNOWN: Tables = { isAbsent: () => false, isEmpty: () => false, allEmpty: false };

/** What hurts without a row as well: it fails, is about another database, or goes wrong in silence. */
const WITHOUT_ROWS: ReadonlySet<HazardName> = new Set<HazardName>([
  'concurrently_if_not_exists',
  'drop_database',
  'enum_value_used',
  'nothing_taken_back',
]);

/**
 * What these migrations do that can hurt, in the order they are run. Tables that one of them makes are new to the later
 * ones: nobody uses them yet.
 */
export function lint(
  migrations: readonly Migration[],
  direction: Direction,
  tables: Tables = UNKNOWN,
): Hazard[] {
  const made = new Set<string>();
  const isNew = (relation: string | undefined) =>
    relation !== undefined && (made.has(madeKey('relation', relation)) || tables.isEmpty(relation));
  return migrations.flatMap((migration) => {
    const { up, version } = migration;
    const section = direction === 'up' ? up : migration.down;
    const file = (direction === 'down' ? migration.downFile : undefined) ?? migration.file;
    const own = new Set(
      direction === 'up' ? [] : up.statements.flatMap((statement) => madeBy(statement, () => false)),
    );
    const scope = { isNew, isMade: (key: string) => made.has(key), isOwn: (key: string) => own.has(key) };
    // each migration begins with the path of the connection
    let elsewhere = false;
    const found = (section?.statements ?? []).flatMap((statement, at) => {
      const findings = RULES.flatMap((rule) => rule(statement, { section: section ?? up, at, ...scope }));
      elsewhere ||= movesPath(statement);
      for (const key of madeBy(statement, tables.isAbsent, elsewhere)) made.add(key);
      return findings
        .filter(({ name, own: told }) => !tables.allEmpty || told || WITHOUT_ROWS.has(name))
        .map((one): Hazard => ({ destructive: false, ...one, version, file, line: statement.line }));
    });
    const nothing = direction === 'down' && !section?.statements.length && up.statements.length > 0;
    return nothing ? [{ ...NOTHING_TAKEN_BACK, message: nothingTakenBack(file), version, file }] : found;
  });
}

const NOTHING_TAKEN_BACK = { name: 'nothing_taken_back', destructive: false } as const;

const nothingTakenBack = (file: string): string =>
  `${file} has no way down: its row goes from the history, and what it made stays; write what rolls it back.`;
