import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { listCopies } from '../../../../src/ops/remote/list/list.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { carryOut } from '../../engine/run/stage.ts';
import { contents, contextTo, planPrune, planPull, planPush, putFiles } from '../stage.ts';

const base = temporaryDirectory();
let home: string;
let disk: string;
let context: OpContext;

beforeEach(async () => {
  home = await mkdtemp(join(base, 'home-'));
  disk = join(home, 'disk');
  mkdirSync(disk);
  context = contextTo(home, { kind: 'directory', path: disk });
  onTestFinished(() => context.close());
});

async function done(plan: Promise<Awaited<ReturnType<typeof planPrune>>>): Promise<void> {
  const { end } = await carryOut(await plan, context);
  expect(end, end.text).toMatchObject({ ok: true });
}

const old = (path: string) => utimesSync(path, 1, 1);

test('what others keep beside copies stays, however old it is and whatever it is called', async () => {
  const others = [
    'photos/face.jpg',
    'shop_0/a.dump',
    'shop_0.deleting/a.dump',
    'shop_9.partial/manifest.json',
  ];
  for (const path of others) {
    mkdirSync(join(disk, path, '..'), { recursive: true });
    writeFileSync(join(disk, path), 'not ours');
    old(join(disk, path));
  }
  putFiles(home, 'shop_1', {});
  putFiles(home, 'shop_2', {}, { days: 40 });
  for (const id of ['shop_1', 'shop_2']) await done(planPush(context, id));
  // one that was never finished, and nobody is at
  rmSync(join(disk, 'shop_2', 'copy.json'));
  for (const name of readdirSync(join(disk, 'shop_2'))) old(join(disk, 'shop_2', name));
  const plan = await planPrune(context, 'last 1');
  const [table] = plan.tables ?? [];
  expect(table?.rows.map(([id]) => id)).toEqual(['shop_1', 'shop_2']);
  await done(Promise.resolve(plan));
  expect(existsSync(join(disk, 'shop_2'))).toBe(false);
  for (const path of others) expect(readFileSync(join(disk, path), 'utf8')).toBe('not ours');
  const { found } = await listCopies(context, join(home, 'backups'), new Date());
  expect(found.filter(({ foreign }) => !foreign).map(({ id }) => id)).toEqual(['shop_1']);
  await expect(planPull(context, 'photos')).rejects.toMatchObject({ code: 'remote.noCopy' });
});

test('backups are not copied to where they are themselves', async () => {
  const folder = putFiles(home, 'shop_1', {});
  const was = contents(folder);
  const same = contextTo(home, { kind: 'directory', path: join(disk, '..', 'backups') });
  await expect(planPush(same, 'shop_1')).rejects.toMatchObject({ code: 'remote.same', kind: 'refused' });
  expect(contents(folder)).toEqual(was);
  await same.close();
});
