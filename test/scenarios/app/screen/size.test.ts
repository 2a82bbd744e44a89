import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Overlay } from '../../../../src/app/core/state.ts';
import { EMPTY_FIELD, fieldOf } from '../../../../src/app/core/text-field.ts';
import type { PaneBox } from '../../../../src/app/screen/panes.ts';
import { paneLines } from '../../../../src/app/screen/table.ts';
import { SCREENS } from '../../../../src/app/views/registry.ts';
import { statementsView } from '../../../../src/app/views/statements.ts';
import { activityPoll } from '../../../../src/db/queries/activity.ts';
import { statementsPoll } from '../../../../src/db/queries/statements.ts';
import { lineText } from '../../../../src/text/line.ts';
import { type Crowd, crowd } from '../../../app/screen/crowd.ts';
import { check, text } from '../../../app/screen/frame.ts';
import { Stage } from '../../../app/stage.ts';
import { until } from '../../../support/until.ts';

const SIZES = [
  [40, 10],
  [60, 16],
  [80, 24],
  [120, 40],
  [200, 50],
] as const;

let people: Crowd;
const stages: Record<string, Stage> = {};

beforeAll(async () => {
  people = await crowd();
  const { db } = people;
  const nobody = await db.roleWith();
  const [unicode, ascii, denied] = [
    new Stage(db.target(), { environment: 'production' }),
    new Stage(db.target(), { ascii: true }),
    new Stage(db.target(nobody), { readOnly: true }),
  ];
  Object.assign(stages, { unicode, ascii, denied });
  for (const stage of [unicode, ascii, denied]) {
    await stage.start();
    for (const { id, panes } of SCREENS) {
      stage.deck.show(id);
      // a key, so that the sampler hears of the screen
      stage.keys('none');
      await stage.seconds(
        () => panes.every((pane) => stage.deck.model.part(pane.polls[0]).status !== 'waiting'),
        `the screen ${id}`,
      );
    }
    await stage.second();
    stage.deck.say(`说明: ${'很长的消息 '.repeat(30)}`, 'error');
    stage.watching.clock.advance(6_000);
    await stage.second();
    stage.deck.show('overview');
  }
});

afterAll(async () => {
  for (const stage of Object.values(stages)) await stage.stop();
  await people?.leave();
});

function stageOf(name: string): Stage {
  const stage = stages[name];
  if (!stage) throw new Error(`no stage ${name}`);
  return stage;
}

describe.each(['unicode', 'ascii', 'denied'])('%s', (name) => {
  test.each(SIZES)('every screen has exactly its size at %ix%i', (columns, rows) => {
    const stage = stageOf(name);
    stage.deck.resize(columns, rows);
    for (const { id, panes } of SCREENS) {
      stage.deck.show(id);
      for (const shift of [0, 16]) {
        for (const pane of panes) stage.deck.table(pane.id, { shift });
        check(stage, `on ${id} shifted ${shift}`);
      }
      for (const pane of panes) stage.deck.table(pane.id, { shift: 0, filter: '没有这样的行' });
      check(stage, `on ${id} without a match`);
      for (const pane of panes) stage.deck.table(pane.id, { filter: '' });
      stage.keys('j', 'space', 'S');
      check(stage, `on ${id} marked`);
      stage.keys('S', 'esc');
    }
  });
});

describe.each(['unicode', 'ascii'])('overlays, %s', (name) => {
  test.each(SIZES)('have exactly their size at %ix%i', async (columns, rows) => {
    const stage = stageOf(name);
    const { deck } = stage;
    deck.resize(columns, rows);
    deck.show('activity');
    deck.table('activity', { filter: String(people.holder.pid), marks: new Set() });
    const tried: Overlay['kind'][] = [];
    const tryOut = (where: string) => {
      tried.push(deck.state.overlay?.kind ?? 'help');
      for (const scroll of [[], ['pgdn'], ['G'], ['up']]) {
        if (deck.state.overlay?.kind !== 'palette' && deck.state.overlay?.kind !== 'filter')
          stage.keys(...scroll);
        check(stage, where);
      }
    };
    for (const [key, kind] of [
      ['?', 'help'],
      ['L', 'log'],
      [':', 'palette'],
      ['/', 'filter'],
      ['I', 'idle'],
    ] as const) {
      stage.keys(key);
      expect(deck.state.overlay?.kind).toBe(kind);
      tryOut(kind);
      if (kind === 'idle') {
        stage.keys('x', 'enter');
        check(stage, 'idle with a problem');
      }
      stage.keys('esc');
    }
    deck.table('activity', { filter: String(people.holder.pid) });
    stage.keys('enter');
    await until(() => stage.overlay('detail').extra !== undefined, { what: 'the details' });
    tryOut('detail');
    stage.keys('K');
    const plan = await stage.dialog('ask');
    tryOut('dialog');
    // whatever the size: who, what it does, and the answer that stands
    for (const words of [String(people.holder.pid), 'cannot be undone', '[No]']) {
      stage.deck.open({ ...stage.overlay('signal'), scroll: 0 });
      expect(text(stage)).toContain(words);
    }
    if (plan.step === 'ask') {
      const victim = plan.plan.victims[0];
      if (!victim) throw new Error('nobody to terminate');
      const dialog = stage.overlay('signal');
      const outcome = { victim, kind: 'ended', seconds: 0.1 } as const;
      const waiters = { freed: 3, inTurn: 2, waiting: 1, by: [4711] };
      const outcomes = [outcome, { kind: 'effect', waiters } as const];
      deck.open({ ...dialog, phase: { step: 'done', plan: plan.plan, outcomes } });
      tryOut('done');
      deck.open({ ...dialog, phase: { step: 'failed', reason: `原因 ${'很长 '.repeat(80)}` } });
      tryOut('failed');
    }
    deck.open({
      kind: 'explain',
      title: 'EXPLAIN',
      plan: [{ Plan: { 'Node Type': 'Seq Scan', 'Relation Name': '库存流水', Filter: 'x'.repeat(500) } }],
      scroll: 0,
    });
    tryOut('explain');
    deck.open({
      kind: 'explain',
      title: 'EXPLAIN',
      problem: `一个问题 ${'很长 '.repeat(80)}`,
      scroll: 0,
    });
    tryOut('explain with a problem');
    deck.open({ kind: 'password', question: '口令 for 用户: ', field: fieldOf('秘密'.repeat(60)) });
    check(stage, 'password');
    expect(text(stage)).not.toContain('秘');
    deck.open({ kind: 'idle', field: EMPTY_FIELD });
    check(stage, 'idle');
    deck.open(undefined);
    deck.table('activity', { filter: '' });
    expect(new Set(tried)).toEqual(
      new Set(['help', 'log', 'palette', 'filter', 'idle', 'detail', 'signal', 'explain']),
    );
  });
});

