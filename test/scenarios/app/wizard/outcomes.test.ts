import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WIZARD_ACTIONS } from '../../../../src/app/wizard/actions.ts';
import { openWizard } from '../../../../src/app/wizard/flow.ts';
import { runEnding } from '../../../../src/app/wizard/lines/result.ts';
import { updateWizard } from '../../../../src/app/wizard/state.ts';
import type { BackupSettings } from '../../../../src/config/settings.ts';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import type { OperationEntry, RawInput } from '../../../../src/ops/engine/operation.ts';
import type { Plan, Step } from '../../../../src/ops/engine/plan.ts';
import { entryOf, OPERATIONS } from '../../../../src/ops/registry.ts';
import { listBackups } from '../../../../src/ops/repository/repository.ts';
import { snapshotText } from '../../../../src/ops/schema/format.ts';
import { takeSchemaSnapshot } from '../../../../src/ops/schema/snapshot.ts';
import { script, untilCancelled, WizardStage } from '../../../app/wizard/stage.ts';
import { carryOut, contextOf } from '../../../ops/engine/run/stage.ts';
import { sqliteFile } from '../../../ops/import/stage.ts';
import { directoryOf, ways } from '../../../ops/migrate/run/stage.ts';
import { inDatabase } from '../../../ops/restore/stage.ts';
import { client, serverTarget, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const repository = join(home, 'backups');
const settings = join(home, 'settings.json');
const env = { XDG_STATE_HOME: join(home, 'state'), BACKUP_DIR: repository, PGDECK_CONFIG: settings };
/** Copies go there. */
const backup: BackupSettings = { remote: { kind: 'directory', path: join(home, 'away') } };
const path = process.env.PATH;
let db: TestDatabase;
let stage: WizardStage;

/** As Debian's, with a file of its own. */
const CRONTAB = `#!/bin/sh
case "$1" in
  -l) cat '${home}/crontab' ;;
  -) cat > '${home}/crontab' ;;
esac
`;

beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) =>
    session.sql(
      'CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 100) g; CREATE INDEX t_id ON t (id)',
    ),
  );
  mkdirSync(join(home, 'bin'));
  mkdirSync(join(home, 'away'));
  writeFileSync(join(home, 'bin', 'crontab'), CRONTAB);
  chmodSync(join(home, 'bin', 'crontab'), 0o755);
  writeFileSync(join(home, 'crontab'), '');
  writeFileSync(settings, JSON.stringify({ profiles: { shop: {} } }));
  process.env.PATH = `${join(home, 'bin')}:${path}`;
  directoryOf(home, 'migrations', {
    '1_a': ways('CREATE TABLE a ();', 'DROP TABLE a;'),
    '2_b': ways('CREATE TABLE b ();', 'DROP TABLE b;'),
  });
  stage = new WizardStage(db.target(), script(), { env, profileName: 'shop', backup });
});
afterAll(async () => {
  process.env.PATH = path;
  await stage?.stop();
  const admin = await client(serverTarget());
  // what restores have put aside
  for (const { name } of await admin.sql(
    "SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1 || '_') OR datname = 'outcomes_copy'",
    [db.database],
  ))
    await admin.sql(`DROP DATABASE "${name}" WITH (FORCE)`);
  await admin.sql(`DROP OWNED BY ${db.database}_made`).catch(() => {});
  await db?.drop();
  await admin.sql(`DROP ROLE IF EXISTS ${db.database}_made`);
  await admin.close();
});

/** Carries an operation out beside the console, for what another one needs. */
async function carriedOut(id: string, input: Record<string, unknown>): Promise<void> {
  const operation = await entryOf(id)?.load();
  const context = contextOf(db.target(), home, { env, more: { backup } });
  try {
    const plan = await operation?.plan(operation.input.parse(input), context);
    const { end } = await carryOut(plan as Plan, context);
    if (!end.ok) throw new Error(end.text);
  } finally {
    await context.close();
  }
}

let kept: Promise<string> | undefined;
/** One that is only looked at. */
const someBackup = () => {
  kept ??= backedUp();
  return kept;
};

async function backedUp(): Promise<string> {
  await carriedOut('backup', {});
  const [newest] = await listBackups(repository);
  return newest?.id ?? '';
}

