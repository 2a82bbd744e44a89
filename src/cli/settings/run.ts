import type { Env } from '../../config/libpq/env.ts';
import type { Resolved } from '../../config/profile.ts';
import { place } from '../../db/errors.ts';
import { settingFiles, settingList } from '../../db/queries/settings/listed.ts';
import type { Session } from '../../db/session.ts';
import { isChanged, type Setting, scopeText, sourceText, takesOf } from '../../db/settings/list.ts';
import { hidden } from '../../db/settings/secret.ts';
import { valueText } from '../../db/settings/value.ts';
import { type Advice, advise, type Machine, sumOf } from '../../health/advice/advise.ts';
import { openContext } from '../../ops/engine/context.ts';
import { entryOf } from '../../ops/registry.ts';
import { placeOf } from '../../ops/settings/here.ts';
import { type Listed, readSettings, withPlain } from '../../ops/settings/look.ts';
import { cleanLine } from '../../text/clean.ts';
import { shellWord } from '../../text/shell.ts';
import { bytes, plural } from '../../text/units.ts';
import { EXIT, note, print, printJson, printTable } from '../output.ts';

export interface SettingsOptions {
  readonly all?: boolean;
  readonly name?: string;
  readonly advise?: boolean;
  /** Bytes. */
  readonly memory?: number;
  readonly cores?: number;
  readonly storage?: 'ssd' | 'hdd';
  readonly json?: boolean;
}

/** Prints the settings of a server, or what would be better. Returns the exit code. Throws DbError. */
export async function runSettings(options: SettingsOptions, resolved: Resolved, env: Env): Promise<number> {
  const context = await openContext({ resolved, env, operations: entryOf });
  try {
    return await withPlain(context, async (session) => {
      const listed = await readSettings(session);
      if (options.advise !== true) await list(listed, session, options, resolved);
      else {
        const { here } = await placeOf(context.host, session, context.target);
        await showAdvice(listed, session, machineOf(here, options), here, options, resolved);
      }
      return EXIT.done;
    });
  } finally {
    await context.close();
  }
}

/** Names that hold a pattern, in which `*` stands for anything. */
function matcher(pattern: string | undefined): (name: string) => boolean {
  if (pattern === undefined) return () => true;
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  const wanted = new RegExp(parts.join('.*'), 'i');
  return (name) => wanted.test(name);
}

async function list(
  { settings, files, scopes }: Listed,
  session: Session,
  { all, name, json }: SettingsOptions,
  resolved: Resolved,
): Promise<void> {
  const matches = matcher(name);
  const chosen = settings.filter(
    (one) => matches(one.name) && (all === true || name !== undefined || isChanged(one)),
  );
  // what waits is what somebody has to act on
  const rows = chosen.toSorted((a, b) => Number(b.pending_restart) - Number(a.pending_restart));
  const hiddenFrom = settingList.partial?.(session.server);
  const unread = files === undefined ? settingFiles.unavailable?.(session.server) : undefined;
  const lines = (files ?? []).filter(({ name: of, error }) => error !== null && !isWaiting(settings, of));
  const foreign = scopes.filter((one) => matches(one.name) && !settings.some((s) => isNamed(s, one.name)));
  if (json === true)
    return printJson({
      server: place(resolved.target),
      settings: rows.map(record),
      other: foreign.map((one) => ({ ...one, value: hidden(one.name, one.value) })),
      file_errors: lines.map((one) => ({
        ...one,
        value: one.name === null ? null : hidden(one.name, one.value),
      })),
      not_seen: [hiddenFrom, unread].flatMap((one) => (one === undefined ? [] : [one.reason])),
    });
  if (rows.length === 0)
    note(name === undefined ? 'Every setting is as it comes.' : `No setting has ${name} in its name.`);
  else await printTable(rows.flatMap(rowsOf), COLUMNS);
  const waiting = rows.filter(({ pending_restart }) => pending_restart);
  if (waiting.length > 0)
    note(`${plural(waiting.length, 'setting')} ${waiting.length === 1 ? 'waits' : 'wait'} for a restart.`);
  for (const { role, database, name: of, value } of foreign)
    note(
      `${of} of ${scopeText({ role, database })} is ${hidden(of, value)}: of an extension that is not loaded.`,
    );
  for (const { sourcefile, sourceline, name: of, error } of lines)
    note(`${sourcefile}:${sourceline}: ${of ?? 'the line'} cannot be taken: ${error}`);
  for (const one of [hiddenFrom, unread])
    if (one !== undefined) note(`pgdeck: ${one.reason}${one.remedy ? ` To see it: ${one.remedy}` : ''}`);
}

const isNamed = ({ name }: Setting, wanted: string | null) => name.toLowerCase() === wanted?.toLowerCase();

function isWaiting(settings: readonly Setting[], name: string | null): boolean {
  return settings.some((one) => one.pending_restart && isNamed(one, name));
}

