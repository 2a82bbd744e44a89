import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Host, HostFiles } from '../../../../src/hosts/host.ts';
import { local } from '../../../../src/hosts/local.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { candidates } from '../../../../src/ops/migrate/choose.ts';
import { migrateCreate } from '../../../../src/ops/migrate/files/operation.ts';
import { carryOut, contextOf } from '../../../ops/engine/run/stage.ts';
import { serverTarget } from '../../../support/cluster.ts';
import { writeMigrations } from '../../../support/fixtures/migrations.ts';
import { temporaryDirectory } from '../../../support/program.ts';

/** Where the host works; this machine has nothing of that name. */
const ROOT = '/pgdeck-elsewhere/shop';

/** A host that has its files elsewhere than this process: in `root`, under another name. */
function hostIn(root: string): Host {
  const at = (path: string) => join(path.startsWith(ROOT) ? root : '/nowhere', path.slice(ROOT.length));
  const { files } = local;
  const moved: HostFiles = {
    resolve: (path) => (path.startsWith('/') ? path : join(ROOT, path)),
    real: async (path) => (await files.real(at(path))).replace(root, ROOT),
    facts: (path) => files.facts(at(path)),
    factsOf: (paths) => files.factsOf(paths.map(at)),
    exists: (path) => files.exists(at(path)),
    isProgram: (path) => files.isProgram(at(path)),
    list: (path) => files.list(at(path)),
    read: (path, limit) => files.read(at(path), limit),
    readAt: (path, offset, length) => files.readAt(at(path), offset, length),
    create: (path, text) => files.create(at(path), text),
    remove: (path) => files.remove(at(path)),
    makeDirectory: (path, mode) => files.makeDirectory(at(path), mode),
    free: (path) => files.free(at(path)),
    space: (path) => files.space(at(path)),
  };
  return { ...local, label: 'elsewhere', files: moved, searchPath: () => [], environment: {} };
}

function stage(given: Readonly<Record<string, string>> = {}): { root: string; context: OpContext } {
  const root = temporaryDirectory();
  for (const [name, text] of Object.entries(given)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  const context = { ...contextOf(serverTarget(), temporaryDirectory()), at: async () => hostIn(root) };
  onTestFinished(() => context.close());
  return { root, context };
}

test.each([
  ['alembic', { 'alembic.ini': 'script_location = m\n' }, `alembic.ini in ${ROOT}`],
  [
    'flask-migrate',
    { 'migrations/alembic.ini': '', 'migrations/env.py': 'import flask_migrate' },
    `migrations/env.py of Flask-Migrate in ${ROOT}`,
  ],
  ['aerich', { 'aerich.ini': '', 'migrations/models/1_a.py': '' }, `aerich.ini of Aerich in ${ROOT}`],
  ['dbmate', { 'db/migrations/1_a.sql': '-- migrate:up\n' }, `files of dbmate in ${ROOT}/db/migrations`],
  [
    'node-pg-migrate',
    { 'package.json': '{"dependencies": {"node-pg-migrate": "9"}}', 'migrations/1_a.js': '' },
    `node-pg-migrate in package.json of ${ROOT}`,
  ],
  [
    'npm',
    { 'package.json': '{"scripts": {"db:migrate": "knex migrate:latest"}}' },
    `scripts db:migrate in package.json of ${ROOT}`,
  ],
  ['sql', { 'migrations/1_a.sql': '-- +goose Up\nSELECT 1;\n' }, `1 file of goose in ${ROOT}/migrations`],
])('a project of %s is known where the host has its files', async (id, given, why) => {
  const { context } = stage(given);
  const found = await candidates(context, {});
  expect(found.map((one) => one.adapter.id)).toContain(id);
  expect(found.find((one) => one.adapter.id === id)?.why).toBe(why);
});

test('a new migration is written where the host has its files', async () => {
  const { root, context } = stage();
  writeMigrations(join(root, 'db/migrations'), 'golang-migrate');
  const plan = await migrateCreate.plan({ name: 'eleventh', autogenerate: false }, context);
  expect(plan.facts).toContainEqual({ label: 'Directory', value: `${ROOT}/db/migrations, 10 migrations` });
  const { end } = await carryOut(plan, context);
  expect(end).toMatchObject({ status: 'done' });
  expect(existsSync(join(root, plan.steps[0]?.preview.split('\n')[0]?.slice(ROOT.length) ?? ''))).toBe(true);
  // where there is one already, it stays
  expect((await carryOut(plan, context)).end.text).toMatch(/EEXIST/);
});

test('whose project it is, too, where nothing was begun', async () => {
  const { context } = stage({ 'requirements.txt': 'aerich==0.7.2\n' });
  await expect(migrateCreate.plan({ name: 'first', autogenerate: false }, context)).rejects.toThrow(
    `there is Aerich, by requirements.txt of ${ROOT}`,
  );
});