const dir = join(home, 'migrations');

/** A file of the structure with a table that is not there any more. */
async function expected(): Promise<string> {
  const file = join(home, 'schema.json');
  await inDatabase(db.database, async (session) => {
    await session.sql('CREATE TABLE IF NOT EXISTS expected_of_it (id int)');
    writeFileSync(file, snapshotText(await takeSchemaSnapshot(session)));
    await session.sql('DROP TABLE expected_of_it');
  });
  return file;
}

/** What each is given so that there is something to do; in the order of the registry. */
const ANSWERS: Readonly<Record<string, () => Promise<RawInput>>> = {
  prepared: async () => {
    await inDatabase(db.database, async (session) => {
      await session.sql('BEGIN');
      await session.sql('INSERT INTO t VALUES (0)');
      await session.sql(`PREPARE TRANSACTION '${db.database}'`);
    });
    return { gid: db.database, outcome: 'rollback' };
  },
  restore: async () => ({ backup: await someBackup(), into: 'outcomes_copy' }),
  backup: async () => ({}),
  'backups verify': async () => ({ id: await someBackup() }),
  'backups pin': async () => ({ id: await someBackup() }),
  'backups unpin': async () => ({ id: await someBackup() }),
  'backups push': async () => ({ id: await someBackup() }),
  'backups pull': async () => {
    const id = await backedUp();
    await carriedOut('backups push', { id });
    await carriedOut('backups delete', { id });
    return { id };
  },
  'backups delete': async () => ({ id: await backedUp() }),
  'backups prune': async () => ({ keep: `last ${await backedUp().then(() => 1)}` }),
  'health waive': async () => ({ id: 'disk', until: '2999-12-31', reason: 'known' }),
  'health unwaive': async () => ({ id: 'disk' }),
  maintain: async () => ({ item: ['upgrade'] }),
  vacuum: async () => ({ table: ['t'] }),
  analyze: async () => ({ table: ['t'] }),
  reindex: async () => ({ index: ['t_id'] }),
  orphans: async () => {
    await inDatabase(db.database, (session) =>
      session.sql(
        'CREATE TABLE o_parent (id int PRIMARY KEY); CREATE TABLE o (id int PRIMARY KEY, parent int); INSERT INTO o VALUES (1, 1)',
      ),
    );
    return { table: 'public.o', columns: 'parent', references: 'o_parent', action: 'delete' };
  },
  'indexes create': async () => ({ table: 't', columns: ['id'], name: 't_other', where: 'id > 1' }),
  'indexes drop': async () => ({ index: ['t_other'] }),
  check: async () => ({ table: ['t'] }),
  cleanup: async () => {
    await inDatabase(db.database, (session) =>
      session.sql("CREATE TABLE old (id int PRIMARY KEY, at date); INSERT INTO old VALUES (1, '2001-01-01')"),
    );
    return { table: 'public.old', column: 'at', older_than: '1y', archive: join(home, 'rows') };
  },
  'cleanup restore': async () => {
    await inDatabase(db.database, (session) => session.sql("INSERT INTO old VALUES (2, '2001-01-01')"));
    const input = { table: 'public.old', column: 'at', older_than: '1y', archive: join(home, 'rows') };
    await carriedOut('cleanup', input);
    const [run] = listRuns(join(env.XDG_STATE_HOME, 'pgdeck', 'runs')).filter(
      ({ operation }) => operation === 'cleanup',
    );
    return { run: run?.id ?? '' };
  },
  'migrate up': async () => ({ dir }),
  'migrate down': async () => ({ dir }),
  'migrate repair': async () => {
    await inDatabase(db.database, (session) =>
      session.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_id'::regclass"),
    );
    return { dir };
  },
  'migrate verify': async () => ({ dir }),
  'migrate create': async () => ({ name: 'c', dir, tool: 'sql' }),
  'schema fix': async () => ({ against: await expected() }),
  'import sqlite': async () => ({
    file: sqliteFile("CREATE TABLE came (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO came (v) VALUES ('a')"),
    report: join(home, 'import'),
  }),
  'db create': async () => ({ name: `${db.database}_made`, comment: 'made' }),
  'db reset': async () => ({ name: `${db.database}_made` }),
  'db drop': async () => ({ name: 'outcomes_copy' }),
  'db setup': async () => {
    const file = join(home, 'pgdeck.setup.json');
    writeFileSync(join(home, 'set-up.sql'), 'CREATE TABLE by_setup (id int);');
    const database = { name: `${db.database}_set_up` };
    writeFileSync(file, JSON.stringify({ database, sql: ['set-up.sql'], migrations: { dir: 'migrations' } }));
    return { file };
  },
  'db upgrade': async () => ({ file: join(home, 'pgdeck.setup.json') }),
  'role create': async () => ({
    name: `${db.database}_made`,
    password: 'typed in it',
    password_again: 'typed in it',
  }),
  'role password': async () => ({ name: `${db.database}_made` }),
  'role grant': async () => ({ name: `${db.database}_made`, as: 'read-only', schema: ['public'] }),
  'run-sql': async () => {
    writeFileSync(join(home, 'outcomes.sql'), 'CREATE TABLE by_file (id int);');
    return { file: join(home, 'outcomes.sql') };
  },
  'explain analyze': async () => ({ sql: 'SELECT 1' }),
  'statements log': async () => ({ over: '250ms', database: db.database }),
  'settings set': async () => ({ name: 'work_mem', value: '5MB', database: db.database }),
  'settings reset': async () => ({ name: 'work_mem', database: db.database }),
  'schedule install': async () => ({ name: 'outcomes', at: '30 2 * * *' }),
  'schedule remove': async () => ({ name: 'outcomes' }),
  undo: async () => {
    await carriedOut('restore', { backup: await backedUp(), no_safety_backup: true });
    const [run] = listRuns(join(env.XDG_STATE_HOME, 'pgdeck', 'runs')).filter(({ undo }) =>
      undo?.includes(' undo '),
    );
    return { run: run?.id ?? '' };
  },
  recover: async () => {
    mkdirSync(join(repository, 'shop_20260101_000000.deleting'), { recursive: true });
    return {};
  },
};

