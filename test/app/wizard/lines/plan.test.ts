import { describe, expect, test } from 'vitest';
import { footerLine } from '../../../../src/app/screen/footer.ts';
import { rawOf } from '../../../../src/app/wizard/form.ts';
import { updateWizard } from '../../../../src/app/wizard/state.ts';
import type { AnyOperation } from '../../../../src/ops/engine/operation.ts';
import { lineText } from '../../../../src/text/line.ts';
import { until } from '../../../support/until.ts';
import { script, type WizardStage } from '../stage.ts';
import { wizards } from '../wizards.ts';

const { made, planned } = wizards();
const footer = ({ deck }: WizardStage) => lineText(footerLine(deck, 200));

describe('the plan', () => {
  test('shows facts, checks, tables, the exact SQL and the command, which y copies', async () => {
    const stage = await planned(
      script({
        checks: [
          { title: 'Room', status: 'ok', detail: '9 GB are free' },
          { title: 'Version', status: 'warn', detail: 'newer than the server: use 15' },
        ],
      }),
    );
    for (const part of ['7 MB of 库存', '9 GB are free', '1 ok  1 warning', 'Largest tables', 'nobody waits'])
      expect(stage.text).toContain(part);
    // a check stands there once, and what a step runs is behind it
    expect(stage.text.match(/newer than the server/g)).toHaveLength(1);
    expect(stage.text).not.toContain("SELECT '");
    stage.keys('down', 'space');
    expect(stage.text).toContain("SELECT 'second'");
    expect(stage.text).not.toContain("SELECT 'first'");
    stage.keys('o');
    expect(stage.text).toContain("SELECT 'first'");
    // a step without anything to show has no bar beside it
    stage.keys('pgdn');
    expect(stage.text).toContain('3. Step third');
    expect(stage.text).not.toMatch(/^ +│ *$/m);
    stage.keys('y');
    expect(stage.copied).toEqual([expect.stringMatching(/^pgdeck paint shop -h \S+ -p \d+ -U \S+ -d \S+$/)]);
    expect(stage.wizard.phase.step).toBe('plan');
  });

  test('has its step in the title at every width, whatever the title is', async () => {
    const stage = await planned(script({ danger: 'type-name' }));
    const title = (columns: number, rows = 60) => {
      stage.deck.resize(columns, rows);
      return stage.text.split('\n')[0]?.trimEnd();
    };
    expect(title(120)).toBe(' Paint shop  form > PLAN > confirm > run > result');
    const { id, phase } = stage.wizard;
    if (phase.step !== 'plan') throw new Error(phase.step);
    const long = {
      ...phase.plan,
      title: 'Restore shop of 2026-11-20 from backup shop_20261120T0230 as shop_copy',
    };
    updateWizard(stage.deck, id, { phase: { ...phase, plan: long } });
    expect(title(100)).toBe(` ${long.title}  PLAN, step 2 of 5`);
    expect(title(80)).toBe(
      ' Restore shop of 2026-11-20 from backup shop_20261120T0230 a…  PLAN, step 2 of 5',
    );
    // where the place in the plan has room, too
    expect(title(80, 14)).toMatch(/^ Restore shop of \S.*… {2}1-\d of \d+, PgDn {2}PLAN, step 2 of 5$/);
    expect(title(44, 14)).toMatch(/^ Restore .*… {2}PLAN, step 2 of 5$/);
  });

  test('begins with why it is worth doing', async () => {
    const stage = await planned(
      script({ reason: 'Due: t (~9 dead rows, 5 allowed).', consequence: 'Waits.' }),
    );
    const told = stage.text.split('\n').map((line) => line.trim());
    expect(told.indexOf('Due: t (~9 dead rows, 5 allowed).')).toBe(told.indexOf('Waits.') - 1);
  });

  test.each([
    ['none', 'run it'],
    ['confirm', 'confirm'],
    ['type-name', 'type the name'],
  ] as const)('that asks for %s says so at its foot', async (danger, word) => {
    const stage = await planned(script({ danger }));
    expect(footer(stage)).toContain(`Enter ${word}  `);
    // the keys that are told are those of this page: y copies here, and answers where it is asked
    const next = stage.text.slice(stage.text.indexOf('Next: '));
    expect(next).toMatch(/^Next: Enter\b/);
    expect(next).not.toMatch(/\by\b/);
  });

  test('with a blocked check only goes back, and says why', async () => {
    const played = script({
      checks: [{ title: 'Programs', status: 'block', detail: 'pg_dump is missing: apt install it' }],
    });
    const stage = await planned(played);
    expect(stage.text).toMatch(
      /Cannot run: 1 check blocks it\. Nothing was changed\.\s+Next: remove the cause/,
    );
    expect(stage.text).toContain('!! Programs: pg_dump is missing: apt install it');
    expect(footer(stage)).not.toContain('Enter');
    stage.keys('enter', 'enter');
    expect(stage.deck.state.toast?.text).toContain('Programs');
    expect(stage.wizard.phase.step).toBe('plan');
    expect(played.happened).toEqual([]);
  });

  test('tells checks of one title once', async () => {
    const check = (title: string, detail: string) => ({ title, status: 'block', detail }) as const;
    const stage = await planned(
      script({ checks: [check('drop_table', 'a'), check('drop_table', 'b'), check('Room', 'none')] }),
    );
    expect(stage.text).toContain('Cannot run: 3 checks block it.');
    stage.keys('enter');
    expect(stage.deck.state.toast?.text).toBe('Run it: blocked by drop_table, Room.');
  });

  test('that is not there yet cannot be gone on with: what is typed ahead does nothing', async () => {
    const played = script({ danger: 'confirm' });
    const stage = made(played);
    await stage.start();
    await stage.form();
    stage.type('shop');
    stage.keys('enter', 'enter', 'y', 'enter');
    await stage.at('plan');
    expect(played.happened).toEqual([]);
  });

  test('a server that cannot be reached is said in a sentence', async () => {
    const stage = made(script(), {}, 'missing');
    await stage.form();
    stage.type('shop');
    stage.keys('enter');
    const { reason } = await stage.at('failed');
    expect(reason).toContain('missing');
    stage.keys('enter');
    expect(stage.wizard.phase.step).toBe('failed');
    stage.keys('esc');
    expect(stage.wizard.phase.step).toBe('form');
  });
});

