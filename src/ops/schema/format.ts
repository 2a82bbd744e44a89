import { z } from 'zod';
import { fullName } from '../../db/ident.ts';

/** Of the snapshot: another number means that older programs read it wrongly. */
export const FORMAT_VERSION = 1;

const objectSchema = z.object({
  /** PostgreSQL's word for it: `table`, `column`, `materialized view`. */
  kind: z.string().min(1),
  /** Schema, relation, column: as far as it goes, unquoted. */
  name: z.array(z.string()).min(1),
  /** As the server writes it, where names are not enough: `app.double(integer)`. */
  identity: z.string().optional(),
  /** What is as it is by default is absent. */
  attributes: z.record(z.string(), z.union([z.string(), z.boolean(), z.number(), z.array(z.string())])),
  /** Somebody has written it beside the object: whatever is wrong with it, or with what is in it, is critical. */
  critical: z.boolean().optional(),
});

export const snapshotSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  /** `server_version_num`: some texts can be compared within a major version only. */
  serverVersionNum: z.int(),
  /** Sorted by kind and path. */
  objects: z.array(objectSchema),
});

export type SchemaObject = z.output<typeof objectSchema>;
export type Attribute = SchemaObject['attributes'][string];

/** What a database is made of, as plain data that can be kept in a file. */
export type SchemaSnapshot = z.output<typeof snapshotSchema>;

/** How an object is called: `app.orders.total`, quoted only where PostgreSQL would need it. */
export function pathOf({ name, identity }: Pick<SchemaObject, 'name' | 'identity'>): string {
  return identity ?? name.map((part) => fullName(null, part)).join('.');
}

/** By kind and path: the same everywhere. */
export function byPath(a: SchemaObject, b: SchemaObject): number {
  return compare(a.kind, b.kind) || compare(pathOf(a), pathOf(b));
}

/** By code units. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The snapshot as JSON with a line for each object, so that a version control shows what has changed. */
export function snapshotText({ formatVersion, serverVersionNum, objects }: SchemaSnapshot): string {
  const lines = objects.map(({ kind, name, identity, attributes, critical }) =>
    JSON.stringify({
      ...{ kind, name, ...(identity !== undefined && { identity }), attributes },
      ...(critical === true && { critical }),
    }),
  );
  return `{"formatVersion":${formatVersion},"serverVersionNum":${serverVersionNum},"objects":[\n${lines.join(',\n')}\n]}\n`;
}

/** What an object is told apart from others by. */
export function keyOf(object: Pick<SchemaObject, 'kind' | 'name' | 'identity'>): string {
  return `${object.kind} ${pathOf(object)}`;
}

/** Owners and grants: there only where somebody asked for them. */
export function isPrivileges({ kind }: Pick<SchemaObject, 'kind'>): boolean {
  return kind === 'privileges' || kind === 'default privileges';
}
