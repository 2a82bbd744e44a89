import { z } from 'zod';
import { quoteIdent, quoteLiteral, quoteRelation } from '../../db/ident.ts';
import type { IndexFacts } from './queries/facts.ts';

const statisticsSchema = z.array(z.object({ column: z.int(), target: z.int() }));

/** All that it takes to have an index again as it was. */
export const keptSchema = z.object({
  oid: z.int(),
  schema: z.string(),
  name: z.string(),
  table: z.object({ oid: z.int(), schema: z.string(), name: z.string() }),
  /** As the server writes it. */
  definition: z.string(),
  comment: z.string().nullable(),
  tablespace: z.string().nullable(),
  clustered: z.boolean(),
  statistics: statisticsSchema,
});
export type KeptIndex = z.output<typeof keptSchema>;

/** What is kept of an index, with its definition. */
export function keptOf(facts: IndexFacts, definition: string): KeptIndex {
  const { oid, schema, name, table_oid, table_schema, table_name, comment, tablespace, clustered } = facts;
  return {
    oid,
    schema,
    name,
    table: { oid: table_oid, schema: table_schema, name: table_name },
    definition,
    comment,
    tablespace,
    clustered,
    statistics: facts.statistics === null ? [] : statisticsSchema.parse(JSON.parse(facts.statistics)),
  };
}

/** The same as the server has written it, without locking writers out. */
export function concurrentSql(definition: string): string {
  return definition.replace(/^(CREATE (?:UNIQUE )?INDEX) /, '$1 CONCURRENTLY ');
}

/** What makes it again: what comes before its CREATE INDEX, and after it. */
export function restoreSql(kept: KeptIndex): {
  readonly before: readonly string[];
  readonly create: string;
  readonly after: readonly string[];
} {
  const index = quoteRelation(kept);
  const { tablespace, statistics, comment, clustered } = kept;
  return {
    // pg_get_indexdef() leaves it out
    before: [`SET default_tablespace = ${quoteLiteral(tablespace ?? '').trim()}`],
    create: concurrentSql(kept.definition),
    after: [
      ...statistics.map(
        ({ column, target }) => `ALTER INDEX ${index} ALTER COLUMN ${column} SET STATISTICS ${target}`,
      ),
      ...(comment === null ? [] : [`COMMENT ON INDEX ${index} IS ${quoteLiteral(comment).trim()}`]),
      ...(clustered ? [`ALTER TABLE ${quoteRelation(kept.table)} CLUSTER ON ${quoteIdent(kept.name)}`] : []),
    ],
  };
}
