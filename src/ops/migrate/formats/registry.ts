import { dbmate } from './dbmate/dbmate.ts';
import { diesel } from './diesel/diesel.ts';
import { drizzle } from './drizzle/drizzle.ts';
import { drizzle1 } from './drizzle-1/drizzle-1.ts';
import { flyway } from './flyway/flyway.ts';
import { golangMigrate } from './golang-migrate/golang-migrate.ts';
import { goose } from './goose/goose.ts';
import { hasura } from './hasura/hasura.ts';
import { nodePgMigrate } from './node-pg-migrate/node-pg-migrate.ts';
import { prisma } from './prisma/prisma.ts';
import type { Format } from './shared/format.ts';
import { sqlx } from './sqlx/sqlx.ts';
import { supabase } from './supabase/supabase.ts';

/** The formats. Of those that take the same file for theirs the first has it. */
const ALL = [
  flyway,
  golangMigrate,
  dbmate,
  goose,
  nodePgMigrate,
  prisma,
  drizzle,
  drizzle1,
  supabase,
  sqlx,
  diesel,
  hasura,
];

/** Whose way of writing migrations the files follow. */
export type MigrationFormat = (typeof ALL)[number]['name'];

export const FORMATS: readonly Format<MigrationFormat>[] = ALL;

/** Their names. */
export const MIGRATION_FORMATS: readonly MigrationFormat[] = ALL.map(({ name }) => name);

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
