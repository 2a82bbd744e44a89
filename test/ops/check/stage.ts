import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { check } from '../../../src/ops/check/check.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { OpEvent, Plan } from '../../../src/ops/engine/plan.ts';
import { client } from '../../support/cluster.ts';

export { complaints, contextFor, linesOf } from '../maintain/stage.ts';

export function planCheck(context: OpContext, input: Record<string, unknown> = {}): Promise<Plan> {
  return check.plan(check.input.parse(input), context);
}

/** Relations by what became of them, as the table of the outcome tells it. */
export function results(events: readonly OpEvent[]): Record<string, { result: string; found: string }> {
  const table = tableOf(events, 'What was checked');
  return Object.fromEntries(
    (table?.rows ?? []).map(([name = '', , , result = '', found = '']) => [name, { result, found }]),
  );
}

export function tableOf(events: readonly OpEvent[], title: string) {
  return events.flatMap((event) =>
    event.type === 'result' && event.table.title.startsWith(title) ? [event.table] : [],
  )[0];
}

/** The path of a relation's file. */
export async function fileOf(session: Session, cluster: Cluster, relation: string): Promise<string> {
  const [row] = await session.sql('SELECT pg_relation_filepath($1::regclass) AS path', [relation]);
  return join(cluster.dataDir, String(row?.path));
}

/** The name of a table's TOAST table. */
export async function toastOf(session: Session, table: string): Promise<string> {
  const [row] = await session.sql(
    'SELECT reltoastrelid::regclass::text AS name FROM pg_class WHERE oid = $1::regclass',
    [table],
  );
  return String(row?.name);
}

/** Changes bytes of files while the server is stopped: nothing of them is in its memory then. */
export async function whileStopped(cluster: Cluster, work: () => Promise<void>): Promise<Session> {
  await cluster.stop();
  await work();
  await cluster.start();
  const session = await client(cluster.target());
  onTestFinished(() => session.close());
  return session;
}

export const PAGE = 8192;

/** Writes bytes over those of a page. */
export async function overwrite(path: string, at: number, bytes: Buffer): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, at);
  } finally {
    await file.close();
  }
}

/**
 * Exchanges the first half of a page's line pointers with the second: what was sorted is not any more, and everything
 * else of the page is as it should be. Only without checksums this is not seen as it is read.
 */
export async function disorder(path: string, page: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const bytes = Buffer.alloc(PAGE);
    await file.read(bytes, 0, PAGE, page * PAGE);
    const lower = bytes.readUInt16LE(12);
    const count = Math.floor((lower - 24) / 4);
    // the first one of a page that has a right sibling is its high key
    const [a, b] = [24 + 4 * 2, 24 + 4 * (count - 2)];
    const kept = bytes.readUInt32LE(a);
    bytes.writeUInt32LE(bytes.readUInt32LE(b), a);
    bytes.writeUInt32LE(kept, b);
    await file.write(bytes, 0, PAGE, page * PAGE);
  } finally {
    await file.close();
  }
}

/** Gives rows of a table's first page a transaction that has not been yet. */
export async function fromTheFuture(path: string, rows: readonly number[]): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const bytes = Buffer.alloc(PAGE);
    await file.read(bytes, 0, PAGE, 0);
    // the first field of the row that its line pointer, behind the header of 24 bytes, leads to
    for (const row of rows) bytes.writeUInt32LE(0x7fff_ff00, bytes.readUInt32LE(24 + 4 * (row - 1)) & 0x7fff);
    await file.write(bytes, 0, PAGE, 0);
  } finally {
    await file.close();
  }
}
