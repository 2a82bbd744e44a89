import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../db/session.ts';
import type { Setting } from '../../db/settings/list.ts';
import { hidden, isSecret } from '../../db/settings/secret.ts';
import { readValue, valueText } from '../../db/settings/value.ts';
import { unlogged } from '../database/unlogged.ts';
import type { OpContext } from '../engine/operation.ts';
import { KEPT, type Step, type StepIo } from '../engine/plan.ts';
import { type Change, takesRestart } from './change.ts';
import { settingErrors } from './errors.ts';
import type { Here } from './here.ts';
import { type Entry, entryOf, readSettings, withPlain } from './look.ts';
import { settingLoaded } from './queries/change.ts';
import { isSame, isSystem, RELOAD, resetSql, setSql, whereText } from './scope.ts';
import { tryStart } from './trial.ts';

/** A change with what it finds. */
export interface Doing extends Change {
  readonly setting: Setting | undefined;
  /** What stands there when it is planned. */
  readonly before: Entry;
  readonly major: number;
}

/** How often and how long a new session is asked whether the files were read. */
const AGAIN_MS = 100;
const LOADED_MS = 10_000;

/** A start of a server of its own, before anything is written. */
export function trialStep(context: OpContext, here: Here, doing: Doing & { readonly to: string }): Step {
  const { name, to: value } = doing;
  return {
    id: 'trial',
    title: `Start a throwaway server with ${name} = ${hidden(name, value)}`,
    preview: `# initdb and postgres of ${here.bin} in an empty directory, with the settings of the next start`,
    effect: 'the server itself is not touched',
    run: async (io) => {
      const { settings } = await withPlain(context, readSettings);
      await tryStart(io, here, settings, { name, value });
      io.line('A server starts with it.');
    },
  };
}

/** The statement, as it is sent; of a secret without the value where it is `shown`. */
export function statement({ name, scope, major }: Doing, to: string | undefined, shown = false): string {
  if (to === undefined) return resetSql(scope, name);
  return setSql(scope, name, shown ? hidden(name, to) : to, major);
}

/** What a run has come to. */
export interface Writing {
  /** Whether it may stand there now. */
  written: boolean;
}

/** Writes it, where it is still as it was when it was planned. */
export function writeStep(context: OpContext, doing: Doing, writing: Writing): Step {
  const { name, scope, to, before } = doing;
  const secret = isSecret(name);
  let writer: Session | undefined;
  return {
    id: 'write',
    title: `${to === undefined ? 'Take back' : 'Set'} ${name} ${whereText(scope)}`,
    preview: `${statement(doing, to, true)};`,
    effect: isSystem(scope) ? 'written into postgresql.auto.conf' : 'for sessions that begin afterwards',
    run: async (io) => {
      const now = await nowOf(context, doing);
      refuseOther(doing, now);
      io.record({
        setting: {
          name,
          ...(scope.database !== undefined && { database: scope.database }),
          ...(scope.role !== undefined && { role: scope.role }),
          known: before !== null && !secret,
          before: secret ? null : (before?.value ?? null),
          after: secret ? null : (to ?? null),
        },
      });
      const session = await io.connect();
      if (secret) await unlogged(session);
      writer = session;
      writing.written = true;
      await session.sql(statement(doing, to));
      io.crashPoint('write:written');
      // without the files it is seen when the server has read them
      const after = isSystem(scope) && !session.server.rights.superuser ? null : await nowOf(context, doing);
      if (after !== null && (after.value === undefined) !== (to === undefined))
        throw settingErrors.notTaken({ name, why: `it is not there ${whereText(scope)}` });
    },
    rollback: async (io) => {
      if (writer === undefined || before === null) return KEPT;
      // what was written may keep every new session from beginning: the one that wrote it is there already
      const now = await nowOf(context, doing).catch(() => null);
      if (now !== null && isSame(name, now.value, before.value)) {
        writing.written = false;
        return KEPT;
      }
      const session = writer.lost ? await io.connect() : writer;
      await session.sql(statement(doing, before.value));
      if (isSystem(scope)) await session.sql(RELOAD);
      writing.written = false;
      io.line(`${name} is ${whereText(scope)} as it was.`);
      return undefined;
    },
  };
}

/** What stands there now. */
async function nowOf(context: OpContext, { scope, name }: Doing): Promise<Entry> {
  return withPlain(context, async (session) => entryOf(await readSettings(session), scope, name));
}

function refuseOther({ name, scope, before }: Doing, now: Entry): void {
  if (before === null) return;
  if (now === null) throw settingErrors.unreadable({ name, where: whereText(scope) });
  if (isSame(name, now.value, before.value)) return;
  const shown = now.value === undefined ? 'not set' : hidden(name, now.value);
  throw settingErrors.changed({ name, where: whereText(scope), now: shown });
}

/** Has the files read again, and waits until a new session has been given what is in them. */
export function reloadStep(context: OpContext, doing: Doing): Step {
  return {
    id: 'reload',
    title: 'Have the server read its files again',
    preview: `${RELOAD};`,
    effect: 'nobody is disturbed',
    run: async (io) => {
      const session = await io.connect();
      const [last] = await session.run(settingLoaded, undefined);
      await session.sql(RELOAD);
      await loaded(io, context, last?.loaded_us ?? 0);
      await seeInForce(io, context, doing);
    },
  };
}

async function loaded(io: StepIo, context: OpContext, before: number): Promise<void> {
  const end = Date.now() + LOADED_MS;
  for (;;) {
    const why = await withPlain(context, async (session) => {
      const [now] = await session.run(settingLoaded, undefined);
      if (now !== undefined && now.loaded_us > before) return undefined;
      const { files = [] } = await readSettings(session);
      const wrong = files.find(({ name, error }) => name === null && error !== null);
      return wrong
        ? `${wrong.sourcefile}:${wrong.sourceline} (${wrong.error})`
        : `it has not done so within ${LOADED_MS / 1000} s`;
    });
    if (why === undefined) return;
    if (Date.now() > end) throw settingErrors.notLoaded({ why });
    await delay(AGAIN_MS, undefined, { signal: io.signal });
  }
}

/** What a new session says of it. */
async function seeInForce(io: StepIo, context: OpContext, { name, to, setting }: Doing): Promise<void> {
  const { settings } = await withPlain(context, readSettings);
  const now = settings.find((one) => one.name === setting?.name);
  if (now === undefined) return;
  const [wrong] = now.wrong.filter(({ name: of }) => of?.toLowerCase() === name.toLowerCase());
  if (wrong !== undefined)
    throw settingErrors.notTaken({ name, why: `${wrong.sourcefile}:${wrong.sourceline}: ${wrong.error}` });
  if (now.pending_restart) {
    io.line(
      `${name} is ${valueText(now, now.value)} until the server is restarted; then it is what was set.`,
    );
    return;
  }
  const wanted = to === undefined ? undefined : readValue(now, to);
  const alike =
    wanted?.kind !== 'read' ||
    now.value === null ||
    now.value === wanted.value ||
    Math.abs(Number(now.value) - Number(wanted.value)) < 1e-6 * Math.max(1, Math.abs(Number(wanted.value)));
  if (!alike)
    throw settingErrors.notTaken({
      name,
      why: `a new session gets ${valueText(now, now.value)}, from ${now.from}`,
    });
  io.line(
    now.from === 'not known'
      ? `${name} is written; this role gets a value of its own.`
      : `${name} is ${valueText(now, now.value)} for new sessions${takesRestart(now, {}) ? '' : ', and for those that have set nothing else'}.`,
  );
}
