import type { OpContext } from '../engine/operation.ts';
import { resolveRelation } from '../relations/resolve.ts';
import { inventory, keyThere, shown } from './key.ts';
import { lookAt } from './look.ts';

/** A foreign key that is NOT VALID, and how many rows break it. */
export interface OpenKey {
  readonly schema: string;
  readonly table: string;
  readonly key: string;
  readonly definition: string;
  /** Null where they could not be counted. */
  readonly orphans: number | null;
  /** Why not: a sentence. */
  readonly unknown: string | null;
}

/** Every key that is NOT VALID, of one table where that is named. Throws {@link OpError} or DbError. */
export async function listOrphans(context: OpContext, table?: string): Promise<OpenKey[]> {
  const session = await context.session();
  const all = await inventory(session);
  const only = table === undefined ? undefined : resolveRelation(all.tables, table);
  const keys = all.keys.filter(
    (one) => !one.valid && one.enforced && !one.period && (!only || one.table_oid === only.oid),
  );
  const listed: OpenKey[] = [];
  for (const one of keys) {
    const key = keyThere(one, all);
    const { orphans, facts, parent } = await lookAt(session, key, { action: 'keep' }, all);
    const hidden = [facts, parent].find(({ row_security, may_select }) => row_security || !may_select);
    const unknown = hidden
      ? `This role may not see all rows of ${shown(hidden)}.`
      : orphans.exact
        ? null
        : 'Counting took too long.';
    listed.push({
      ...{ schema: one.schema, table: one.table, key: one.name, definition: one.definition },
      ...{ orphans: unknown === null ? orphans.rows : null, unknown },
    });
  }
  return listed;
}