/** They end the server that the others need, or need docker or a cluster: see test/ops and test/scenarios/hosts. */
const ELSEWHERE = new Set([
  // its extension takes a library that this server has not loaded
  'statements reset',
  'server restart',
  'pod delete',
  'pod restart',
  'pod scale',
  'compose reset',
  'volumes restore',
]);
const WIZARDS = OPERATIONS.filter(({ id, ownKeys }) => ownKeys !== true && !ELSEWHERE.has(id));

test('every operation that has a wizard is walked through', () => {
  expect(Object.keys(ANSWERS)).toEqual(WIZARDS.map(({ id }) => id));
});

/** Its plan, with what a test makes of it. */
async function planned(change: (plan: Plan) => Plan = (plan) => plan): Promise<Plan> {
  const { plan, ...phase } = await stage.at('plan');
  const changed = change(plan);
  updateWizard(stage.deck, stage.wizard.id, { phase: { ...phase, plan: changed } });
  return changed;
}

const withSteps = (plan: Plan, run: Step['run']): Plan => {
  const [first, ...rest] = plan.steps;
  if (first === undefined) throw new Error(`there is nothing to do: ${plan.title}`);
  return { ...plan, steps: [{ ...first, run, waits: false }, ...rest] };
};

/** Confirms what is planned as it asks for it. */
function confirm({ danger, subject }: Plan): void {
  stage.keys('enter');
  if (danger === 'confirm') stage.keys('y');
  if (danger !== 'type-name') return;
  stage.type(subject);
  stage.keys('enter');
}

const KEYS = WIZARD_ACTIONS.filter(({ scope }) => scope === 'result').flatMap(({ keys }) => keys);
const NAMED = new Set([...KEYS.map((key) => (key === 'enter' ? 'Enter' : key)), '8']);

