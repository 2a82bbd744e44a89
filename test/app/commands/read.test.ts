import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSent } from '../../../src/app/commands/read.ts';
import type { Sent } from '../../../src/app/core/state.ts';
import { Journal, markUndone } from '../../../src/ops/engine/journal/journal.ts';
import { temporaryDirectory } from '../../support/program.ts';

const server = 'app@db:5432/shop';
const steps = [
  { title: 'First', preview: 'REINDEX INDEX a' },
  { title: 'Wait', preview: '' },
  { title: 'Second', preview: 'REINDEX INDEX b;\nANALYZE t' },
  { title: 'Third', preview: 'DROP INDEX c' },
];

function record(directory: string, operation: string, at: string, did: (journal: Journal) => void): string {
  const journal = Journal.begin(directory, { operation, subject: operation, server, steps }, new Date(at));
  did(journal);
  return journal.id;
}

test('of every run that changes a server the steps that were begun, the newest first', async () => {
  const directory = temporaryDirectory();
  const reindex = record(directory, 'reindex', '2026-01-02T03:04:05Z', (journal) => {
    journal.startStep(0);
    journal.finishStep(0, true, 'done');
    journal.startStep(1);
    journal.finishStep(1, true, 'done');
    journal.startStep(2);
    journal.finishStep(2, false, 'it failed');
    journal.end('failed');
  });
  const killed = record(directory, 'vacuum', '2026-01-02T03:05:05Z', (journal) => journal.startStep(0));
  // these change nothing there
  record(directory, 'backup', '2026-01-02T03:06:05Z', (journal) => journal.startStep(0));
  record(directory, 'arm', '2026-01-02T03:06:06Z', (journal) => journal.startStep(0));
  markUndone(directory, killed, 'another');
  writeFileSync(join(directory, 'not-a-run'), '');
  const sent = await readSent(directory, []);
  expect(sent.map(({ run, step, text, ok, undone }) => [run, step, text, ok, undone])).toEqual([
    [killed, 0, 'REINDEX INDEX a', null, true],
    [reindex, 2, 'REINDEX INDEX b;\nANALYZE t', false, false],
    [reindex, 0, 'REINDEX INDEX a', true, false],
  ]);
});

test('what the journal lacks is that of this console, and nothing stands twice', async () => {
  const directory = temporaryDirectory();
  const run = record(directory, 'terminate', '2026-01-02T03:04:05Z', (journal) => {
    journal.startStep(0);
    journal.end('done');
  });
  const own = (of: string, step: number): Sent => ({
    ...{ run: of, step, at: Date.now() + 1000, operation: 'terminate', server, title: 'x', text: 'SELECT 1' },
    ...{ ok: true, undone: false },
  });
  const sent = await readSent(directory, [own(run, 0), own('unrecorded', 0)]);
  expect(sent.map((one) => one.run)).toEqual(['unrecorded', run]);
  expect(await readSent(undefined, [own('x', 0)])).toHaveLength(1);
  expect(await readSent(join(directory, 'none'), [])).toEqual([]);
});
