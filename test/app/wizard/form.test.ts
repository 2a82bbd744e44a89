import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fieldOf } from '../../../src/app/core/text-field.ts';
import { footerLine } from '../../../src/app/screen/footer.ts';
import { openWizard } from '../../../src/app/wizard/flow.ts';
import { focusedField, offered, parseForm } from '../../../src/app/wizard/form.ts';
import { updateWizard } from '../../../src/app/wizard/state.ts';
import type { Field, OperationEntry } from '../../../src/ops/engine/operation.ts';
import { entryOf } from '../../../src/ops/registry.ts';
import { lineText } from '../../../src/text/line.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { operationOf, script, WizardStage } from './stage.ts';

let db: TestDatabase;
const stages: WizardStage[] = [];

beforeAll(async () => {
  db = await testDatabase();
});
afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.stop()));
});
afterAll(() => db?.drop());

async function opened(played = script()): Promise<WizardStage> {
  const stage = new WizardStage(db.target(), played);
  stages.push(stage);
  await stage.start();
  await stage.form();
  return stage;
}

const focus = ({ wizard }: WizardStage) =>
  wizard.operation && focusedField(wizard.operation, wizard.form)?.id;

function input({ wizard }: WizardStage): Record<string, unknown> | undefined {
  const parsed = wizard.operation && parseForm(wizard.operation, wizard.form);
  return parsed?.ok ? parsed.input : undefined;
}

/** Waits until the server has said what there is to choose from. */
async function choices(stage: WizardStage): Promise<string[]> {
  return until(
    () => {
      const { operation, form } = stage.wizard;
      const field = operation && focusedField(operation, form);
      const ready = field && form.offers[field.id]?.status === 'ready';
      return ready ? offered(field, form).map(({ value }) => value) : undefined;
    },
    { what: 'choices' },
  );
}

test('every character typed belongs to the field: no key of the console is one here', async () => {
  const stage = await opened();
  stage.type('qK?:yb 8l库');
  expect(input(stage)?.database).toBe('qK?:yb 8l库');
  expect(stage.deck.state.screen).toBe('overview');
  expect(stage.exits).toBe(0);
});

test('a paste goes into the field, and never presses Enter', async () => {
  const stage = await opened();
  stage.deck.paste('库存\r\n');
  expect(input(stage)?.database).toBe('库存');
  expect(stage.wizard.phase.step).toBe('form');
});

test('what is wrong is said under its field, and going on leads there', async () => {
  const played = script();
  const stage = await opened(played);
  expect(stage.text).not.toContain('is needed');
  stage.keys('enter');
  expect(stage.text).toContain('"Database" is needed');
  stage.type('shop');
  expect(stage.text).not.toContain('is needed');
  stage.keys('tab');
  stage.type('0');
  expect(stage.text).toContain('"Jobs": at least 1.');
  stage.keys('backtab', 'enter');
  expect(focus(stage)).toBe('jobs');
  expect(played.planned).toBe(0);
  stage.keys('backspace');
  stage.type('4');
  expect(input(stage)).toMatchObject({ jobs: 4 });
});

test('choices come from the server, are narrowed by what is typed, and another value may be typed', async () => {
  const stage = await opened();
  expect(await choices(stage)).toEqual([db.database, '库存', 'other']);
  stage.type('库');
  expect(await choices(stage)).toEqual(['库存']);
  stage.keys('down', 'enter');
  expect(input(stage)?.database).toBe('库存');
  expect(focus(stage)).toBe('jobs');
  stage.keys('up');
  // what was chosen does not hide what else there is
  expect(await choices(stage)).toHaveLength(3);
  stage.keys('^U');
  stage.type('yet to be');
  expect(stage.text).toContain('No choice matches');
  expect(input(stage)?.database).toBe('yet to be');
});

test('down goes through the choices and on to the next field, up back again', async () => {
  const stage = await opened();
  await choices(stage);
  stage.keys('down', 'down', 'down');
  expect(focus(stage)).toBe('database');
  stage.keys('down');
  expect(focus(stage)).toBe('jobs');
  stage.keys('up', 'up');
  expect(focus(stage)).toBe('database');
});

test('space takes the choice that Down has gone to, and is a blank in what is typed', async () => {
  const stage = await opened();
  const [first] = await choices(stage);
  stage.keys('down', 'space');
  expect(input(stage)?.database).toBe(first);
  expect(focus(stage)).toBe('jobs');
  stage.keys('up');
  stage.type('x');
  stage.keys('space');
  stage.type('y');
  expect(input(stage)?.database).toMatch(/x y$/);
});

