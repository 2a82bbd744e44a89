import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mergeRoutine } from '../../../../src/config/routine.ts';
import { leftBehind, listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { recover } from '../../../../src/ops/recover/recover.ts';
import { listBackups } from '../../../../src/ops/repository/repository.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { contextIn, inDatabase } from '../../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) =>
    session.sql('CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 1000) g'),
  );
});
afterAll(() => db.drop());

/** Two items that are done by nobody else, with a backup between them. */
const ROUTINE = {
  ...Object.fromEntries(mergeRoutine().map(({ name }) => [name, { every: 'never' }])),
  first: { every: 'weekly', command: 'true' },
  copy: { every: 'weekly', run: 'backup' },
  last: { every: 'weekly', check: 'disk' },
};

function place() {
  const home = temporaryDirectory();
  const settings = join(home, 'settings.json');
  writeFileSync(settings, JSON.stringify({ routine: ROUTINE }));
  const { host, port, user } = db.target();
  const args = ['--config', settings, '-h', host, '-p', String(port), '-U', user, '-d', db.database];
  const env = (more: Record<string, string> = {}) => ({
    ...cleanEnvironment(home),
    BACKUP_DIR: join(home, 'backups'),
    ...more,
  });
  const context = () => contextIn(db.target(), home, { XDG_STATE_HOME: join(home, '.local', 'state') });
  return { home, args, env, context };
}

const WEEKLY = ['maintain', '--routine', 'weekly', '--yes'];

test.each([
  // the first item, and no other, has ended before that
  ['item:copy', 0],
  ['dump', 0],
  ['verify', 0],
  ['publish:end', 1],
  ['item:copy:end', 1],
])(
  'killed at %s: what its operation has left is recovered, and the next run goes on',
  async (point, backups) => {
    const { home, args, env, context } = place();
    const child = spawn(process.execPath, [MAIN, ...args, ...WEEKLY], {
      env: env({ PGDECK_CRASH_AT: point }),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (data) => {
      said += String(data);
    });
    const [, signal] = await once(child, 'close');
    expect(signal, said).toBe('SIGKILL');

    const left = context();
    const plan = await recover.plan({}, left);
    const { end } = await carryOut(plan, left);
    expect(end, end.text).toMatchObject({ ok: true });
    const facts = plan.facts.map(({ label, value }) => `${label} ${value}`).join('\n');
    expect(facts).toMatch(
      backups === 1
        ? /routine (1|2) of 3 items were done; pgdeck maintain --routine weekly goes on with: .*last\./
        : /routine 1 of 3 items were done; pgdeck maintain --routine weekly goes on with: copy, last\./,
    );
    expect(listRuns(left.journal).filter(leftBehind)).toEqual([]);
    const found = await listBackups(join(home, 'backups'));
    expect(found.map(({ status }) => status)).toEqual(Array(backups).fill('ok'));

    const again = await pgdeck([...args, ...WEEKLY], env());
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).not.toMatch(/\] first/);
    expect(again.stderr).toMatch(/\] last/);
    expect(await listBackups(join(home, 'backups'))).toHaveLength(1);
    const nothing = await pgdeck([...args, ...WEEKLY], env());
    expect(nothing.code, nothing.stderr).toBe(0);
    expect(nothing.stderr).toMatch(/There is nothing to do\.$/m);
  },
  120_000,
);
