import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { RemoteSettings } from '../../../../src/config/remote.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { updateManifest } from '../../../../src/ops/repository/update.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { carryOut } from '../../engine/run/stage.ts';
import { contents, contextTo, listedHere, planPull, planPush, putFiles } from '../stage.ts';

const base = temporaryDirectory();
let home: string;
let folder: string;
let context: OpContext;

beforeEach(async () => {
  home = await mkdtemp(join(base, 'home-'));
  const disk = join(home, 'disk');
  mkdirSync(disk);
  folder = putFiles(home, 'shop_1', { 'more.dat': Buffer.alloc(3000, 1) });
  const remote: RemoteSettings = { kind: 'directory', path: disk };
  context = contextTo(home, remote);
  onTestFinished(() => context.close());
  const { end } = await carryOut(await planPush(context, 'shop_1'), context);
  expect(end, end.text).toMatchObject({ ok: true });
});

const here = (plan: Awaited<ReturnType<typeof planPull>>) =>
  plan.checks.find(({ title }) => title === 'Here')?.detail;

test('a backup that is here already is not fetched again, whatever was noted of it since', async () => {
  await updateManifest(folder, (manifest) => ({ ...manifest, pinned: true }));
  const was = contents(folder);
  const plan = await planPull(context, 'shop_1');
  expect(plan).toMatchObject({ title: 'shop_1 is here already', steps: [], danger: 'none' });
  expect(here(plan)).toMatch(
    /^shop_1 in \S+ has the same files .*pgdeck backups verify shop_1 --level checksum$/,
  );
  const { end } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await listedHere(home)).toEqual(['shop_1']);
  expect(contents(folder)).toEqual(was);
});

test.each<[string, () => void, RegExp]>([
  [
    'was made at another time',
    () => void putFiles(home, 'shop_1', { 'more.dat': Buffer.alloc(3000, 1) }, { days: 3 }),
    /^The shop_1 that is here is another backup, made 20\S+ \d\d:\d\d:\d\d: what is fetched gets another name beside it\.$/,
  ],
  [
    'has other files',
    () => {
      const path = join(folder, 'manifest.json');
      const { files, ...manifest } = JSON.parse(readFileSync(path, 'utf8'));
      const [{ sha256: _, ...first }, ...rest] = files;
      const others = [{ ...first, sha256: 'f'.repeat(64) }, ...rest];
      writeFileSync(path, JSON.stringify({ ...manifest, files: others }));
    },
    /^The shop_1 that is here has other files: what is fetched/,
  ],
  [
    'is damaged',
    () => rmSync(join(folder, 'more.dat')),
    /^The shop_1 that is here is damaged: what is fetched/,
  ],
])('one of its name that %s stays, and that is said', async (_, change, said) => {
  const sent = contents(folder);
  change();
  const kept = contents(folder);
  const plan = await planPull(context, 'shop_1');
  expect(here(plan)).toMatch(said);
  const { end } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await listedHere(home)).toEqual(['shop_1', 'shop_1-2']);
  expect(contents(folder)).toEqual(kept);
  const fetched = contents(join(home, 'backups', 'shop_1-2'));
  for (const path of ['a.dump', 'more.dat']) expect(fetched[path]).toBe(sent[path]);
  // and again it is here, by its other name
  expect((await planPull(context, 'shop_1')).title).toBe('shop_1-2 is here already');
});

test('the newest is none that a clock which was wrong has made, while there are others', async () => {
  putFiles(home, 'shop_ahead', { 'more.dat': Buffer.alloc(10) }, { days: -3 });
  const { end } = await carryOut(await planPush(context, 'shop_ahead'), context);
  expect(end, end.text).toMatchObject({ ok: true });
  expect((await planPull(context, 'newest')).subject).toBe('shop_1');
});
