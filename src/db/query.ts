import { z } from 'zod';
import type { Server } from './server.ts';

/** Why something cannot be shown, and what would change that. */
export interface Denial {
  /** One sentence. */
  readonly reason: string;
  /** What to do: the exact SQL, or a sentence where no SQL helps. */
  readonly remedy?: string;
}

/** The role that a query needs to see every row. `none`: any role that can connect. */
export type Privilege =
  | 'none'
  | 'pg_read_all_stats'
  | 'pg_monitor'
  | 'pg_stat_scan_tables'
  | 'pg_signal_backend';

/** One text of a query: for a range of server versions, or for what {@link Variant.when} says of the server. */
export interface Variant {
  /** First major version it runs on; all from 13 when absent. */
  readonly min?: number;
  /** Last major version it runs on; all later ones when absent. */
  readonly max?: number;
  readonly when?: (server: Server) => boolean;
  readonly sql: string | ((server: Server) => string);
}

/** A query as data: its SQL per server, its parameters and the shape of a row. */
export interface Query<Input, Row> {
  /** `subject.what`; also the name of the prepared statement. */
  readonly id: string;
  readonly needs: Privilege;
  /** The first one that fits the server is used. */
  readonly variants: readonly Variant[];
  readonly row: z.ZodType<Row>;
  /** Parameters in the order of `$1, $2 …`. */
  readonly params: (input: Input) => unknown[];
  /** Set when this server or role cannot answer at all, known without asking (an extension that is missing). */
  readonly unavailable?: (server: Server) => Denial | undefined;
  /** Its text is made for one call: it is not prepared. */
  readonly once?: boolean;
  /** Set when the answer is incomplete for this role: rows come, but some are hidden. */
  readonly partial?: (server: Server) => Denial | undefined;
}

/** The row of a query: `type ActivityRow = RowOf<typeof activityList>`. */
export type RowOf<Q> = Q extends { readonly row: z.ZodType<infer Row> } ? Row : never;

interface Definition<Shape extends z.ZodRawShape, Input> {
  id: string;
  needs?: Privilege;
  variants: readonly Variant[];
  row: z.ZodObject<Shape>;
  params?: (input: Input) => unknown[];
  unavailable?: (server: Server) => Denial | undefined;
  partial?: (server: Server) => Denial | undefined;
}

/** Declares a query; the row type is read from its zod shape. */
export function defineQuery<Shape extends z.ZodRawShape, Input = void>(
  definition: Definition<Shape, Input>,
): Query<Input, z.output<z.ZodObject<Shape>>> {
  const { needs = 'none', params = () => [], ...rest } = definition;
  return { needs, params, ...rest };
}

/** The SQL of a query for this server; undefined when no variant fits it. */
export function sqlFor(query: Pick<Query<never, unknown>, 'variants'>, server: Server): string | undefined {
  const variant = query.variants.find(
    (v) =>
      server.major >= (v.min ?? 0) &&
      server.major <= (v.max ?? Number.POSITIVE_INFINITY) &&
      (v.when?.(server) ?? true),
  );
  if (variant === undefined) return undefined;
  return typeof variant.sql === 'string' ? variant.sql : variant.sql(server);
}

/** Column types as node-pg delivers them under {@link file://./client.ts}'s type parsers. */
export const column = {
  text: z.string().nullable(),
  int: z.int().nullable(),
  float: z.number().nullable(),
  bool: z.boolean().nullable(),
  /** bigint, delivered as text by node-pg; only for values known to stay below 2^53. */
  bigint: z
    .string()
    .nullable()
    .transform((v) => (v === null ? null : Number(v))),
  /** A time as PostgreSQL prints it in UTC. */
  time: z.string().nullable(),
  /** Microseconds since 1970 of a backend_start or query_start: the identity of a backend, exact until 2255. */
  microseconds: z
    .string()
    .nullable()
    .transform((v) => (v === null ? null : Number(v))),
} as const;
