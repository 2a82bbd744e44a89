import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openedWizard } from '../../../src/app/core/state.ts';
import { headerLines } from '../../../src/app/screen/header.ts';
import { healthView } from '../../../src/app/views/health.ts';
import { sortRows } from '../../../src/app/views/select.ts';
import { operationDisabled } from '../../../src/app/wizard/flow.ts';
import type { Phase } from '../../../src/app/wizard/types.ts';
import type { Finding } from '../../../src/health/finding.ts';
import { CHECKS } from '../../../src/health/registry.ts';
import type { OperationEntry } from '../../../src/ops/engine/operation.ts';
import { entryOf } from '../../../src/ops/registry.ts';
import { lineText } from '../../../src/text/line.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { linesOf, text } from '../screen/frame.ts';
import { Stage } from '../stage.ts';

const ID = 'vacuum_due:orders';
let db: TestDatabase;
let stage: Stage;

beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    'CREATE TABLE orders (id int) WITH (autovacuum_enabled = off)',
    'INSERT INTO orders SELECT generate_series(1, 5000)',
    'ANALYZE orders',
    'DELETE FROM orders WHERE id <= 4000',
  );
  // the server is shared with other tests: what they do to it counts no more here
  const waivers = CHECKS.filter(({ id }) => id !== 'vacuum_due').map(({ id }) => ({
    ...{ id, until: '2999-12-31', reason: 'not of this test' },
  }));
  const settings = join(temporaryDirectory(), 'settings.json');
  writeFileSync(settings, JSON.stringify({ profiles: { shop: { waivers } } }));
  stage = await new Stage(db.target(), {
    ...{ profileName: 'shop', env: { PGDECK_CONFIG: settings } },
    thresholds: { dead_ratio: { normal: 1, alert: 2, critical: 3 } },
  }).start();
  stage.deck.model.waivers = waivers;
});
afterAll(async () => {
  await stage?.stop();
  await db?.drop();
});

const health = () => stage.deck.model.health;
const found = () => health()?.findings.find(({ id }) => id === ID);
const vacuum = () => health()?.categories.find(({ id }) => id === 'vacuum')?.score;

function header(columns: number): string {
  stage.deck.resize(columns, 40);
  const shown = headerLines(stage.deck, columns, 2).map(lineText).join('\n');
  stage.deck.resize(120, 40);
  return shown;
}

/** The wizard that is open, once it has come so far. */
async function at<Step extends Phase['step']>(step: Step): Promise<Extract<Phase, { step: Step }>> {
  return until(
    () => {
      const phase = openedWizard(stage.deck.state)?.phase;
      return phase?.step === step && (phase as Extract<Phase, { step: Step }>);
    },
    { what: `the wizard at ${step}` },
  );
}

test('9, Enter, Enter opens what fixes a finding, filled in; it runs, the finding clears and the score rises', async () => {
  stage.keys('9');
  await stage.seconds(() => health()?.asked && found(), 'the finding');
  const unknown = health()?.unknown ?? [];
  const steps = unknown.map((one) => JSON.stringify(healthView.detail?.(one, stage.deck.model)));
  expect(steps.find((step) => step.startsWith('[{"title":"Cache hit ratio'))).toMatch(
    /"Wait [\d.]+m?\d*s: samples come by themselves\."/,
  );
  expect(steps.join()).not.toContain('--sample');
  stage.filter('orders has');
  expect(found()).toMatchObject({ severity: 'critical' });
  expect(text(stage)).toMatch(/critical +orders has 4\.0k dead rows/);
  expect([health()?.score, vacuum()]).toEqual([59, 0]);
  // a tone that brings its ground would paint a bar in the colour of that ground's letters
  const bars = linesOf(stage)
    .flat()
    .filter((span) => /[█░]{20}/.test(span.text));
  expect(bars.length).toBeGreaterThan(5);
  expect(bars.filter(({ tone }) => tone !== undefined)).toEqual([]);
  expect([header(80), header(120)].filter((line) => !line.includes('health 59!'))).toEqual([]);

  // nothing is asked for that could not be kept
  const bare = new Stage(db.target());
  for (const id of ['health waive', 'health unwaive'])
    expect(operationDisabled(bare.deck, entryOf(id) as OperationEntry)).toBe(
      'this needs a profile: pgdeck profile add',
    );
  stage.keys('x');
  await at('form');
  expect(openedWizard(stage.deck.state)).toMatchObject({
    entry: { id: 'health waive' },
    form: { texts: { id: { text: ID } } },
  });
  stage.keys('esc');
  expect(stage.deck.state.overlay).toBeUndefined();

  stage.keys('enter');
  expect(text(stage)).toContain('table public.orders. Enter opens it, filled in.');
  stage.keys('enter');
  await at('form');
  expect(openedWizard(stage.deck.state)).toMatchObject({
    entry: { id: 'vacuum' },
    form: { items: { table: ['public.orders'] } },
  });
  stage.keys('enter');
  await at('plan');
  stage.keys('enter');
  await at('confirm');
  stage.keys('y');
  const { run } = await at('result');
  expect(run.steps.map(({ state }) => state)).not.toContain('failed');
  stage.keys('enter');
  await stage.seconds(() => found() === undefined, 'the finding has cleared');
  expect([health()?.score, vacuum()]).toEqual([100, 100]);
  // where the room is short only one that is bad is told
  expect([header(80), header(120)].map((line) => /health \d+/.exec(line)?.[0])).toEqual([
    undefined,
    'health 100',
  ]);
});

test('SQL that fixes a finding is copied, and said to be that; of another one its id is', () => {
  const one = {
    id: 'index_duplicate:a',
    severity: 'warning',
    category: 'indexes',
    remedy: { sql: 'DROP', cost: '' },
  };
  const copied = (row: unknown) => healthView.copy?.(row as Finding);
  expect(copied(one)).toEqual({ text: 'DROP', what: 'SQL that fixes it' });
  expect(copied({ ...one, remedy: { advice: 'Wait.' } })).toEqual({
    text: 'index_duplicate:a',
    what: 'id of the finding',
  });
});

test('of findings that are as bad as each other the one whose category weighs more stands first', () => {
  const finding = (id: string, category: string, severity: string) =>
    ({ id, category, severity, title: id }) as unknown as Finding;
  const rows = [
    finding('backup_age', 'backups', 'warning'),
    finding('version_behind', 'security', 'warning'),
    finding('xmin_horizon', 'vacuum', 'warning'),
    finding('index_invalid', 'indexes', 'alert'),
  ];
  const shown = sortRows(healthView, rows, healthView.sort, stage.deck.model) as Finding[];
  expect(shown.map(({ id }) => id)).toEqual([
    'index_invalid',
    'xmin_horizon',
    'backup_age',
    'version_behind',
  ]);
});