test('down waits for choices that are still asked for; Enter takes none before they are there', async () => {
  const played = script();
  const stage = await opened(played);
  expect(stage.text).toContain('Listing choices');
  stage.type('x');
  stage.keys('backspace', 'down', 'down', 'enter');
  expect(focus(stage)).toBe('database');
  expect(stage.wizard.phase.step).toBe('form');
  const [first] = await choices(stage);
  stage.keys('enter');
  expect(input(stage)?.database).toBe(first);
  expect(played.planned).toBe(0);
});

test('what is taken away from a list does not leave a choice for Enter to take', async () => {
  const stage = await opened();
  stage.type('shop');
  stage.keys('tab', 'tab', 'tab');
  await choices(stage);
  stage.keys('down', 'enter', 'backspace', 'enter');
  await stage.at('plan');
  stage.keys('esc');
  expect(input(stage)?.tables).toEqual([]);
});

test('an empty field says what holds, and an empty list of choices what to do', async () => {
  const played = operationOf(script());
  const { database, tables } = played.fields as Record<string, Field>;
  const fields = {
    ...played.fields,
    database: {
      ...database,
      choices: async () => [],
      none: () => 'Type the name of one that is to be.',
    },
    tables: { ...tables, hint: 'only these (default: all)', standard: () => 'all of them' },
  } as Record<string, Field>;
  const stage = new WizardStage(db.target(), script());
  stages.push(stage);
  openWizard(stage.deck, { ...stage.entry, load: async () => ({ ...played, fields }) });
  await stage.at('form');
  await until(() => stage.text.includes('Type the name of one that is to be.'), { what: 'the next step' });
  expect(stage.text).toMatch(/Tables +all of them \(default\)/);
  stage.keys('tab', 'tab', 'tab');
  expect(stage.text).toMatch(/only these\. ↓, then Space or Enter,/);
});

test('an error goes when what was wrong is changed', async () => {
  const stage = await opened();
  stage.keys('enter');
  expect(stage.deck.state.toast?.text).toBe('"Database" is needed.');
  stage.type('s');
  expect(stage.deck.state.toast).toBeUndefined();
  // filled in by another way than its keys, or left
  const said = () => lineText(footerLine(stage.deck, 80));
  stage.keys('backspace', 'enter');
  expect(said()).toContain('"Database" is needed.');
  const { id, form } = stage.wizard;
  updateWizard(stage.deck, id, { form: { ...form, texts: { database: fieldOf('shop') } } });
  expect(said()).not.toContain('"Database" is needed.');
  updateWizard(stage.deck, id, { form });
  expect(said()).toContain('"Database" is needed.');
  stage.keys('esc');
  expect(said()).not.toContain('"Database" is needed.');
});

test('a list takes choices in and out, and what is typed', async () => {
  const stage = await opened();
  stage.type('shop');
  stage.keys('tab', 'tab', 'tab');
  expect(await choices(stage)).toEqual(['shop.a', 'shop.b', 'shop.c']);
  // Space goes on to the one below
  stage.keys('down', 'space', 'space', 'up', 'space', 'space');
  expect(input(stage)?.tables).toEqual(['shop.a', 'shop.c']);
  stage.type('mine');
  stage.keys('enter');
  stage.deck.paste('x\ny\n');
  stage.keys('backspace');
  stage.type('z');
  // not added with Enter, and given all the same
  expect(input(stage)?.tables).toEqual(['shop.a', 'shop.c', 'mine', 'x', 'z']);
});

test('after a choice of a list was taken Down offers what is left, after a look at the plan too', async () => {
  const stage = await opened();
  stage.type('shop');
  stage.keys('tab', 'tab', 'tab');
  await choices(stage);
  stage.keys('down', 'down', 'down', 'enter', 'down', 'enter');
  expect(focus(stage)).toBe('tables');
  expect(input(stage)?.tables).toEqual(['shop.c', 'shop.a']);
  stage.keys('enter');
  await stage.at('plan');
  stage.keys('esc', 'down', 'enter');
  expect(focus(stage)).toBe('tables');
  expect(input(stage)?.tables).toEqual(['shop.c', 'shop.a', 'shop.b']);
});