describe('the question', () => {
  test('danger none: Enter runs', async () => {
    const played = script();
    const stage = await planned(played);
    stage.keys('enter');
    const { run } = await stage.at('result');
    expect(played.happened).toEqual(['first', 'second', 'third']);
    expect(run.end).toMatchObject({ status: 'done', undo: `pgdeck undo ${run.run}` });
    expect(stage.text).toContain(`u undoes it (:undo ${run.run})`);
    expect(stage.text).toMatch(/库存 +2/);
    expect(footer(stage)).toContain('u undo');
  });

  test('a command that undoes it opens its wizard as it says; one of the shell is copied', async () => {
    const command = 'rm /tmp/7_a.sql';
    const stage = await planned(script({ undo: { command } }));
    stage.keys('enter');
    await stage.at('result');
    expect(footer(stage)).toContain('u copy the command that undoes it');
    stage.keys('u');
    expect(stage.copied).toEqual([command]);
    const other = await planned(
      script({ undo: { command: "pgdeck migrate down --to 7 --dir '/no where'" } }),
    );
    other.keys('enter');
    await other.at('result');
    expect(footer(other)).toContain('u undo');
    other.keys('u');
    // with nothing left to ask it is planned at once
    const { reason } = await other.at('failed');
    expect(reason).toContain('/no where');
    expect(rawOf(other.wizard.operation as AnyOperation, other.wizard.form)).toMatchObject({
      to: '7',
      dir: '/no where',
    });
  });

  test('a yes: No until somebody says otherwise, and what it costs is said', async () => {
    const played = script({ danger: 'confirm', consequence: 'Everybody is thrown out.' });
    const stage = await planned(played);
    for (const answer of ['enter', 'n', 'esc']) {
      stage.keys('enter');
      expect(stage.wizard.phase.step).toBe('confirm');
      expect(stage.text).toContain('Everybody is thrown out.');
      stage.keys(answer);
      expect(stage.wizard.phase.step).toBe('plan');
    }
    expect(played.happened).toEqual([]);
    stage.keys('enter', 'y');
    await stage.at('result');
    expect(played.happened).toContain('third');
  });

  test('the name, exactly: Enter alone never runs it, nor does almost the name; a paste works', async () => {
    const played = script({ danger: 'type-name', subject: '库存 Shop' });
    const stage = await planned(played);
    stage.keys('enter', 'enter', 'y');
    stage.keys('^U', 'enter');
    for (const wrong of ['库存 shop', '库存 Shop ', '库存']) {
      stage.type(wrong);
      stage.keys('enter', '^U');
      expect(stage.wizard.phase.step).toBe('confirm');
    }
    expect(played.happened).toEqual([]);
    stage.deck.paste('库存 Shop\n');
    expect(stage.wizard.phase.step).toBe('confirm');
    expect(footer(stage)).toContain('Enter run it  Esc back');
    stage.keys('enter');
    await stage.at('result');
    expect(played.happened).toContain('third');
  });

  test('read-only: the plan is shown, and does not run', async () => {
    const played = script();
    const stage = await planned(played, { readOnly: true });
    stage.keys('enter');
    expect(stage.deck.state.toast?.text).toContain('read-only');
    expect(stage.text).toContain('read-only');
    expect(played.happened).toEqual([]);
  });
});

