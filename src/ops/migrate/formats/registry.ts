import * as formats from './formats.ts';
import type { Format } from './shared/format.ts';

/** Whose way of writing migrations the files follow. */
export type MigrationFormat = (typeof formats)[keyof typeof formats]['name'];

/** The formats. */
export const FORMATS: readonly Format<MigrationFormat>[] = Object.values(formats);

/** Their names. */
export const MIGRATION_FORMATS: readonly MigrationFormat[] = FORMATS.map(({ name }) => name);

export function formatOf(name: MigrationFormat): Format<MigrationFormat> {
  const format = FORMATS.find((one) => one.name === name);
  if (format === undefined) throw new Error(`no format ${name}`);
  return format;
}

/** The format of that name, if there is one. */
export const formatNamed = (name: string | undefined): MigrationFormat | undefined =>
  MIGRATION_FORMATS.find((one) => one === name);

/** The table that its tool keeps its history in, for people. */
export function tableOf(name: MigrationFormat): string {
  const { schema, tableName } = formatOf(name).ledger;
  return [schema, tableName].filter((part) => part !== undefined).join('.');
}

/** Where SQL migrations usually are, below a project's directory. */
export const USUAL: readonly string[] = [
  ...['db/migrations', 'migrations', 'database/migrations', 'sql/migrations', 'db/migrate'],
  ...FORMATS.flatMap(({ usual = [] }) => usual),
  '.',
];
