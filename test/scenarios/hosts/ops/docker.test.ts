import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { local } from '../../../../src/hosts/local.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../../src/ops/engine/plan.ts';
import { type Backup, findBackup } from '../../../../src/ops/repository/repository.ts';
import { undoRestore } from '../../../../src/ops/restore/undo.ts';
import { verify } from '../../../../src/ops/verify/verify.ts';
import { flip, largest } from '../../../ops/archive/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { backedUp, blocks, planRestore } from '../../../ops/restore/stage.ts';
import {
  describeDocker,
  docker,
  postgresContainer,
  type TestPostgres,
} from '../../../support/docker/docker.ts';
import { everything, rowCounts } from '../../../support/fixtures/everything.ts';
import { contextThrough, inside } from './stage.ts';

vi.setConfig({ testTimeout: 120_000 });

const PASSWORD = 'p w\\:"\'$x客';
const FORMATS = [
  { format: 'custom' },
  { format: 'directory', jobs: 2 },
  { format: 'plain', compress: 'gzip' },
  { format: 'plain', compress: 'zstd' },
] as const;

let server: TestPostgres;
let home: string;

/** Files that anybody has left in the container's directory for temporary ones, the server's socket apart. */
async function leftThere(): Promise<string[]> {
  return (await server.exec('sh', '-c', 'cd /tmp; find . -mindepth 1 | sed s,./,,'))
    .split('\n')
    .filter((name) => !name.startsWith('.s.PGSQL'));
}

async function counts(database = 'shop'): Promise<[string, number][]> {
  return inside(server, database, async (session) => [...(await rowCounts(session))].sort());
}

/** Plans, and carries it out; it must be done. */
async function done(plan: Plan, context: OpContext) {
  expect(blocks(plan)).toEqual([]);
  const { end, events, run } = await carryOut(plan, context);
  expect(end).toMatchObject({ text: expect.any(String), status: 'done', ok: true });
  return { run, lines: events.flatMap((event) => (event.type === 'line' ? [event.text] : [])) };
}

async function verified(context: OpContext, backup: Backup, level: string) {
  const plan = await verify.plan(verify.input.parse({ id: backup.id, level }), context);
  expect(blocks(plan)).toEqual([]);
  const { end } = await carryOut(plan, context);
  return { ok: end.ok, text: end.text };
}

async function spoil(): Promise<void> {
  await inside(server, 'shop', async (session) => {
    await session.sql('DELETE FROM app.orders');
    await session.sql('CREATE TABLE IF NOT EXISTS later (id int)');
  });
}

describeDocker('backups of a server in a container, with no client on this side', () => {
  beforeAll(async () => {
    server = await postgresContainer({ password: PASSWORD });
    home = mkdtempSync(join(tmpdir(), 'pgdeck-through-'));
    await inside(server, 'postgres', (session) => session.sql('CREATE DATABASE shop'));
    await inside(server, 'shop', everything);
  });
  afterAll(async () => {
    await server.remove();
    rmSync(home, { recursive: true, force: true });
  });

  describe.each(FORMATS)('$format $compress', (input) => {
    let made: Backup;
    let before: [string, number][];

    test('is what one that is made with the programs of this machine is', async () => {
      before = await counts();
      const context = await contextThrough(server, home);
      made = await backedUp(context, input);
      const near = await contextThrough({ ...server, runsOn: { kind: 'local' } }, join(home, 'near'), {
        here: local,
      });
      const other = await backedUp(near, input);
      expect(made.manifest?.tables).toEqual(other.manifest?.tables);
      expect(made.manifest).toMatchObject({
        large_objects: other.manifest?.large_objects,
        sequences: other.manifest?.sequences,
        extensions: other.manifest?.extensions,
        roles: other.manifest?.roles,
        verifications: [{ level: 'counts', ok: true }],
      });
      expect(made.manifest?.files.map(({ path }) => path.replaceAll(made.id, ''))).toEqual(
        other.manifest?.files.map(({ path }) => path.replaceAll(other.id, '')),
      );
      expect(await leftThere()).toEqual([]);
    });

    test('is verified, and its damage found', async () => {
      const context = await contextThrough(server, home);
      expect(await verified(context, made, 'counts')).toMatchObject({ ok: true });
      const path = made.kind === 'directory' ? largest(made.archive, /\d/) : made.archive;
      flip(path, 0.97);
      expect(await verified(context, made, 'decode')).toMatchObject({
        ok: false,
        text: expect.stringMatching(/damaged/),
      });
      expect(await verified(context, made, 'counts')).toMatchObject({ ok: false });
      flip(path, 0.97);
      expect(await verified(context, made, 'decode')).toMatchObject({ ok: true });
      expect(await verified(context, made, 'counts')).toMatchObject({ ok: true });
      made = await findBackup(join(home, 'backups'), made.id);
      expect(made.status).toBe('ok');
      expect(await leftThere()).toEqual([]);
    });

    test('is restored with an exchange of the names, which is undone', async () => {
      await spoil();
      const spoilt = await counts();
      const context = await contextThrough(server, home);
      const plan = await planRestore(context, { backup: made.id });
      const { run, lines } = await done(plan, context);
      expect(await counts()).toEqual(before);
      expect([...lines, ...plan.steps.map(({ preview }) => preview)].join('\n')).not.toContain(PASSWORD);
      expect(lines.join('\n')).toMatch(new RegExp(`docker exec -i ${server.name} .*(pg_restore|psql)`));
      if (run === undefined) throw new Error('no run');
      await done(await undoRestore(run, context), context);
      expect(await counts()).toEqual(spoilt);
      await done(await planRestore(context, { backup: made.id }), context);
      expect(await counts()).toEqual(before);
      expect(await leftThere()).toEqual([]);
    });

    test('gives single tables back', async () => {
      await inside(server, 'shop', (session) => session.sql('DELETE FROM app.orders WHERE id % 2 = 0'));
      const context = await contextThrough(server, home);
      await done(
        await planRestore(context, { backup: made.id, table: ['app.orders'], mode: 'merge' }),
        context,
      );
      expect(await counts()).toEqual(before);
      expect(await leftThere()).toEqual([]);
    });

    test('the server was never thrown back', async () => {
      const { stderr } = await docker(['logs', server.id]);
      expect(stderr).not.toMatch(/terminated by signal|reinitializing/);
    });

    test('is restored for a test beside the others, since this machine has no server', async () => {
      const context = await contextThrough(server, home);
      const plan = await verify.plan(verify.input.parse({ id: made.id, level: 'restore' }), context);
      const { lines } = await done(plan, context);
      expect(lines.join('\n')).toMatch(
        /This machine has no server of PostgreSQL .* A temporary database on .* is used/,
      );
      expect(await leftThere()).toEqual([]);
    });
  });
});
