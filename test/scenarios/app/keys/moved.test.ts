import { expect, test } from 'vitest';
import { ACTIONS } from '../../../../src/app/actions/registry.ts';
import { bindKeys } from '../../../../src/app/keys/bind.ts';
import { footerLine } from '../../../../src/app/screen/footer.ts';
import { SCREENS } from '../../../../src/app/views/registry.ts';
import { fieldsOf } from '../../../../src/ops/engine/fields.ts';
import type { Check } from '../../../../src/ops/engine/plan.ts';
import { OPERATIONS } from '../../../../src/ops/registry.ts';
import { lineText } from '../../../../src/text/line.ts';
import { MOVED } from '../../../app/keys/moved.ts';
import { text } from '../../../app/screen/frame.ts';
import type { Stage } from '../../../app/stage.ts';
import { script, untilCancelled, type WizardStage } from '../../../app/wizard/stage.ts';
import { wizards } from '../../../app/wizard/wizards.ts';
import { NAMED } from '../../../house/key-words.ts';
import { until } from '../../../support/until.ts';

const { made } = wizards();

function press(stage: Stage, ...ids: string[]): void {
  for (const id of ids) stage.keys(...(MOVED[id] ?? []));
}

/** Keys of a field of a form are no actions: they stay where they are. Then what holds now, and a number of steps. */
const FINE = /Space (switches|or)|Backspace removes|\^[BDFGLORTVXY]\b|\(\d\)/g;

/** That a text names none of the keys that nothing is on any more, and of those that hold the one that is meant. */
function says(shown: string, ...own: string[]): void {
  for (const line of shown.replace(FINE, '').split('\n')) expect(line).not.toMatch(NAMED);
  for (const part of own)
    expect(shown).toContain(part.replace(/\{(.*?)\}/g, (_, id) => MOVED[id]?.[0] ?? id));
}

async function console(played = script(), options: ConstructorParameters<typeof Stage>[1] = {}) {
  const stage = made(played, { keys: MOVED, ...options });
  await stage.start();
  return stage;
}

const all = (stage: WizardStage) => `${stage.text}\n${lineText(footerLine(stage.deck, 200))}`;

async function planned(played = script(), options: ConstructorParameters<typeof Stage>[1] = {}) {
  const stage = await console(played, options);
  await stage.form();
  stage.type('shop');
  press(stage, 'form.enter');
  await stage.at('plan');
  return stage;
}

test('every action can be moved, and no title of one or hint of a field names a key', async () => {
  expect(bindKeys(ACTIONS, MOVED).faults).toEqual([]);
  for (const { title, short = '' } of ACTIONS) says(`${title}\n${short}`);
  for (const entry of OPERATIONS) {
    says(`${entry.title}\n${entry.summary}`);
    for (const { title, hint, asks } of fieldsOf(await entry.load()))
      says(`${title}\n${hint}\n${asks?.hint ?? ''}`);
  }
});

test('screens where nothing is found, and why an action cannot be had', async () => {
  const stage = await console();
  for (const { id } of SCREENS) {
    stage.deck.show(id);
    press(stage, 'find.filter');
    stage.type('no such row');
    press(stage, 'field.enter');
    says(text(stage));
    for (const action of stage.deck.actions) says(action.disabled?.(stage.deck) ?? '');
    press(stage, 'back');
  }
  stage.deck.show('databases');
  press(stage, 'find.filter');
  stage.type('no such row');
  press(stage, 'field.enter');
  await stage.seconds(() => text(stage).includes('None of'), 'the databases');
  says(text(stage), '{back} clears the filter.');
  press(stage, 'back', 'find.sort');
  says(text(stage).replace(/^.*\bidle\b.*$/gm, ''), ' {picker.choose}: ');
  press(stage, 'picker.close', 'signal.idle');
  says(text(stage), '{field.enter} lists them first');
  press(stage, 'field.escape', 'run.palette');
  stage.type('zzz');
  says(text(stage), 'Nothing of that name. {field.escape} goes back.');
  press(stage, 'field.escape', 'time.pause');
  says(stage.deck.state.toast?.text ?? '', '{time.pause} resumes.');
  press(stage, 'time.pause', 'help.log');
  says(text(stage), '{help.log} shows what pgdeck has sent');
});

test.each([80, 120, 200])('help, in %i columns', async (columns) => {
  const stage = await console(script(), { size: { columns, rows: 400 } });
  press(stage, 'help');
  says(text(stage), '{run.palette} opens the same by name', 'In a filter ({find.filter})');
});