test('what is offered follows what was given before', async () => {
  const stage = await opened();
  stage.type('one');
  stage.keys('tab', 'tab', 'tab');
  expect(await choices(stage)).toEqual(['one.a', 'one.b', 'one.c']);
  stage.keys('backtab', 'backtab', 'backtab');
  stage.type('2');
  stage.keys('tab', 'tab', 'tab');
  await until(async () => (await choices(stage))[0] === 'one2.a', { what: 'the tables of the other one' });
});

test('space switches a flag and goes through fixed values; fields appear when they are asked for', async () => {
  const stage = await opened();
  stage.type('shop');
  stage.keys('tab', 'tab', 'space');
  expect(input(stage)?.format).toBe('directory');
  stage.keys('left', 'left');
  expect(input(stage)?.format).toBe('plain');
  stage.keys('c');
  expect(input(stage)?.format).toBe('custom');
  expect(stage.text).not.toContain('Level');
  stage.keys('tab', 'tab', 'space');
  expect(input(stage)?.fast).toBe(true);
  expect(stage.text).toContain('Level');
  stage.keys('space');
  expect(stage.text).not.toContain('Level');
});

test('Esc goes back one step at a time and keeps what was typed, out of the wizard too', async () => {
  const stage = await opened();
  stage.type('shop');
  stage.keys('enter');
  await stage.at('plan');
  stage.keys('esc');
  expect(stage.wizard.phase.step).toBe('form');
  expect(input(stage)?.database).toBe('shop');
  stage.keys('esc');
  expect(stage.deck.state.overlay).toBeUndefined();
  openWizard(stage.deck, stage.entry);
  expect(input(stage)?.database).toBe('shop');
});

test('what cannot be read for the choices is said, and the value can be typed', async () => {
  const stage = new WizardStage({ ...db.target(), database: 'missing' }, script());
  stages.push(stage);
  await stage.form();
  await until(() => stage.text.includes('Cannot list choices'), { what: 'the reason' });
  stage.type('shop');
  expect(input(stage)?.database).toBe('shop');
});

test('a second operation asks for its own fields, not for those of the first', async () => {
  const stage = await opened();
  await choices(stage);
  stage.keys('esc');
  const other = operationOf(script());
  const { jobs, ...fields } = other.fields as Record<string, Field>;
  const swapped = {
    ...other,
    fields: { jobs: { ...jobs, choices: async () => [{ value: '3' }] }, ...fields },
  };
  openWizard(stage.deck, { ...stage.entry, id: 'other', load: async () => swapped as typeof other });
  await stage.at('form');
  expect(focus(stage)).toBe('jobs');
  expect(await choices(stage)).toEqual(['3']);
});

test('a password that is asked for while a form is open leads back to it', async () => {
  const stage = await opened();
  stage.type('shop');
  const answer = stage.deck.askPassword('Password for app: ');
  expect(stage.deck.state.overlay?.kind).toBe('password');
  stage.type('secret');
  stage.keys('enter');
  expect(await answer).toBe('secret');
  expect(input(stage)?.database).toBe('shop');
  const another = stage.deck.askPassword('Password for app: ');
  stage.keys('esc');
  expect(await another).toBeUndefined();
  expect(stage.wizard.phase.step).toBe('form');
});

test('what is wrong between fields is seen whole in 80x24, and what there is not is said for the console', async () => {
  const stage = await opened();
  stage.keys('esc');
  stage.deck.resize(80, 24);
  const { deck } = stage;
  openWizard(deck, entryOf('reindex') as OperationEntry);
  await stage.at('form');
  stage.keys('enter');
  const words = () => stage.text.replace(/\s+/g, ' ');
  expect(words()).toContain(
    'Say what is rebuilt: "Indexes", "Tables", "Schemas", or "The whole database" for',
  );
  stage.keys('esc');
  openWizard(deck, entryOf('restore') as OperationEntry);
  await stage.at('form');
  await until(() => words().includes('There are no backups'), { what: 'the choices' });
  expect(words()).toContain('Make one with :backup, type the path of a dump');
  stage.keys('esc');
});

test('why a key does nothing is said where it was pressed, and not on the next page', async () => {
  const stage = await opened();
  stage.type('shop');
  stage.keys('enter');
  await stage.at('plan');
  const footer = () => lineText(footerLine(stage.deck, 80));
  stage.deck.perform({
    ...stage.deck.actions[0],
    disabled: () => 'it is not',
  } as (typeof stage.deck.actions)[0]);
  expect(footer()).toContain(': it is not.');
  stage.keys('esc');
  expect(footer()).not.toContain('it is not');
});
