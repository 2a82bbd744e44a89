import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NotifySettings } from '../../../src/config/notify.ts';
import { UsageError } from '../../../src/config/usage-error.ts';
import { DbError } from '../../../src/db/errors.ts';
import type { Target } from '../../../src/db/target.ts';
import type { Message } from '../../../src/notify/message.ts';
import { Journal } from '../../../src/ops/engine/journal/journal.ts';
import { listRuns } from '../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../src/ops/engine/plan.ts';
import { tellEnd, tellUnplanned } from '../../../src/ops/notify/run-end.ts';
import { repositoryErrors } from '../../../src/ops/repository/errors.ts';
import { Receiver } from '../../notify/receiver.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf, planOf, step } from '../engine/run/stage.ts';

const receiver = new Receiver();
beforeAll(async () => void (await receiver.up()));
afterAll(() => receiver.down());

/** Nobody is asked: the steps do nothing on a server. */
const TARGET: Target = {
  ...{ host: 'db', port: 5432, user: 'dba', database: 'shop', sslmode: 'disable' },
  ...{ password: async () => undefined, connectTimeout: 1, readOnly: false },
};

let home: string;
beforeEach(() => {
  home = temporaryDirectory();
  receiver.requests.splice(0);
  receiver.answer = (_request, response) => response.end();
});

function context(notify: NotifySettings = {}, env: Record<string, string> = {}): OpContext {
  const webhooks = [receiver.url('/s3cret').href];
  return { ...contextOf(TARGET, home, { env }), notify: { webhooks, ...notify } };
}

interface Doing {
  readonly fails?: string;
  readonly notify?: NotifySettings;
  readonly env?: Record<string, string>;
  readonly stopped?: boolean;
}

/** Carries a plan out and tells its end; answers what was sent and what could not be told. */
async function ended(plan: Partial<Plan>, { fails, notify, env, stopped = false }: Doing = {}) {
  const work = async () => {
    if (fails !== undefined) throw new Error(fails);
  };
  const here = context(notify, env);
  const made = planOf([step('dump', work)], { server: here.place, ...plan });
  const { end } = await carryOut(made, here, stopped ? { signal: AbortSignal.abort() } : {});
  const failures = await tellEnd(made, end, here);
  return { sent: taken(), failures };
}

const taken = (): Message[] => receiver.requests.splice(0).map(({ body }) => JSON.parse(body));
const told = async (...args: Parameters<typeof ended>) =>
  (await ended(...args)).sent.map(({ state, check, object }) => `${state} ${check} ${object}`);

const BACKUP = { operation: 'backup', title: 'Back up shop', input: { database: [], schema_only: false } };
const NONE: NotifySettings = { long_run_minutes: 60 };
const ALL_LONG: NotifySettings = { long_run_minutes: 0 };