describe('what is written', () => {
  test.each(SIZES)('a denied pane names the GRANT at %ix%i', (columns, rows) => {
    const stage = stageOf('denied');
    stage.deck.resize(columns, rows);
    stage.deck.show('statements');
    expect(stage.deck.model.part(statementsPoll).status).toBe('denied');
    expect(text(stage).replaceAll(/\s+/g, ' ')).toContain('GRANT');
    // also where the pane is one of several, with hardly a line for it
    const box: PaneBox = {
      ...{ view: statementsView, index: 0, width: columns, height: 3 },
      ...{ alone: false, headings: 'none' },
    };
    expect(paneLines(stage.deck, box).map(lineText).join(' ')).toContain('GRANT');
  });

  test('a hostile query is one clean cell, and so are its details', async () => {
    const stage = stageOf('unicode');
    stage.deck.resize(200, 50);
    stage.deck.show('activity');
    stage.filter(String(people.hostile.pid));
    const rows = text(stage)
      .split('\n')
      .filter((line) => line.includes(`${people.hostile.pid} `) && line.includes('pg_sleep'));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain('SELECT pg_sleep(600) /* ·· 👍\u0301\u0301 */');
    stage.keys('enter');
    await until(() => stage.overlay('detail').extra !== undefined, { what: 'the details' });
    check(stage, 'detail of the hostile');
    stage.keys('esc', 'y');
    // what is copied is the query itself
    expect(stage.copied.at(-1)).toContain('\u001b]52');
    stage.keys('esc');
  });

  test('the forest is a tree of who waits for whom, in ASCII too', () => {
    const { holder, waiters } = people;
    for (const [name, corner] of [
      ['unicode', '└─'],
      ['ascii', '`-'],
    ] as const) {
      const stage = stageOf(name);
      stage.deck.resize(140, 40);
      stage.deck.show('locks');
      const lines = text(stage).split('\n');
      const root = lines.findIndex((line) => line.slice(2).startsWith(`${holder.pid} `));
      expect(lines[root]).toMatch(new RegExp(`${holder.pid} .*idle in xact .* ${waiters.length} `));
      const last = lines.slice(root + 1, root + 1 + waiters.length).at(-1) ?? '';
      expect(last).toContain(corner);
    }
  });

  test('production is said in words, RO and RW too', () => {
    const stage = stageOf('unicode');
    for (const [columns, rows] of SIZES) {
      stage.deck.resize(columns, rows);
      expect(text(stage), `${columns}x${rows}`).toMatch(/PRODUCTION/);
      if (columns >= 60) expect(text(stage)).toMatch(/ RW /);
    }
  });

  test('without a connection panes say since when, and why', async () => {
    const stage = stageOf('unicode');
    const { deck, watching } = stage;
    deck.resize(120, 40);
    deck.show('activity');
    await stage.second();
    const pid = watching.sessions.get('fast')?.pid;
    await people.holder.sql('SELECT pg_terminate_backend($1)', [pid]);
    await until(() => deck.sampler.link.state === 'away', { what: 'the loss' });
    watching.clock.advance(400);
    expect(text(stage)).toMatch(/Activity .*as of 0\.4s ago/);
    expect(text(stage)).toContain('NOT CONNECTED');
    expect(text(stage)).toContain('(R now)');
    for (const [columns, rows] of SIZES) {
      deck.resize(columns, rows);
      check(stage, `away at ${columns}x${rows}`);
    }
    deck.sampler.refresh();
    await until(() => deck.model.part(activityPoll).status === 'ok', { what: 'the data' });
  });
});
