import { type Setting, sourceText, takesOf } from '../../db/settings/list.ts';
import { hidden, isSecret } from '../../db/settings/secret.ts';
import { readValue, valueText } from '../../db/settings/value.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Fact, Plan, Step } from '../engine/plan.ts';
import { type Change, takesRestart } from './change.ts';
import { besides, valueChecks } from './checks.ts';
import { settingErrors } from './errors.ts';
import { type Place, placeOf } from './here.ts';
import { type Entry, entryOf, readSettings, settingOf, withPlain } from './look.ts';
import { mayChange } from './rights.ts';
import { isSame, isSystem, whereText } from './scope.ts';
import { startChecks } from './starting.ts';
import { type Doing, reloadStep, trialStep, type Writing, writeStep } from './steps.ts';
import { untriable } from './trial.ts';

export interface PlanOptions {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** No throwaway server. */
  readonly noTrial?: boolean;
  /** What has to stand there: somebody else may have changed it since. */
  readonly expected?: Entry;
}

/** Plans a change of a setting: `set`, `reset`, and what takes either back. Throws OpError and DbError. */
export async function planChange(asked: Change, context: OpContext, options: PlanOptions): Promise<Plan> {
  const session = await context.session();
  const { server } = session;
  const { listed, place } = await withPlain(context, async (plain) => ({
    listed: await readSettings(plain),
    place: await placeOf(context.host, plain, context.target),
  }));
  const setting = settingOf(listed, asked.name);
  const change: Change = { ...asked, name: setting?.name ?? asked.name };
  const { name, scope, to } = change;
  const before = entryOf(listed, scope, name);
  const { expected } = options;
  const holds =
    expected?.value === undefined || setting === undefined ? undefined : readValue(setting, expected.value);
  const other =
    before === null &&
    holds?.kind === 'read' &&
    setting?.pending_restart === false &&
    setting.from !== 'not known' &&
    setting.value !== holds.value;
  if (other)
    throw settingErrors.changed({ name, where: whereText(scope), now: valueText(setting, setting.value) });
  if (expected != null && before !== null && !isSame(name, expected.value, before.value))
    throw settingErrors.changed({
      name,
      where: whereText(scope),
      now: before.value === undefined ? 'not set' : hidden(name, before.value),
    });
  const doing: Doing = { ...change, setting, before, major: server.major };
  const rights = await mayChange(session, change, setting);
  const checks = isBlocked(rights)
    ? rights
    : [
        ...rights,
        ...(await valueChecks(context, session, change, setting, place)),
        ...(await startChecks(context, session, change, setting, place)),
        ...besides(change, setting, listed),
      ];
  const trial = await trialOf(context, doing, place, options, checks);
  const same = before !== null && isSame(name, before.value, to);
  const system = isSystem(scope);
  const restart = takesRestart(setting, scope);
  const consequence = consequenceOf(setting, restart, system);
  const writing: Writing = { written: false };
  const steps = [
    ...(trial.step === undefined ? [] : [trial.step]),
    writeStep(context, doing, writing),
    ...(system ? [reloadStep(context, doing)] : []),
  ];
  return {
    operation: options.operation,
    title: titleOf(change),
    subject: name,
    danger: restart && trial.step === undefined && to !== undefined ? 'type-name' : 'confirm',
    writes: true,
    server: context.place,
    input:
      'value' in options.input
        ? { ...options.input, value: hidden(name, String(options.input.value)) }
        : options.input,
    facts: factsOf(doing, same),
    checks: [...checks, ...trial.checks, ...(isBlocked(checks) ? [] : undoChecks(doing))],
    steps: same ? [] : steps,
    ...(consequence !== undefined && { consequence }),
    leaves: () =>
      writing.written
        ? `${name} may be written ${whereText(scope)}: pgdeck settings says what holds.`
        : `${name} is ${whereText(scope)} as it was.`,
    reaches: () =>
      restart
        ? `${name} is written; it holds from the next restart of the server on.`
        : system
          ? `${name} holds for the server.`
          : `${name} holds for sessions that begin from now on.`,
    ...(restart && { follows: () => (writing.written ? 'pgdeck server restart' : undefined) }),
    locks: [{ family: 'settings', database: server.database }],
    ...(before !== null && !isSecret(name) && !same && { undo: 'undo' as const }),
  };
}

