import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fieldsOf, parseInput } from '../../../../../src/ops/engine/fields.ts';
import { Journal } from '../../../../../src/ops/engine/journal/journal.ts';
import { listRuns } from '../../../../../src/ops/engine/journal/runs.ts';
import type { AnyOperation, OpContext, RawInput } from '../../../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../../../src/ops/engine/plan.ts';
import { entryOf } from '../../../../../src/ops/registry.ts';
import { remove } from '../../../../../src/ops/repository/care/delete.ts';
import { pin, unpin } from '../../../../../src/ops/repository/care/pin.ts';
import type { Manifest } from '../../../../../src/ops/repository/manifest.ts';
import { findBackup, listBackups } from '../../../../../src/ops/repository/repository.ts';
import { verify } from '../../../../../src/ops/verify/verify.ts';
import { cut, type DumpStage, dumpStage, flip } from '../../../../ops/archive/stage.ts';
import { carryOut, contextOf } from '../../../../ops/engine/run/stage.ts';
import { publishCopy, tablesOf } from '../../../../ops/repository/stage.ts';
import { serverTarget } from '../../../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
let stage: DumpStage;
let custom: string;
let repository: string;
let here: OpContext;
let n = 0;

beforeAll(async () => {
  stage = await dumpStage(home);
  custom = await stage.dump('all.dump', '-Fc', '-Z0');
});
afterAll(() => stage.db.drop());
beforeEach(() => {
  const own = join(home, `home-${n++}`);
  repository = join(own, 'backups');
  mkdirSync(repository, { recursive: true });
  // nobody listens there: none of this needs a server
  here = contextOf({ ...serverTarget(), port: 1 }, own, {
    env: { BACKUP_DIR: repository, PATH: process.env.PATH ?? '' },
  });
});

async function made(more: Partial<Manifest> = {}, now?: Date): Promise<string> {
  const path = await publishCopy(
    repository,
    custom,
    { tables: tablesOf(stage.counts), large_objects: 12, ...more },
    now,
  );
  return (await findBackup(repository, path)).id;
}

async function plan(operation: AnyOperation, raw: RawInput): Promise<Plan> {
  const parsed = parseInput(operation, raw);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return operation.plan(parsed.input, here);
}

async function run(operation: AnyOperation, raw: RawInput) {
  return carryOut(await plan(operation, raw), here);
}

const ok = (level: 'decode' | 'restore', good = true) => ({
  level,
  at: '2026-01-01T00:00:00Z',
  ok: good,
  detail: '',
});

test.each(['backups verify', 'backups pin', 'backups unpin', 'backups delete'])(
  '%s is registered',
  async (id) => {
    const entry = entryOf(id);
    const operation = await entry?.load();
    expect(operation?.id).toBe(id);
    expect(entry?.writes).toBe(false);
  },
);

test('the backups there are can be chosen', async () => {
  const id = await made();
  const field = fieldsOf(verify).find((one) => one.id === 'id');
  expect(await field?.choices?.(here, {})).toEqual([
    { value: id, hint: expect.stringMatching(/^shop, .*, unverified$/) },
  ]);
  expect(await field?.choices?.(here, { dir: join(home, 'nowhere') })).toEqual([]);
});

describe('verify', () => {
  test.each(['decode', 'checksum', 'counts'] as const)('%s is noted in the manifest', async (level) => {
    const id = await made();
    const { end, events } = await run(verify, { id, level });
    expect(end).toMatchObject({ ok: true, status: 'done' });
    const backup = await findBackup(repository, id);
    expect(backup.manifest?.verifications).toMatchObject([{ level, ok: true }]);
    expect(backup.status).toBe('ok');
    expect(events.find((event) => event.type === 'result')).toMatchObject({
      table: { rows: [[level, 'yes', expect.stringMatching(/\w/)]] },
    });
    expect(events.some((event) => event.type === 'progress')).toBe(true);
  });

  test('counts is what is done when nothing is said', async () => {
    const id = await made();
    await run(verify, { id });
    expect((await findBackup(repository, id)).manifest?.verifications[0]?.level).toBe('counts');
  });

  test('damage fails it, and the backup is not good any more', async () => {
    const id = await made({ verifications: [ok('decode')] });
    const { archive } = await findBackup(repository, id);
    flip(archive, 'Street 77');
    expect((await run(verify, { id, level: 'decode' })).end.ok).toBe(true);
    const { end } = await run(verify, { id });
    expect(end).toMatchObject({ ok: false, status: 'failed' });
    expect(end.text).toMatch(
      /is no good: all\.dump was changed: .* Use another backup \(pgdeck backups list\)/,
    );
    expect((await findBackup(repository, id)).status).toBe('damaged');
  });

  test('what others made is verified by its path or its name', async () => {
    const path = join(repository, 'shop_20260101_000000.dump');
    writeFileSync(path, readFileSync(custom));
    for (const id of [path, 'shop_20260101_000000.dump']) {
      const { end, run: record } = await run(verify, { id });
      expect(end.ok).toBe(true);
      expect(record?.events.find((event) => event.type === 'result')?.table?.rows[0]?.[0]).toBe('decode');
    }
    cut(path, -1);
    expect((await run(verify, { id: path })).end.text).toMatch(/is damaged/);
    truncateSync(path);
    expect((await run(verify, { id: path })).end.text).toMatch(/cannot be read|is empty/);
    expect(readdirSync(repository)).toEqual(['shop_20260101_000000.dump']);
    await expect(plan(verify, { id: path, level: 'checksum' })).rejects.toMatchObject({ kind: 'refused' });
  });

  test('a plan reads only, and says what will be run', async () => {
    const id = await made();
    const { steps, writes, danger, checks } = await plan(verify, { id });
    expect({ writes, danger }).toEqual({ writes: false, danger: 'none' });
    expect(steps[0]?.preview).toContain(`pg_restore -f - ${repository}/${id}/all.dump`);
    expect(checks).toMatchObject([{ status: 'ok' }]);
    expect((await findBackup(repository, id)).manifest?.verifications).toEqual([]);
  });

  test('a newer pg_dump needs a newer pg_restore, and what to install is said', async () => {
    const id = await made({ client: { program: 'pg_dump', version: '99.1' } });
    const backup = { programs: join(home, 'no-programs') };
    const nowhere = { ...here, backup };
    const { checks } = await verify.plan({ id, level: 'decode' }, nowhere);
    expect(checks).toMatchObject([
      { status: 'block', detail: expect.stringMatching(/Install postgresql-client-17/) },
    ]);
    expect((await verify.plan({ id, level: 'checksum' }, nowhere)).checks).toEqual([]);
  });
});