test('what waits for an answer, and what is longer than the screen', async () => {
  const stage = await console(script(), { readOnly: true, size: { columns: 80, rows: 16 } });
  press(stage, 'help');
  says(text(stage), ', {reader.pagedown}');
  press(stage, 'reader.pagedown', 'reader.last');
  says(text(stage), ', {reader.pageup}');
  press(stage, 'back', 'mode.arm');
  says(text(stage), '{field.escape} leaves it read-only.');
  press(stage, 'field.escape');
  void stage.deck.askPassword('Password for app: ');
  says(text(stage), '{field.escape} gives up.');
  press(stage, 'field.escape');
  const plan = await planned(script(), { readOnly: true });
  says(all(plan), '{plan.back} twice, then {mode.arm} makes it writable');
});

const HINTS = [
  'what Jobs is',
  'what Format is',
  '{form.down}, then Space or {form.enter}, chooses',
  'what Fast is',
];

test('the form, a plan that is blocked, and one that cannot be made', async () => {
  const stage = await console();
  await stage.form();
  says(all(stage), '{form.down} chooses.');
  for (const hint of HINTS) {
    press(stage, 'form.next');
    says(all(stage), hint);
  }
  const check: Check = { title: 'Room', status: 'block', detail: 'pgdeck runs list shows it' };
  const blocked = await planned(script({ checks: [check] }));
  says(all(blocked), 'remove the cause, then {plan.back} and plan again', '{screen.operations} (Operations)');
  press(blocked, 'plan.go');
  says(blocked.deck.state.toast?.text ?? '');
  const answered = { ...check, answer: { field: 'tables', value: 'a' } };
  const other = await planned(script({ checks: [answered] }));
  says(all(other), '{plan.mark} accepts the one under the cursor; {plan.go} goes to "Tables".');
  press(other, 'plan.mark');
  says(all(other), '{plan.go} plans again with what you have accepted.');
  const away = made(script(), { keys: MOVED }, 'missing');
  await away.form();
  away.type('shop');
  press(away, 'form.enter');
  says(away.text, '{plan.back} goes back.');
  await away.at('failed');
  says(all(away), '{plan.back} goes back to the form');
  press(away, 'plan.go');
  says(away.deck.state.toast?.text ?? '', '{plan.back} goes back');
});

test('the plan, the question with either answer, and the name', async () => {
  const stage = await planned(script({ danger: 'confirm' }), { size: { columns: 80, rows: 14 } });
  says(all(stage), '{plan.go} asks whether to run it.', ', {plan.pagedown}');
  press(stage, 'plan.last');
  says(all(stage), '{plan.copy} copies it', ', {plan.pageup}');
  press(stage, 'plan.go');
  says(all(stage), '{dialog.yes} runs it, {dialog.no} or {dialog.enter} does not');
  press(stage, 'dialog.toggle');
  says(all(stage), '{dialog.yes} or {dialog.enter} runs it, {dialog.no} does not');
  const named = await planned(script({ danger: 'type-name' }));
  says(all(named), '{plan.mark} unfolds one, {plan.all} all', '{plan.go}, then type the name, shop.');
  press(named, 'plan.go', 'field.enter');
  says(named.deck.state.toast?.text ?? '', 'Type the name first; {field.escape} goes back.');
  says(all(named), 'Nothing was changed yet. {field.escape} goes back.');
  named.type('shop');
  says(all(named), '{field.enter} runs it, {field.escape} goes back.');
});

test('a run while it lasts, while it is stopped, and what came of it', async () => {
  const played = script({
    work: async (io) => {
      for (let line = 0; line < 80; line++) io.line(`line ${line}`, 'stdout');
      await untilCancelled(io);
    },
  });
  const stage = await planned(played, { size: { columns: 80, rows: 24 } });
  press(stage, 'plan.go');
  await stage.at('run');
  await until(() => stage.text.includes('line 79'), { what: 'the output' });
  press(stage, 'reader.up');
  says(all(stage), '{reader.last} follows the newest');
  press(stage, 'progress.cancel');
  says(all(stage), '{dialog.yes} stops it, {dialog.no} or {dialog.enter} does not');
  press(stage, 'dialog.no', 'progress.leave');
  says(text(stage), '1 running ({screen.operations})');
  press(stage, 'quit');
  says(text(stage), '{dialog.yes} quits, {dialog.no} or {dialog.enter} does not');
  press(stage, 'dialog.no', 'interrupt', 'dialog.yes');
  await stage.at('result');
  says(
    all(stage),
    '{result.again} plans it again with the same answers; {result.close} closes and keeps them',
  );
  const done = await planned();
  press(done, 'plan.go');
  await done.at('result');
  says(
    all(done),
    '{result.undo} undoes it (:undo ',
    '{result.close} closes.',
    'Operations ({screen.operations}) and the message log ({help.log}) have it.',
  );
  const copied = await planned(script({ undo: { command: 'rm /tmp/x' } }));
  press(copied, 'plan.go');
  await copied.at('result');
  says(all(copied), '{result.undo} copies what undoes it (rm /tmp/x)');
});
