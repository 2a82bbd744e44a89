import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Later, Outcome } from '../../../../../src/ops/engine/outcome.ts';
import type { OpEvent, Step } from '../../../../../src/ops/engine/plan.ts';
import { contexts } from '../../../../ops/engine/run/contexts.ts';
import { carryOut, contextOf, planOf, step } from '../../../../ops/engine/run/stage.ts';
import { serverTarget } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const { context } = contexts();

const outcome = (kind: string, ok: boolean, stops?: string) =>
  new Outcome({ kind, ok, stops, text: `It is ${kind}.`, facts: { kind } });

/** A step that is begun beside others, and says when. */
function beside(id: string, said: string[], answer: () => unknown, more: Partial<Step> = {}): Step {
  return step(
    id,
    async () => {
      said.push(id);
      return answer();
    },
    { independent: true, alongside: true, unbegun: (why) => outcome(`not begun: ${why}`, false), ...more },
  );
}

const told = (events: readonly OpEvent[]) =>
  events.flatMap((event) =>
    event.type === 'finish' ? `${event.step} ${event.ok} ${event.outcome?.kind ?? event.text ?? 'done'}` : [],
  );

test('what comes to its end later is waited for when all beside it have begun, together, and before what follows', async () => {
  const said: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { events, end, run } = await carryOut(
    planOf([
      beside('slow', said, () => {
        return new Later(async () => {
          await gate.promise;
          return outcome('slow', true);
        });
      }),
      beside('known', said, () => outcome('known', false)),
      beside('quick', said, () => {
        return new Later(async () => {
          gate.resolve();
          return outcome('quick', true);
        });
      }),
      step('last', async () => void said.push('last')),
    ]),
    context(),
  );
  expect(said).toEqual(['slow', 'known', 'quick', 'last']);
  expect(told(events)).toEqual(['1 false known', '2 true quick', '0 true slow', '3 true done']);
  // one that nobody needs has failed, in its own words
  expect(end).toMatchObject({ ok: false, status: 'failed', text: 'It is known.' });
  expect(run?.events.find((event) => event.type === 'finish')).toMatchObject({
    ...{ step: 1, ok: false, text: 'It is known.' },
    outcome: { kind: 'known', facts: { kind: 'known' } },
  });
});

test('where nothing can follow, the rest is not begun and that is told; what was begun is seen to its end', async () => {
  const said: string[] = [];
  const { events, end } = await carryOut(
    planOf([
      beside('begun', said, () => new Later(async () => outcome('seen', true))),
      beside('broken', said, () => outcome('broken', false, 'the line is cut')),
      beside('third', said, () => undefined),
      step('always', async () => void said.push('always'), { always: true }),
    ]),
    context(),
  );
  expect(said).toEqual(['begun', 'broken', 'always']);
  expect(told(events)).toEqual([
    '1 false broken',
    '2 false not begun: the line is cut',
    '0 true seen',
    '3 true done',
  ]);
  expect(end.status).toBe('failed');
});

test('a run that is stopped begins nothing more, and what it has learned stands', async () => {
  const said: string[] = [];
  const abort = new AbortController();
  const { events, end } = await carryOut(
    planOf([
      beside('begun', said, () => {
        abort.abort();
        return new Later(async () => outcome('seen', true));
      }),
      beside('second', said, () => undefined),
    ]),
    context(),
    { signal: abort.signal },
  );
  expect(said).toEqual(['begun']);
  expect(told(events)).toEqual(['1 false not begun: the run was stopped', '0 true seen']);
  expect(end).toMatchObject({
    status: 'cancelled',
    text: 'It was cancelled.\nIt is not begun: the run was stopped.',
  });
});

test('an end that fails to be seen is why the step failed', async () => {
  const later = () =>
    new Later(async () => {
      throw new Error('Nobody looked.');
    });
  const { end } = await carryOut(planOf([beside('one', [], later)]), context());
  expect(end).toMatchObject({ status: 'failed', text: 'Step one: Nobody looked.' });
});

test('a password in what is told is in no event and no record', async () => {
  const here = context();
  here.secrets.add('S3cret!word');
  const answer = () =>
    new Outcome({ kind: 'x', ok: true, text: 'S3cret!word', facts: { deep: [{ of: 'S3cret!word' }] } });
  const { events, run } = await carryOut(planOf([step('one', async () => answer())]), here);
  expect(JSON.stringify([events, run])).not.toContain('S3cret');
  expect(events.find((event) => event.type === 'finish')).toMatchObject({
    outcome: { facts: { deep: [{ of: '***' }] } },
  });
});

test('where nothing is to be cleaned up, a journal that cannot be written stops nobody, and that is said', async () => {
  const home = temporaryDirectory();
  writeFileSync(join(home, 'state'), 'a file in the place of the directory');
  const here = contextOf(serverTarget(), home);
  const one = step('one', async (io) => io.record({ a: 1 }));
  const { events, end } = await carryOut(planOf([one], { momentary: true }), here);
  expect(events.map(({ type }) => type)).toEqual(['unrecorded', 'begin', 'start', 'finish', 'end']);
  expect(events[0]).toMatchObject({
    text: `No record of this is kept: ${here.journal} cannot be written (ENOTDIR).`,
  });
  expect(end.status).toBe('done');
  // all others are not begun
  expect((await carryOut(planOf([one]), here)).end).toMatchObject({ status: 'refused' });
});