describe('a blocked plan', () => {
  const hazard = (value: string) =>
    ({ title: value, status: 'block', detail: 'rows go', answer: { field: 'tables', value } }) as const;

  test('leads to what answers it: Space accepts one after the other, Enter plans again', async () => {
    const played = script({ checks: [hazard('shop.a'), hazard('shop.b'), hazard('shop.a')] });
    const stage = await planned(played);
    expect(stage.text).toMatch(/▶!! \[ \] shop\.a: rows go/);
    // No is what holds: nothing is accepted by going on
    stage.keys('enter');
    expect(stage.wizard.form.focus).toBe('tables');
    await until(() => stage.wizard.form.offers.tables?.status === 'ready', { what: 'the choices' });
    expect(stage.wizard.form.index).toBe(0);
    expect(stage.wizard.form.items.tables ?? []).toEqual([]);
    stage.keys('enter', 'enter');
    await stage.at('plan');
    expect(stage.text).toMatch(/\[x\] shop\.a[\s\S]*\[ \] shop\.b[\s\S]*\[x\] shop\.a/);
    stage.keys('down', 'space');
    expect(stage.text).toContain('Next: Enter plans again with what you have accepted.');
    stage.keys('space');
    expect(stage.text).toMatch(/\[ \] shop\.b/);
    stage.keys('space');
    played.checks = [];
    stage.keys('enter');
    await stage.at('plan');
    expect(stage.text).toContain('Next: Enter runs it.');
    expect(stage.text).toContain('--tables shop.a --tables shop.b');
  });

  test('says in the words of the form what is meant for the command line, and leads to that field', async () => {
    const detail = 'No room. Give fewer with --jobs, or see pgdeck recover and pgdeck runs list.';
    const stage = await planned(script({ checks: [{ title: 'Room', status: 'block', detail }] }));
    expect(stage.text).toContain('No room. Give fewer with "Jobs", or see :recover and 8 (Operations).');
    expect(footer(stage)).toContain('Enter go to Jobs');
    stage.keys('enter');
    expect(stage.wizard).toMatchObject({ phase: { step: 'form' }, form: { focus: 'jobs' } });
  });
});

test('a plan with nothing to do has no Enter', async () => {
  const stage = await planned(script());
  const { phase } = stage.wizard;
  if (phase.step !== 'plan') throw new Error(phase.step);
  updateWizard(stage.deck, stage.wizard.id, { phase: { ...phase, plan: { ...phase.plan, steps: [] } } });
  expect(footer(stage)).not.toContain('Enter');
  stage.keys('enter');
  expect(stage.wizard.phase.step).toBe('plan');
});