describe('a backup', () => {
  test('that fails is told, and the first that is done after it; one that is done after another is not', async () => {
    const { sent, failures } = await ended(BACKUP, {
      fails: 'pg_dump failed with exit code 1:\nthe disk is full\nmore',
    });
    expect(failures).toEqual([]);
    expect(sent).toEqual([
      {
        text: 'The backup of shop failed: Step dump: pg_dump failed with exit code 1: the disk is full.',
        ...{ check: 'backup_failed', object: 'shop', state: 'raised', severity: 'alert' },
        ...{ value: null, threshold: null, server: 'dba@db:5432/shop' },
        at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
    // none of these is a backup of all of shop that was done
    expect(await told({ ...BACKUP, input: { database: ['crm'] } })).toEqual([]);
    expect(await told({ ...BACKUP, input: { ...BACKUP.input, schema_only: true } })).toEqual([]);
    expect(await told({ ...BACKUP, server: 'dba@other:5432/shop' })).toEqual([]);
    expect(await told({ ...BACKUP }, { stopped: true })).toEqual([]);
    const again = await ended(BACKUP);
    expect(again.sent).toMatchObject([
      {
        state: 'resolved',
        check: 'backup_failed',
        text: 'The backup of shop is done; the one before had failed.',
      },
    ]);
    expect(await told(BACKUP)).toEqual([]);
  });

  test('that is stopped is told where a job has begun it: nobody sits before that', async () => {
    expect(await told(BACKUP, { stopped: true, env: { PGDECK_JOB: 'nightly' } })).toEqual([
      'raised backup_failed shop',
    ]);
    expect(await told(BACKUP)).toEqual(['resolved backup_failed shop']);
  });

  test('that cannot be planned because the server is away is told and noted; what is refused is not', async () => {
    const about = { operation: 'backup', input: { database: ['crm'] } };
    const away = new DbError('unreachable', 'Nothing accepts connections at db.', { next: 'Check it.' });
    expect(await tellUnplanned(about, away, context())).toEqual([]);
    expect(taken()).toMatchObject([
      {
        state: 'raised',
        object: 'crm',
        text: 'The backup of crm failed: Nothing accepts connections at db.',
      },
    ]);
    expect(listRuns(context().journal)).toMatchObject([{ operation: 'backup', status: 'failed' }]);
    for (const refused of [
      repositoryErrors.noBackup({ id: 'x', directory: '/d' }),
      new UsageError('That is no input.'),
    ])
      await tellUnplanned(about, refused, context());
    await tellUnplanned({ operation: 'vacuum', input: {} }, away, context());
    await tellUnplanned(about, away, context({ operations: false }));
    expect([taken(), listRuns(context().journal).length]).toEqual([[], 1]);
    expect(await told({ ...BACKUP, input: { database: ['crm'] } })).toEqual(['resolved backup_failed crm']);
  });
});

test('a drill that fails is told; only one of the same level makes up for it', async () => {
  const drill = (level: string, day: string) => ({
    ...{ operation: 'backups verify', title: `Verify shop_${day}_030000`, server: '/var/backups' },
    input: { id: `shop_${day}_030000`, level },
  });
  const { sent } = await ended(drill('restore', '20260101'), { fails: 'It does not restore.' });
  expect(sent).toMatchObject([
    {
      ...{ check: 'drill_failed', object: 'shop', state: 'raised', severity: 'critical' },
      text: 'The restore drill of shop_20260101_030000 failed: Step dump: It does not restore.',
      server: 'dba@db:5432/shop',
    },
  ]);
  expect(await told(drill('checksum', '20260101'))).toEqual([]);
  expect(await told(drill('restore', '20260102'))).toEqual(['resolved drill_failed shop']);
});

test('a run that took long is told at its end; a short one is not, whether it failed or not', async () => {
  const vacuum = { operation: 'vacuum', title: 'VACUUM of shop', input: {} };
  const done = await ended(vacuum, { notify: ALL_LONG });
  expect(done.sent).toMatchObject([
    { check: 'long_run', state: 'resolved', severity: 'warning', threshold: 0 },
  ]);
  expect(done.sent[0]?.text).toMatch(/^VACUUM of shop: done after \d+s\.$/);
  const { sent } = await ended(vacuum, { notify: ALL_LONG, fails: 'no' });
  expect(sent[0]?.text).toMatch(/^VACUUM of shop: failed after \d+s: Step dump: no\.$/);
  expect(sent[0]).toMatchObject({ check: 'long_run', state: 'raised' });
  const other = await ended({ ...vacuum, input: { table: ['b'] } }, { notify: ALL_LONG });
  expect(other.sent[0]?.text).toContain('done after');
  const again = await ended(vacuum, { notify: ALL_LONG });
  expect(again.sent[0]?.text).toBe('VACUUM of shop is done; the one before had failed.');
  expect(await told({ ...vacuum, operation: 'analyze' }, { notify: NONE, fails: 'no' })).toEqual([]);
  // of a backup it is told that it failed, not that it took long
  expect(await told(BACKUP, { notify: ALL_LONG, fails: 'no' })).toEqual(['raised backup_failed shop']);
});

describe('who is not told', () => {
  test('nobody, where nobody is named or operations are none of their concern', async () => {
    expect(await told(BACKUP, { fails: 'no', notify: { webhooks: [] } })).toEqual([]);
    expect(await told(BACKUP, { fails: 'no', notify: { operations: false } })).toEqual([]);
    const env = { PGDECK_WEBHOOK_URL: receiver.url('/env').href };
    expect(await told(BACKUP, { fails: 'no', notify: { webhooks: [] }, env })).toHaveLength(1);
  });

  test('a channel that refuses is said in a line, and so is a setting that is wrong; no secret is in it', async () => {
    receiver.answer = (_request, response) => response.writeHead(404).end();
    const refused = await ended(BACKUP, { fails: 'no' });
    expect(refused.failures).toEqual(['Not told outside: http://127.0.0.1/… answered 404.']);
    const env = { PGDECK_WEBHOOK_URL: 'slack:s3cret' };
    const { failures } = await ended(BACKUP, { fails: 'no', env });
    expect(failures).toEqual([
      'Nobody was told outside: PGDECK_WEBHOOK_URL: expected a URL with http:// or https://. Nothing was begun.',
    ]);
  });
});

test('a run that was killed says nothing of what it was about', async () => {
  await ended(BACKUP, { fails: 'no' });
  const killed = Journal.begin(join(home, 'state', 'pgdeck', 'runs'), {
    ...{ operation: 'backup', subject: 'Back up shop', server: 'dba@db:5432/shop', steps: [] },
    input: BACKUP.input,
  });
  expect(killed.id).toMatch(/^\d{8}T/);
  expect(await told(BACKUP)).toEqual(['resolved backup_failed shop']);
});