describe('pin', () => {
  test('and unpin', async () => {
    const id = await made();
    const pinned = await run(pin, { id });
    expect(pinned.end).toMatchObject({ ok: true, undo: `pgdeck backups unpin ${id}` });
    expect((await findBackup(repository, id)).manifest?.pinned).toBe(true);
    expect((await plan(pin, { id })).checks).toMatchObject([
      { status: 'warn', detail: 'It is pinned already.' },
    ]);
    await run(unpin, { id });
    expect((await findBackup(repository, id)).manifest?.pinned).toBe(false);
  });

  test('is refused for what pgdeck did not make', async () => {
    writeFileSync(join(repository, 'x.dump'), readFileSync(custom));
    await expect(plan(pin, { id: 'x.dump' })).rejects.toMatchObject({
      kind: 'refused',
      message: 'x.dump was not made by pgdeck.',
    });
  });
});

describe('delete', () => {
  test('removes everything that belongs to it, and nothing else', async () => {
    const first = await made({ verifications: [ok('decode')] }, new Date(2026, 0, 1));
    const second = await made({ verifications: [ok('decode')] }, new Date(2026, 0, 2));
    const asked = await plan(remove, { id: first });
    expect(asked).toMatchObject({ danger: 'confirm', subject: first, writes: false });
    expect(asked.consequence).toMatch(/cannot be brought back/);
    expect(asked.checks).toMatchObject([{ status: 'ok', detail: '1 other good backup of shop stay.' }]);
    expect((await carryOut(asked, here)).end.ok).toBe(true);
    expect(readdirSync(repository)).toEqual([second]);
    expect((await plan(remove, { id: second })).checks).toMatchObject([{ status: 'warn' }]);
  });

  test('files of others go one by one', async () => {
    for (const name of ['a_20260101_000000.dump', 'b_20260101_000000.dump'])
      writeFileSync(join(repository, name), readFileSync(custom));
    await run(remove, { id: 'a_20260101_000000.dump' });
    expect(readdirSync(repository)).toEqual(['b_20260101_000000.dump']);
  });

  test('is refused for one that is pinned, without --force', async () => {
    const id = await made({ pinned: true });
    const { end } = await run(remove, { id });
    expect(end).toMatchObject({ status: 'refused', text: expect.stringMatching(/It is pinned/) });
    expect(existsSync(join(repository, id))).toBe(true);
    expect((await run(remove, { id, force: true })).end.ok).toBe(true);
    expect(readdirSync(repository)).toEqual([]);
  });

  test('is refused while a run uses it, and outside the repository', async () => {
    const id = await made();
    const facts = {
      operation: 'restore',
      subject: 'Restore shop',
      server: 's',
      input: { backup: id },
      steps: [],
    };
    const journal = Journal.begin(here.journal, facts);
    expect((await plan(remove, { id })).checks).toContainEqual(
      expect.objectContaining({ status: 'block', detail: expect.stringContaining(journal.id) }),
    );
    journal.write({ type: 'record', facts: { safety: { id } } });
    journal.end('done', `pgdeck undo ${journal.id}`);
    expect((await plan(remove, { id })).checks).toEqual([
      { title: 'Undo', status: 'warn', detail: `pgdeck undo ${journal.id} may need it (Restore shop).` },
    ]);
    await expect(plan(remove, { id: custom })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/is not in the repository/),
    });
  });

  test('when it is killed halfway, what is left is no backup and is swept', async () => {
    const id = await made();
    const env = cleanEnvironment(home, {
      BACKUP_DIR: repository,
      XDG_STATE_HOME: join(here.home, 'state'),
      PGDECK_CRASH_AT: 'delete:renamed',
    });
    expect((await pgdeck(['backups', 'delete', id, '--yes', '-p', '1'], env)).code).toBe(null);
    expect(readdirSync(repository)).toEqual([`${id}.deleting`]);
    expect(await listBackups(repository)).toEqual([]);
    const [killed] = listRuns(here.journal);
    if (killed === undefined) throw new Error('There is no run');
    expect(killed.status).toBe('interrupted');
    const rest = await remove.recover?.(killed, here);
    if (rest === undefined) throw new Error('There is nothing to recover');
    expect((await carryOut(rest, here)).end.ok).toBe(true);
    expect(readdirSync(repository)).toEqual([]);
    expect(await remove.recover?.(killed, here)).toBeUndefined();
  });
});