/** Outcome, state and next step, each said, as the page shows them. */
async function ended(word: string): Promise<{ state: string; next: string }> {
  // a set-up or an upgrade is several runs, and a look at the health of it all
  await until(() => stage.wizard.phase.step === 'result', { what: 'the end of the run', timeout: 50_000 });
  const { run } = await stage.at('result');
  const ending = runEnding(stage.deck, run, stage.wizard.operation);
  const { outcome = '', state = '', next = '' } = ending ?? {};
  expect(ending?.word, run.end?.text).toBe(word);
  expect(outcome).toMatch(/\S/);
  expect(state).toMatch(/^[\w/].{10,}(\.|: (:|pgdeck )[^.]+)$/s);
  expect(state).not.toMatch(/Not known|undefined|--\w/);
  // a command line's words stay out of the console
  expect(`${outcome} ${next.replace(/\([^)]*\)/, '')}`).not.toMatch(/ --\w/);
  expect(next.split(/[ ,;]/).some((part) => NAMED.has(part))).toBe(true);
  expect(stage.text).toMatch(new RegExp(`^ ${word} +\\S[\\s\\S]*\\n Data +\\S[\\s\\S]*\\n Next +\\S`, 'm'));
  return { state, next };
}

test.each(WIZARDS)(
  '$id: blocked, failed, cancelled, done',
  async (entry: OperationEntry) => {
    const preset = await ANSWERS[entry.id]?.();
    openWizard(stage.deck, entry, { preset: preset ?? {} });
    await stage.at('form');
    stage.keys('enter');

    await planned((plan) => ({
      ...plan,
      checks: [{ title: 'Room', status: 'block', detail: 'the disk is full' }],
    }));
    expect(stage.text).toMatch(/Cannot run: 1 check blocks it\. Nothing was changed\./);
    expect(stage.text).toMatch(/Next: remove the cause, then Esc/);
    stage.keys('enter');
    expect(stage.wizard.phase.step).toBe('plan');
    stage.keys('esc', 'enter');

    confirm(await planned((plan) => withSteps(plan, () => Promise.reject(new Error('no room')))));
    const failed = await ended('FAILED');
    expect(stage.text).toContain('no room');
    expect(failed.next).toContain('r plans it again with the same answers');
    stage.keys('r');

    confirm(await planned((plan) => withSteps(plan, untilCancelled)));
    await stage.at('run');
    stage.keys('esc', 'y');
    await ended('CANCELLED');
    // the answers are there when it is opened again
    stage.keys('enter');
    openWizard(stage.deck, entry);
    stage.keys('enter');

    confirm(await planned());
    const { next } = await ended('DONE');
    expect(next).toContain('Enter closes');
    stage.keys('enter');
    expect(stage.deck.state.overlay).toBeUndefined();
  },
  60_000,
);

test('what cannot be planned says so too, and Enter goes to the field that is named', async () => {
  const entry = entryOf('migrate up') as OperationEntry;
  openWizard(stage.deck, entry, { preset: { dir: join(home, 'nowhere') } });
  await stage.at('form');
  stage.keys('enter');
  await stage.at('failed');
  expect(stage.text).toMatch(
    /NO PLAN +\S[\s\S]*Data +Nothing was changed\.[\s\S]*Next +Enter goes to "Directory"/,
  );
  expect(stage.text).not.toContain('--dir');
  stage.keys('enter');
  expect(stage.wizard.form.focus).toBe('dir');
  rmSync(join(home, 'nowhere'), { recursive: true, force: true });
});

test.each([
  ['migrate up', { dir, to: '2099' }, 'to', 'Up to'],
  ['restore', { backup: '/no/such.dump' }, 'backup', 'Backup'],
])('%s that names a wrong value leads to its field', async (id, preset, focus, title) => {
  openWizard(stage.deck, entryOf(id) as OperationEntry, { preset });
  await stage.at('form');
  stage.keys('enter');
  await stage.at('failed');
  expect(stage.text).toContain(`Enter goes to "${title}"`);
  stage.keys('enter');
  expect(stage.wizard.form.focus).toBe(focus);
  stage.keys('esc');
});

test('what is wrong with the answers together is told with the fields of the form', async () => {
  openWizard(stage.deck, entryOf('reindex') as OperationEntry);
  await stage.at('form');
  stage.keys('enter');
  const [last] = stage.deck.state.log.slice(-1);
  expect(last?.text).toBe(
    'Say what is rebuilt: "Indexes", "Tables", "Schemas", or "The whole database" for all that is there.',
  );
  stage.keys('esc');
});