const COLUMNS = [
  { key: 'name', title: 'NAME' },
  { key: 'value', title: 'VALUE' },
  { key: 'default', title: 'DEFAULT' },
  { key: 'source', title: 'SOURCE' },
  { key: 'takes', title: 'TAKES' },
  { key: 'note', title: 'NOTE' },
];

/** A setting, and below it what roles and databases have instead. */
function rowsOf(setting: Setting): object[] {
  const { name, value, boot_val, scopes, waiting, overridden, wrong, pending_restart } = setting;
  const then =
    waiting === undefined ? '' : `, then ${waiting === null ? 'the default' : hidden(name, waiting)}`;
  const notes = [
    ...(pending_restart ? [`waits for a restart${then}`] : []),
    ...overridden.map((line) => `overrides ${line.sourcefile.split('/').at(-1)}:${line.sourceline}`),
    ...wrong.map((line) => `wrong in ${line.sourcefile.split('/').at(-1)}:${line.sourceline}`),
  ];
  return [
    {
      name,
      value: valueText(setting, value),
      default: valueText(setting, boot_val),
      source: sourceText(setting),
      takes: takesOf(setting),
      note: notes.join('; '),
    },
    ...scopes.map((one) => ({
      name,
      value: hidden(name, one.value),
      default: '',
      source: scopeText(one),
      takes: 'new session',
      note: '',
    })),
  ];
}

/** As scripts have it. */
function record(setting: Setting): object {
  const { name, value, boot_val, unit, context, from, sourcefile, sourceline, pending_restart, waiting } =
    setting;
  return {
    name,
    value: hidden(name, value),
    unit,
    text: valueText(setting, value),
    boot_val,
    source: from,
    sourcefile,
    sourceline,
    context,
    takes: takesOf(setting),
    pending_restart,
    waiting: waiting === undefined ? null : hidden(name, waiting),
    changed: isChanged(setting),
    overridden: setting.overridden.map((line) => ({ ...line, value: hidden(name, line.value) })),
    wrong: setting.wrong.map((line) => ({ ...line, value: hidden(name, line.value) })),
    scopes: setting.scopes.map((one) => ({
      role: one.role,
      database: one.database,
      value: hidden(name, one.value),
    })),
  };
}

type Seen = Awaited<ReturnType<typeof placeOf>>['here'];

/** What was given comes first: it may be about another machine than this. */
function machineOf(here: Seen, { memory, cores, storage }: SettingsOptions): Machine {
  const found = 'unknown' in here ? undefined : here;
  // the disks of virtual machines say that they turn, whatever they are
  const disk = found?.rotating === false ? 'ssd' : undefined;
  return { memory: memory ?? found?.memory, cores: cores ?? found?.cores, storage: storage ?? disk };
}

async function showAdvice(
  { settings }: Listed,
  { server }: Session,
  machine: Machine,
  here: Seen,
  { name, json, all }: SettingsOptions,
  resolved: Resolved,
): Promise<void> {
  const matches = matcher(name);
  const advice = advise(settings, machine, server.major).filter((one) => matches(one.name));
  const sum = sumOf(settings, machine, server.major);
  const { memory = null, cores = null, storage = null } = machine;
  if (json === true)
    return printJson({
      server: place(resolved.target),
      machine: { memory_bytes: memory, cores, storage },
      advice,
      sum:
        sum === undefined ? null : { most_bytes: sum.most, memory_bytes: sum.memory ?? null, text: sum.text },
      not_known: 'unknown' in here ? here.unknown : null,
    });
  print(
    `Machine: ${memory === null ? 'memory not known' : `${bytes(memory)} of memory`}, ${cores === null ? 'cores not known' : plural(cores, 'core')}, ${storage === null ? 'storage not known' : storage.toUpperCase()}`,
  );
  if ('unknown' in here) note(`pgdeck: ${here.unknown}`);
  if (sum !== undefined) print(cleanLine(sum.text));
  for (const one of advice.filter(
    ({ advised, missing }) => all === true || advised !== null || missing !== null,
  ))
    for (const line of adviceText(one)) print(line);
  if (advice.every(({ advised, missing }) => advised === null && missing === null))
    print('By these rules nothing would be better.');
}

/** What has to be given, where it was not found out. */
const GIVE = { memory: '--memory 16GB', cores: '--cores 8', storage: '--storage ssd' } as const;

function adviceText({ name, current, advised, missing, reason, cost, restart }: Advice): string[] {
  const head = `${name}: ${cleanLine(current)}`;
  if (missing !== null) return ['', `${head}  not judged: its ${missing} is not known (${GIVE[missing]})`];
  if (advised === null) return ['', `${head}  well as it is`, `  Why:  ${reason}`];
  return [
    '',
    `${head} -> ${advised}${restart ? '  (restart)' : ''}`,
    `  Why:  ${reason}`,
    `  Cost: ${cost}`,
    `  Do:   pgdeck settings set ${name} ${shellWord(advised)}`,
  ];
}
