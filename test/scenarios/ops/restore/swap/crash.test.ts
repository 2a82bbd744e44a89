import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { dropFresh } from '../../../../../src/ops/database/drop.ts';
import { findLeftovers, swapState } from '../../../../../src/ops/database/leftovers.ts';
import { freshName } from '../../../../../src/ops/database/names.ts';
import { Clients, runId, type Stage, served, stage } from '../../../../ops/restore/swap/stage.ts';
import { serverTarget } from '../../../../support/cluster.ts';

const ORCHESTRATOR = fileURLToPath(new URL('../../../../ops/restore/swap/orchestrator.ts', import.meta.url));

let s: Stage;
let clients: Clients;
let oldOid: number;
let newOid: number;

beforeAll(async () => {
  s = await stage('swap_crash');
  oldOid = (await s.facts(s.live))?.oid ?? 0;
  newOid = (await s.facts(s.fresh))?.oid ?? 0;
  clients = new Clients(s.to(s.live), 2);
});
const table: string[] = [];
afterAll(() => console.log(['killed at         clients are served', ...table].join('\n')));

afterAll(async () => {
  await clients.stop();
  await s.remove();
});

/** Has a process of its own do it, and kill itself on the way at `point`; how it ended. */
async function orchestrate(work: string, names: Partial<Stage>, point = ''): Promise<unknown> {
  const { host, port } = serverTarget();
  const { live, fresh, before, rolledBack, run } = { ...s, ...names };
  const child = spawn(
    process.execPath,
    [ORCHESTRATOR, work, host, String(port), live, fresh, before, rolledBack, run],
    {
      env: { ...process.env, NODE_COMPILE_CACHE: inject('compileCache'), PGDECK_CRASH_AT: point },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const [code, signal] = await once(child, 'exit');
  return signal ?? code;
}

// in this order: each one begins where the one before has left the databases
test.each([
  ['swap:begin', 'old'],
  ['swap:renamed', 'old'],
  ['swap:second', 'old'],
  ['swap:sealed', 'old'],
  ['swap:committed', 'new'],
  ['undo:begin', 'new'],
  ['undo:renamed', 'new'],
  ['undo:second', 'new'],
  ['undo:sealed', 'new'],
  ['undo:committed', 'old'],
] as const)('killed at %s: clients are served by the %s database, whole', async (point, outcome) => {
  const [work = ''] = point.split(':');
  expect(await orchestrate(work, {}, point)).toBe('SIGKILL');
  const started = performance.now();
  expect(await served(s.to(s.live))).toBe(outcome);
  const reopened = Math.round(performance.now() - started);
  expect(reopened, `a client got in ${reopened} ms after the kill`).toBeLessThan(1_000);
  await clients.allRead(outcome);
  expect(await swapState(s.admin, { live: s.live, oldOid, newOid })).toBe(outcome);
  const done = point.endsWith(':committed');
  const other = work === 'swap' ? (done ? s.before : s.fresh) : done ? s.rolledBack : s.before;
  expect((await s.names()).sort()).toEqual([s.live, other].sort());
  expect(await s.facts(s.live)).toMatchObject({ allows_connections: true, comment: null });
  expect((await s.facts(other))?.allows_connections).toBe(other === s.fresh);
  const left = (await findLeftovers(s.admin)).filter(({ target }) => target === s.live);
  expect(left).toMatchObject([
    {
      database: other,
      kind: other === s.fresh ? 'restoring' : other === s.before ? 'before' : 'rolledback',
      alive: false,
    },
  ]);
  table.push(`${point.padEnd(17)} the ${outcome} database, whole, ${reopened} ms after the kill`);
});

test('not killed, it ends when it is done', async () => {
  const started = performance.now();
  // forward again
  expect(await orchestrate('undo', { before: s.rolledBack, rolledBack: s.before })).toBe(0);
  expect(await served(s.to(s.live))).toBe('new');
  const ms = Math.round(performance.now() - started);
  expect(ms, `it took ${ms} ms`).toBeLessThan(8_000);
});

test('killed between making a database and marking it: it can be told, and goes', async () => {
  const fresh = freshName(s.live, runId(59));
  expect(await orchestrate('create', { fresh }, 'create:created')).toBe('SIGKILL');
  const found = (await findLeftovers(s.admin)).find(({ database }) => database === fresh);
  expect(found).toMatchObject({ kind: 'unmarked', target: undefined, remedies: ['keep', 'drop'] });
  expect(await dropFresh(s.admin, fresh, s.run)).toBe(true);
  expect(await s.facts(fresh)).toBeUndefined();
});
