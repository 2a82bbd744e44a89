import { z } from 'zod';
import type { DatabaseFacts } from '../../../db/queries/database/facts.ts';
import type { Session } from '../../../db/session.ts';
import { plural } from '../../../text/units.ts';
import { databaseOf } from '../../database/create.ts';
import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, Plan, Step } from '../../engine/plan.ts';
import { toldPlan } from '../../engine/told.ts';
import { transactionFate } from '../../rows/queries/tables.ts';
import { ok, warn } from '../checks.ts';
import { databasesErrors } from '../errors.ts';
import { type Content, extensionList, outsideSchemas, schemaContents } from '../queries/contents.ts';

/** What there is to empty. */
export interface Contents {
  /** What this role may drop. */
  readonly goes: readonly Content[];
  /** What it may not: it stays. */
  readonly stays: readonly Content[];
  readonly checks: readonly Check[];
}

/** Looks at what is in the schemas of the session's database. Reads only. Throws DbError. */
export async function contentsOf(session: Session): Promise<Contents> {
  const all = await session.run(schemaContents, undefined);
  const [outside] = await session.run(outsideSchemas, undefined);
  const stays = all.filter(({ mine }) => !mine);
  const goes = all.filter(({ mine }) => mine);
  const checks: Check[] = [];
  if (stays.length > 0) {
    const owners = [...new Set(stays.map(({ owner }) => owner))].join(', ');
    checks.push(
      warn(
        'Owners',
        `${plural(stays.length, 'object')} of ${owners} (${stays
          .slice(0, 3)
          .map(({ identity }) => identity)
          .join(
            ', ',
          )}${stays.length > 3 ? ', …' : ''}) may not be dropped by ${session.server.user}, and stay.`,
      ),
    );
  }
  const { large_objects = 0, publications = 0, event_triggers = 0, foreign_servers = 0 } = outside ?? {};
  const kept = [
    [large_objects, 'large object'] as const,
    [publications, 'publication'] as const,
    [event_triggers, 'event trigger'] as const,
    [foreign_servers, 'foreign server'] as const,
  ].flatMap(([n, noun]) => (n > 0 ? [plural(n, noun)] : []));
  if (kept.length > 0)
    checks.push(
      warn(
        'Outside of schemas',
        `${kept.join(', ')} of it ${kept.length === 1 ? 'is' : 'are'} in no schema, and stay.`,
      ),
    );
  if (checks.length === 0)
    checks.push(ok('Contents', 'What is in its schemas goes; schemas, their rights and extensions stay.'));
  return { goes, stays, checks };
}

/** Kinds of which a statement drops one only. */
const ALONE = new Set(['operator class', 'operator family', 'conversion']);
const TOGETHER = 100;

/** The statements that drop them: what depends on one of them goes with it, and is not missed afterwards. */
export function emptySql(goes: readonly Content[]): string[] {
  return [...Map.groupBy(goes, ({ type }) => type)].flatMap(([type, all]) => {
    const size = ALONE.has(type) ? 1 : TOGETHER;
    const word = type === 'statistics object' ? 'STATISTICS' : type.toUpperCase();
    const parts: string[] = [];
    for (let at = 0; at < all.length; at += size)
      parts.push(
        `DROP ${word} IF EXISTS ${all
          .slice(at, at + size)
          .map(({ identity }) => identity)
          .join(', ')} CASCADE`,
      );
    return parts;
  });
}

/** `3 tables, 1 view`. */
export function countsOf(goes: readonly Content[]): string {
  const counts = [...Map.groupBy(goes, ({ type }) => type)].map(([type, all]) => plural(all.length, type));
  return counts.join(', ') || 'nothing';
}

/** Drops them in one transaction, which ends only if they are gone and every extension is there. */
export function emptyStep(
  { name, oid }: DatabaseFacts,
  { goes }: Contents,
  state: { emptied: boolean },
): Step {
  const shown = emptySql(goes);
  return {
    id: 'empty',
    title: `Empty the schemas of ${name}`,
    preview: ['BEGIN', ...shown, 'COMMIT'].map((sql) => `${sql};`).join('\n'),
    effect: 'whoever uses one of the tables is waited for, and waits',
    waits: true,
    atomic: true,
    run: async (io) => {
      const session = await io.connect(name);
      try {
        if ((await databaseOf(session, name)).oid !== oid) throw databasesErrors.changed({ database: name });
        const extensions = await session.run(extensionList, undefined);
        await session.sql('BEGIN');
        // what was made since it was planned goes too
        const now = await contentsOf(session);
        for (const statement of emptySql(now.goes)) await session.sql(statement);
        const left = (await contentsOf(session)).goes;
        if (left.length > 0) throw databasesErrors.notEmpty({ database: name, left: countsOf(left) });
        const kept = await session.run(extensionList, undefined);
        const gone = extensions.find((one) => !kept.some((other) => other.name === one.name));
        if (gone !== undefined) throw databasesErrors.extensionGone({ extension: gone.name });
        const [row] = await session.sql('SELECT pg_current_xact_id()::text AS xid');
        io.record({ emptied: { database: name, oid, xid: String(row?.xid) } });
        io.crashPoint('empty:dropped');
        await session.sql('COMMIT');
        state.emptied = true;
        io.crashPoint('empty:committed');
        io.line(`Dropped ${countsOf(now.goes)}.`);
      } catch (error) {
        await session.sql('ROLLBACK').catch(() => {});
        throw error;
      } finally {
        await session.close();
      }
    },
  };
}

const recordSchema = z.object({ database: z.string(), oid: z.number(), xid: z.string() });

/** One transaction: the server says what became of it. */
export async function recoverEmpty(run: Run, context: OpContext): Promise<Plan | undefined> {
  const record = recordSchema.safeParse(run.facts.emptied).data;
  if (record === undefined) return undefined;
  const { database, xid } = record;
  const [row] = await (await context.session(database)).run(transactionFate, { xid }).catch(() => []);
  const value =
    row?.fate === 'committed'
      ? 'was emptied, all of it.'
      : row?.fate === 'aborted'
        ? 'was not touched: the transaction was rolled back.'
        : 'was emptied wholly or not at all; which of the two the server no longer says.';
  return toldPlan(context, run, { title: `What became of ${database}`, subject: database, value });
}