const isBlocked = (checks: readonly Check[]) => checks.some(({ status }) => status === 'block');

function titleOf({ name, scope, to }: Change): string {
  if (to === undefined) return `Reset ${name} ${whereText(scope)}`;
  return `Set ${name} to ${hidden(name, to)} ${whereText(scope)}`;
}

function factsOf({ name, scope, to, setting, before }: Doing, same: boolean): Fact[] {
  const shown = (value: string | undefined) => (value === undefined ? 'nothing is set' : hidden(name, value));
  return [
    {
      label: 'Setting',
      value:
        setting === undefined
          ? `${name}, of an extension that is not loaded`
          : `${name}: ${setting.short_desc}`,
    },
    ...(setting === undefined
      ? []
      : [
          {
            label: 'Holds now',
            value: `${valueText(setting, setting.value)}, from ${sourceText(setting, true)}`,
          },
          { label: 'Default', value: valueText(setting, setting.boot_val) },
          ...rangeOf(setting),
        ]),
    { label: 'Stands there', value: before === null ? 'not known to this role' : shown(before.value) },
    { label: 'Shall be', value: same ? `${shown(to)}, as it is` : shown(to) },
    ...(setting !== undefined && isSystem(scope) ? [{ label: 'Takes', value: `a ${takesOf(setting)}` }] : []),
  ];
}

function rangeOf(setting: Setting): Fact[] {
  const { min_val, max_val, enumvals } = setting;
  if (enumvals !== null) return [{ label: 'Values', value: enumvals.join(', ') }];
  if (min_val === null || max_val === null) return [];
  return [{ label: 'Range', value: `${valueText(setting, min_val)} to ${valueText(setting, max_val)}` }];
}

function consequenceOf(setting: Setting | undefined, restart: boolean, system: boolean): string | undefined {
  if (restart)
    return 'It holds from the next restart on, whenever that is: also after a crash. To bring it into force now: pgdeck server restart';
  if (setting === undefined || !system) return undefined;
  if (takesOf(setting) === 'new session') return 'It holds for sessions that begin afterwards.';
  return 'It holds for every session at once, but those that have set their own.';
}

/** A start with it, where it takes one, or why there is none. */
async function trialOf(
  context: OpContext,
  doing: Doing,
  { here }: Place,
  { noTrial = false }: PlanOptions,
  found: readonly Check[],
): Promise<{ readonly step?: Step; readonly checks: readonly Check[] }> {
  const { name, scope, setting, to } = doing;
  // a number or a word that the server takes keeps it from nothing, where a reload is enough
  const starts =
    setting?.context === 'postmaster' ||
    (setting?.context === 'sighup' && (setting.vartype === 'string' || name.startsWith('ssl')));
  if (!isSystem(scope) || !starts || isBlocked(found)) return { checks: [] };
  const value = to ?? setting.boot_val;
  const untried = (why: string) => ({
    checks: [
      {
        title: 'Start',
        status: 'warn' as const,
        detail: `Whether the server starts with it is not tried: ${why}.`,
      },
    ],
  });
  if (noTrial) return untried('--no-trial');
  if (isSecret(name)) return untried('it is a secret');
  // what the server takes without one is what it was made with
  if (value === null) return { checks: [] };
  if ('unknown' in here) return untried(here.unknown.replace(/\.$/, ''));
  const why = await untriable(context.host, here, { name, value });
  if (why !== undefined) return untried(why);
  return {
    step: trialStep(context, here, { ...doing, to: value }),
    checks: [
      {
        title: 'Start',
        status: 'ok',
        detail:
          'A throwaway server is started with it before anything is written; huge pages and the files of the server are not seen by that.',
      },
    ],
  };
}

function undoChecks({ name, scope, to, before }: Doing): Check[] {
  const title = 'Undo';
  if (isSecret(name)) {
    const log =
      isSystem(scope) && to !== undefined
        ? 'The server itself writes the new value into its log when it reads its files again.'
        : 'A superuser keeps the statement out of the log of the server; of others the log may have it.';
    const detail = `It is a secret: what it was is kept nowhere, and cannot be put back by pgdeck. ${log}`;
    return [{ title, status: 'warn', detail }];
  }
  if (before !== null) return [];
  const detail = 'What stands there now is not known to this role: it cannot be put back by pgdeck.';
  return [{ title, status: 'warn', detail }];
}
