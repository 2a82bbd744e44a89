import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Journal } from '../../../../src/ops/engine/journal/journal.ts';
import { journalDirectory, listRuns, readRun } from '../../../../src/ops/engine/journal/runs.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const facts = {
  operation: 'terminate',
  subject: 'Terminate 2 sessions',
  server: 'dba@db:5432/shop',
  steps: [
    { title: 'session 1', preview: 'SELECT 1' },
    { title: 'session 2', preview: 'SELECT 2' },
  ],
};
const home = temporaryDirectory();
let n = 0;
const empty = () => join(home, `journal-${n++}`);

test('a run reads back as it was written', () => {
  const directory = empty();
  const journal = Journal.begin(directory, facts);
  expect(readRun(directory, journal.id)).toMatchObject({
    ...facts,
    status: 'running',
    ended_at: null,
    pid: process.pid,
  });
  journal.startStep(0);
  journal.finishStep(0, true, 'gone');
  journal.startStep(1);
  journal.finishStep(1, false, 'still there');
  journal.end('failed', 'pgdeck undo x');
  const run = readRun(directory, journal.id);
  expect(run).toMatchObject({
    status: 'failed',
    undo: 'pgdeck undo x',
    ended_at: expect.stringMatching(/^\d{4}-/),
  });
  expect(run?.events.map(({ type, step, ok }) => [type, step, ok])).toEqual([
    ['start', 0, undefined],
    ['finish', 0, true],
    ['start', 1, undefined],
    ['finish', 1, false],
    ['end', undefined, undefined],
  ]);
});

test('only its owner can read it', () => {
  const directory = empty();
  const { id } = Journal.begin(directory, facts);
  const modes = [
    directory,
    join(directory, id),
    ...readdirSync(join(directory, id)).map((name) => join(directory, id, name)),
  ];
  expect(modes.map((path) => statSync(path).mode & 0o077)).toEqual(modes.map(() => 0));
});

test('newest first; what is no record is passed over', () => {
  const directory = empty();
  const old = Journal.begin(directory, facts, new Date('2026-01-02T03:04:05Z'));
  const fresh = Journal.begin(directory, facts, new Date('2026-11-20T12:00:00Z'));
  mkdirSync(join(directory, '20270101T000000-broken'));
  writeFileSync(join(directory, 'note.txt'), '');
  expect(listRuns(directory).map((run) => run.id)).toEqual([fresh.id, old.id]);
  expect(listRuns(join(home, 'nowhere'))).toEqual([]);
  expect(readRun(directory, '../escape')).toBeUndefined();
});

test('a process that was killed leaves an interrupted run, a half-written last line does not hide the rest', () => {
  const directory = empty();
  const module = fileURLToPath(new URL('../../../../src/ops/engine/journal/journal.ts', import.meta.url));
  const script = `import { Journal } from ${JSON.stringify(module)};
    const journal = Journal.begin(${JSON.stringify(directory)}, ${JSON.stringify(facts)});
    journal.startStep(0);
    console.log(journal.id);
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const id = readdirSync(directory)[0] ?? '';
  expect([child.signal, id]).toEqual(['SIGKILL', expect.stringMatching(/^\d{8}T\d{6}-/)]);
  appendFileSync(join(directory, id, 'events.ndjson'), '{"at":"2026');
  expect(readRun(directory, id)).toMatchObject({
    status: 'interrupted',
    events: [{ type: 'start', step: 0 }],
  });
});

test('a place that cannot be written is an error before anything is done', () => {
  const directory = empty();
  writeFileSync(directory, 'a file where the directory should be');
  chmodSync(directory, 0o600);
  expect(() => Journal.begin(directory, facts)).toThrow(/EEXIST|ENOTDIR/);
});

test('XDG_STATE_HOME is respected', () => {
  expect(journalDirectory({ XDG_STATE_HOME: '/state' }, '/home/x')).toBe('/state/pgdeck/runs');
  expect(journalDirectory({}, '/home/x')).toBe('/home/x/.local/state/pgdeck/runs');
});
