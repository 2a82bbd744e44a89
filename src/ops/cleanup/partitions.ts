import { DbError } from '../../db/errors.ts';
import { quoteIdent, quoteRelation } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { plural } from '../../text/units.ts';
import type { Check, Step } from '../engine/plan.ts';
import { some } from './checks.ts';
import type { LeafLook, Look } from './look.ts';
import { type RangePartition, rangePartitions } from './queries/table.ts';
import { dropPartition } from './run/drop.ts';
import { settled } from './steps.ts';
import { shown, type Task } from './task.ts';
import type { Work } from './work.ts';

/**
 * Partitions that can go as a whole: by ranges of the column that tells the age, to a bound that is old enough, so that
 * nothing new comes into them, and all of their rows are. Throws DbError.
 */
export async function wholePartitions(session: Session, task: Task, look: Look): Promise<RangePartition[]> {
  const { facts } = task;
  if (!facts.drop_partitions || task.table.kind !== 'p') return [];
  const found: RangePartition[] = [];
  for (const one of await session.run(rangePartitions, { oid: task.table.oid })) {
    const leaf = look.leaves.find((each) => each.leaf.oid === one.oid);
    if (leaf === undefined || leaf.rows === 0 || one.key !== facts.column) continue;
    if (await isWhole(session, task, one, leaf)) found.push(one);
  }
  // the server would look for rows that refer to them in its own way
  const referred = look.graph.some(({ depth, rows }) => depth === 1 && rows !== 0);
  return referred ? [] : found;
}

async function isWhole(
  session: Session,
  { facts }: Task,
  { bound }: RangePartition,
  { leaf, rows, exact }: LeafLook,
): Promise<boolean> {
  const [, to] = /^FOR VALUES FROM \(.*\) TO \('([^']*)'\)$/.exec(bound ?? '') ?? [];
  if (to === undefined || !exact) return false;
  const [row] = await session.sql(`SELECT $1::${facts.kind} <= $2::${facts.kind} AS over`, [
    to,
    facts.cutoff,
  ]);
  if (row?.over !== true) return false;
  try {
    const [all] = await session.sql(`SELECT count(*)::float8 AS rows FROM ONLY ${quoteRelation(leaf)}`);
    return Number(all?.rows) === rows;
  } catch (error) {
    if (error instanceof DbError && error.code === '57014') return false;
    throw error;
  }
}

/** What stands in the way of dropping them, and what goes with them. */
export async function dropChecks(session: Session, works: readonly Work[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { task, drops, name, look } of works) {
    if (!task.facts.drop_partitions) continue;
    checks.push(...wholeChecks(drops, name, look));
    for (const one of drops) checks.push(...partitionChecks(one, session.server.user));
  }
  return checks;
}

function wholeChecks(drops: readonly RangePartition[], name: string, { leaves }: Look): Check[] {
  const title = 'Drop partitions';
  const busy = leaves.filter(({ rows }) => rows > 0);
  if (busy.length === 0) return [];
  if (drops.length === 0)
    return [
      {
        title,
        status: 'warn',
        detail: `No partition of ${name} can go as a whole: it takes one by ranges of that column alone, that ends before the cutoff and that nothing refers to. Rows are deleted one by one.`,
      },
    ];
  return [
    {
      title,
      status: 'ok',
      detail: `${plural(drops.length, 'partition')} of ${name} hold old rows only, and take no others: ${some(drops.map(shown))}.`,
    },
  ];
}

function partitionChecks(one: RangePartition, user: string): Check[] {
  const title = 'Drop partitions';
  const name = shown(one);
  const checks: Check[] = [];
  const block = (detail: string) => checks.push({ title, status: 'block', detail });
  if (!one.may_drop)
    block(
      `${user} may not drop ${name}: it takes its owner, who owns ${one.parent} too. Leave out --drop-partitions.`,
    );
  if (one.views.length > 0)
    block(`${some(one.views)} read from ${name} itself. Drop them first, or leave out --drop-partitions.`);
  if (one.referred_by.length > 0)
    block(`${some(one.referred_by)} refer to ${name} itself. Leave out --drop-partitions.`);
  const own = [
    ...(one.own_indexes.length > 0 ? [`indexes of its own (${some(one.own_indexes)})`] : []),
    ...(one.own_options ? ['storage options, grants or a comment of its own'] : []),
  ];
  if (own.length > 0)
    checks.push({
      title,
      status: 'warn',
      detail: `${name} has ${own.join(' and ')}: a restore makes the partition again without them.`,
    });
  return checks;
}

/** Whether the server can detach it while others go on: from 14 on, and with no DEFAULT partition beside it. */
export function isConcurrent({ has_default }: RangePartition, major: number): boolean {
  return major >= 14 && !has_default;
}

export const detachSql = (one: RangePartition, concurrently: boolean): string =>
  `ALTER TABLE ${quoteRelation({ schema: one.parent_schema, name: one.parent })} DETACH PARTITION ${quoteRelation(one)}${concurrently ? ' CONCURRENTLY' : ''}`;

/** A step for each partition that goes as a whole. */
export function dropSteps(work: Work): Step[] {
  const { archives } = work.task.facts;
  const major = Number(work.serverVersion.split('.')[0]);
  return work.drops.map((one) => {
    const concurrently = isConcurrent(one, major);
    const list = work.columns.map(quoteIdent).join(', ');
    const copy =
      archives === null ? '' : `COPY (SELECT ${list} FROM ONLY ${quoteRelation(one)}) TO STDOUT;\n`;
    return {
      id: `drop:${shown(one)}`,
      title: `${archives === null ? 'Drop' : 'Archive and drop'} ${shown(one)}, all of whose rows are old enough`,
      preview: `${detachSql(one, concurrently)};\nBEGIN;\n${copy}DROP TABLE ${quoteRelation(one)};\nCOMMIT;`,
      effect: concurrently
        ? 'reads and writes of the others continue'
        : `everybody who uses ${one.parent} waits for a moment`,
      atomic: false,
      independent: true,
      run: (io) => dropPartition(io, work, one, concurrently),
      rollback: (io) => settled(io, work),
    };
  });
}
