import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { RemoteSettings } from '../../../../src/config/remote.ts';
import { sentenceOf } from '../../../../src/ops/error.ts';
import { knownOf } from '../../../../src/ops/remote/known/known.ts';
import { MARK } from '../../../../src/ops/remote/known/mark.ts';
import { pushed } from '../../../../src/ops/remote/push/push.ts';
import { findBackup } from '../../../../src/ops/repository/repository.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { carryOut, planOf, step } from '../../engine/run/stage.ts';
import { contextTo, listed, planPush, putFiles } from '../stage.ts';

const base = temporaryDirectory();
const [one, two] = await Promise.all(
  [1, 2].map(async () => identityToRecipient(await generateX25519Identity())),
);

let home: string;
let repository: string;
let disk: string;

beforeEach(async () => {
  home = await mkdtemp(join(base, 'home-'));
  repository = join(home, 'backups');
  disk = join(home, 'disk');
  mkdirSync(disk);
  putFiles(home, 'shop_1', { 'more.dat': Buffer.alloc(3000, 1) });
});

function to(remote: RemoteSettings) {
  const context = contextTo(home, remote);
  onTestFinished(() => context.close());
  return context;
}

const checkOf = (plan: Awaited<ReturnType<typeof planPush>>, title: string) =>
  plan.checks.find((check) => check.title === title);

test('without a place for copies it says how one is set up', async () => {
  const context = { ...to({ kind: 'directory', path: disk }), backup: {} };
  const error = await planPush(context, 'shop_1').catch((thrown: unknown) => thrown);
  expect(sentenceOf(error)).toMatch(
    /^No place for copies is set up\. Add it to the profile in the settings file, such as "backup": \{"remote": /,
  );
});

test('the first copy offers to prove that it restores from there, and is known of without asking', async () => {
  const remote: RemoteSettings = { kind: 'directory', path: disk };
  const context = to(remote);
  const plan = await planPush(context, 'shop_1');
  expect(plan.danger).toBe('none');
  expect(checkOf(plan, 'Disk')).toMatchObject({ status: 'warn' });
  const { end } = await carryOut(plan, context);
  expect(end).toMatchObject({ ok: true, next: 'pgdeck backups verify shop_1 --remote --level restore' });
  expect(await knownOf(repository, remote)).toMatchObject({
    label: disk,
    marked: true,
    copies: [{ id: 'shop_1', encrypted: false }],
  });
  const again = await carryOut(await planPush(context, 'shop_1'), context);
  expect(again.end.ok).toBe(true);
  expect(again.end).not.toHaveProperty('next');
});

test('nothing is written to a mount point that nothing is mounted on', async () => {
  const remote: RemoteSettings = { kind: 'directory', path: disk };
  const context = to(remote);
  await carryOut(await planPush(context, 'shop_1'), context);
  expect(existsSync(join(disk, MARK))).toBe(true);
  const plan = await planPush(context, 'shop_1');
  renameSync(disk, `${disk}-away`);
  mkdirSync(disk);
  const error = await planPush(context, 'shop_1').catch((thrown: unknown) => thrown);
  expect(sentenceOf(error)).toContain(`${disk} has no ${MARK}`);
  // it went away after it was looked at
  const { end } = await carryOut(plan, context);
  expect(end.ok).toBe(false);
  expect(end.text).toContain('the disk may not be mounted');
  expect(await listed(remote)).toEqual({ copies: [], rest: [] });
  expect((await knownOf(repository, remote))?.copies).toHaveLength(1);
  rmSync(disk, { recursive: true });
  renameSync(`${disk}-away`, disk);
  expect((await carryOut(await planPush(context, 'shop_1'), context)).end.ok).toBe(true);
});

test('before it is first encrypted it is said and typed that the identity is needed, and for others again', async () => {
  const remote: RemoteSettings = { kind: 'directory', path: disk, recipients: [one as string] };
  const context = to(remote);
  const plan = await planPush(context, 'shop_1');
  expect(plan).toMatchObject({ danger: 'type-name', subject: disk });
  expect(plan.consequence).toMatch(/^Without the identity .* nothing can be restored/);
  expect(plan.facts.find(({ label }) => label === 'Encryption')?.value).toMatch(
    /^\S+ [kMG]B\/s were measured now/,
  );
  expect((await carryOut(plan, context)).end.ok).toBe(true);
  const second = await planPush(context, 'shop_1');
  expect(second.danger).toBe('none');
  expect(checkOf(second, 'Identity')).toMatchObject({ status: 'ok' });
  const others = to({ ...remote, recipients: [one as string, two as string] });
  expect(await planPush(others, 'shop_1')).toMatchObject({ danger: 'type-name' });
});

test('what runs by itself encrypts nothing that nobody has confirmed', async () => {
  const remote: RemoteSettings = { kind: 'directory', path: disk, recipients: [one as string] };
  const context = to(remote);
  const backup = await findBackup(repository, 'shop_1');
  const byItself = planOf([step('push', (io) => pushed(io, context, backup, repository))], { writes: false });
  const { end } = await carryOut(byItself, context);
  expect(end.ok).toBe(false);
  expect(end.text).toContain('nobody has confirmed yet that without the identity nothing can be restored');
  expect(await listed(remote)).toEqual({ copies: [], rest: [] });
  await carryOut(await planPush(context, 'shop_1'), context);
  expect((await carryOut(byItself, context)).end.ok).toBe(true);
});
