import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Model } from '../../../../src/app/core/model.ts';
import { RunList, type RunRow } from '../../../../src/app/runs/read.ts';
import { runSections } from '../../../../src/app/runs/sections.ts';
import { sectionLines } from '../../../../src/app/screen/reading.ts';
import { operationsView } from '../../../../src/app/views/operations.ts';
import { mergeThresholds } from '../../../../src/config/thresholds.ts';
import { WAITING } from '../../../../src/monitor/snapshot.ts';
import { Journal, markUndone } from '../../../../src/ops/engine/journal/journal.ts';
import { lineText } from '../../../../src/text/line.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const facts = {
  operation: 'backup',
  subject: 'Back up 库存',
  server: 'me@here:5432/shop',
  steps: [{ id: 'dump', title: 'Dump', preview: 'pg_dump' }],
};

const read = (list: RunList) => list.read(Date.now());

/** As a process leaves it that was killed. */
function orphan(directory: string, id: string): void {
  const path = join(directory, id, 'plan.json');
  const plan = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...plan, pid: 2 ** 22 + 1, process_started: 'long ago' }));
}

test('a run is running while its process does, and over when it has said so', async () => {
  const directory = temporaryDirectory();
  const list = new RunList(directory);
  const journal = Journal.begin(directory, facts);
  expect(await read(list)).toMatchObject([{ id: journal.id, status: 'running', undo: null }]);
  journal.startStep(0);
  journal.finishStep(0, true, 'done');
  journal.end('done', `pgdeck undo ${journal.id}`);
  expect(await read(list)).toMatchObject([{ status: 'done', undo: `pgdeck undo ${journal.id}` }]);
  markUndone(directory, journal.id, 'another');
  expect(await read(list)).toMatchObject([{ undo: null, undoneBy: 'another' }]);
});

test('megabytes of output do not hide the end, and an end in the output is none', async () => {
  const directory = temporaryDirectory();
  const list = new RunList(directory);
  const journal = Journal.begin(directory, facts);
  for (let i = 0; i < 20_000; i++) journal.write({ type: 'line', step: 0, text: `${i} "type":"end"` });
  expect(await read(list)).toMatchObject([{ status: 'running' }]);
  journal.end('failed', null, `no ${'room '.repeat(500)}`);
  expect(await read(list)).toMatchObject([{ status: 'failed' }]);
});

test('what a killed process has left is interrupted, marked, and can be recovered', async () => {
  const directory = temporaryDirectory();
  const journal = Journal.begin(directory, facts);
  orphan(directory, journal.id);
  const [row] = await read(new RunList(directory));
  expect(row).toMatchObject({ status: 'interrupted', seconds: null });
  const model = new Model({ part: () => WAITING, server: undefined }, mergeThresholds());
  const cell = (id: string) => {
    const column = operationsView.columns.find((c) => c.id === id);
    return String(column?.cell?.(row as RunRow, model) ?? column?.value(row as RunRow, model));
  };
  expect(cell('status')).toContain('!');
  expect(cell('undo')).toBe('recover');
  model.keyOf = (id) => (id === 'runs.undo' ? 'U' : undefined);
  expect(cell('undo')).toBe('U recover');
});

test('newest first; what is no run, or half written, is passed over', async () => {
  const directory = temporaryDirectory();
  const first = Journal.begin(directory, facts, new Date('2026-01-01T00:00:00Z'));
  const second = Journal.begin(directory, facts, new Date('2026-01-02T00:00:00Z'));
  mkdirSync(join(directory, 'zzz'));
  writeFileSync(join(directory, 'zzz', 'plan.json'), '{"id":');
  appendFileSync(join(directory, first.id, 'events.ndjson'), '{"type":"end","sta');
  expect((await read(new RunList(directory))).map(({ id }) => id)).toEqual([second.id, first.id]);
  expect(await read(new RunList(join(directory, 'missing')))).toEqual([]);
});

test('the details have results, steps and output', () => {
  const directory = temporaryDirectory();
  const journal = Journal.begin(directory, facts);
  journal.startStep(0);
  journal.write({ type: 'line', step: 0, text: 'dumping 库存' });
  journal.write({
    type: 'result',
    step: 0,
    table: { title: 'Sizes', columns: ['表', 'n'], rows: [['库存', '1']] },
  });
  journal.finishStep(0, false, 'the disk is full');
  journal.end('failed', null, 'It failed.');
  const sections = runSections(directory, journal.id);
  expect(sections.map(({ title }) => title)).toEqual([
    'Outcome',
    'Sizes',
    '1. Dump: the disk is full',
    'Output',
  ]);
  const shown = (columns: number) =>
    sectionLines(sections, columns, '…')
      .map(lineText)
      .map((line) => line.trimEnd());
  expect(shown(80)).toEqual(expect.arrayContaining(['  表    n', '  库存  1']));
  // too wide: row by row, with the headings
  expect(shown(8)).toEqual(expect.arrayContaining(['  库存', '    n:', '    1']));
  expect(runSections(directory, 'missing')[0]?.text).toContain('no readable record');
});

test('what could not be rolled back is offered to be cleaned up, until that is done', async () => {
  const directory = temporaryDirectory();
  const list = new RunList(directory);
  const journal = Journal.begin(directory, facts);
  journal.startStep(0);
  journal.write({ type: 'rollback', step: 0, ok: false, text: 'the server is gone' });
  journal.end('failed', null, 'It failed.');
  expect(await read(list)).toMatchObject([{ status: 'failed', left: true }]);
  appendFileSync(
    join(directory, journal.id, 'events.ndjson'),
    `${JSON.stringify({ at: new Date().toISOString(), type: 'recovered', by: 'another' })}\n`,
  );
  expect(await read(list)).toMatchObject([{ left: false, recoveredBy: 'another' }]);
});

test('a step that tells more than that it is done is listed with what it tells', () => {
  const directory = temporaryDirectory();
  const journal = Journal.begin(directory, facts);
  journal.startStep(0);
  journal.finishStep(0, true, 'Session 1 is gone.', { kind: 'ended', facts: {} });
  journal.end('done');
  expect(runSections(directory, journal.id).map(({ title }) => title)).toContainEqual(
    expect.stringMatching(/: Session 1 is gone\.$/),
  );
});
