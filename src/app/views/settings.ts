import {
  settingFilesPoll,
  settingList,
  settingListPoll,
  settingScopesPoll,
} from '../../db/queries/settings/listed.ts';
import {
  isChanged,
  listSettings,
  type Setting,
  scopeText,
  sourceText,
  takesOf,
} from '../../db/settings/list.ts';
import { hidden } from '../../db/settings/secret.ts';
import { valueText } from '../../db/settings/value.ts';
import { span } from '../../text/line.ts';
import { plural } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import type { DetailSection } from '../core/section.ts';
import { type Column, defineScreen, defineView } from '../core/view.ts';

function rows(model: Model): readonly Setting[] {
  const files = model.part(settingFilesPoll);
  const read = model.server?.rights.superuser === true && files.status === 'ok';
  const list = model.rows(settingListPoll);
  // as long as the files are on their way, what they say of pgdeck's own settings is not known
  return listSettings(list, read ? files.rows : undefined, model.rows(settingScopesPoll));
}

/** What somebody has to do something about, what somebody has changed, and the rest. */
function rank(setting: Setting): number {
  if (setting.pending_restart) return 0;
  if (setting.wrong.length > 0) return 1;
  return isChanged(setting) ? 2 : 3;
}

function stateOf(setting: Setting): string {
  const { pending_restart, wrong, scopes } = setting;
  if (pending_restart) return 'waits for restart';
  if (wrong.length > 0) return 'wrong in a file';
  if (scopes.length > 0) return `${scopes.length} by role or db`;
  return isChanged(setting) ? 'changed' : '';
}

const columns = [
  { id: 'name', title: 'SETTING', width: 26, priority: 1, grow: true, value: (s) => s.name },
  {
    id: 'value',
    title: 'VALUE',
    width: 14,
    priority: 1,
    value: (s) => valueText(s, s.value),
  },
  { id: 'default', title: 'DEFAULT', width: 14, priority: 3, value: (s) => valueText(s, s.boot_val) },
  { id: 'source', title: 'SOURCE', width: 19, priority: 2, value: (s) => sourceText(s) },
  { id: 'takes', title: 'TAKES', width: 11, priority: 2, value: (s) => takesOf(s) },
  {
    id: 'state',
    title: 'STATE',
    width: 19,
    priority: 4,
    value: (s) => `${rank(s)} ${s.name}`,
    cell: stateOf,
    level: (s) => (rank(s) === 0 ? 'warn' : rank(s) === 1 ? 'alert' : 'normal'),
  },
] satisfies Column<Setting>[];

export const settingsView = defineView<Setting>({
  id: 'settings',
  title: 'Settings',
  noun: 'settings',
  polls: [settingListPoll, settingFilesPoll, settingScopesPoll],
  rows,
  identity: (row) => row.name,
  sort: { column: 'state', descending: false },
  empty: 'The server has told no setting.',
  columns,
  listedBy: 'settings',
  copy: (row) => ({ text: row.name, what: 'name' }),
  headline: (model, shown) => {
    const all = shown as readonly Setting[];
    const waiting = all.filter(({ pending_restart }) => pending_restart).length;
    const partial = model.server && settingList.partial?.(model.server);
    return [
      span(`${plural(all.filter(isChanged).length, 'setting')} changed, `, 'muted'),
      span(
        waiting === 1 ? '1 waits for a restart' : `${waiting} wait for a restart`,
        waiting > 0 ? 'warn' : 'muted',
      ),
      ...(partial === undefined ? [] : [span('; not all are seen (pg_read_all_settings)', 'muted')]),
    ];
  },
  operations: [
    {
      id: 'settings.set',
      key: 'w',
      title: 'Change the setting',
      operation: 'settings set',
      argument: (row) => row.name,
      danger: true,
      hint: 2,
      short: 'change',
      only: ({ context }) => context !== 'internal',
      elsewhere: 'the row is no setting that can be changed',
    },
  ],
  detail: (row) => [about(row), ...scopesOf(row), ...linesOf(row)],
});

function about(setting: Setting): DetailSection {
  const { name, value, boot_val, short_desc, extra_desc, category, min_val, max_val, enumvals, waiting } =
    setting;
  const facts: [string, string][] = [
    ['value', valueText(setting, value)],
    ['default', valueText(setting, boot_val)],
    ['source', sourceText(setting, true)],
    ['takes', takesOf(setting)],
    ['what it is', [short_desc, extra_desc].filter((text) => text !== null).join(' ')],
    ['category', category],
  ];
  if (waiting !== undefined)
    facts.push(['after a restart', waiting === null ? valueText(setting, boot_val) : hidden(name, waiting)]);
  if (enumvals !== null) facts.push(['values', enumvals.join(', ')]);
  else if (min_val !== null && max_val !== null)
    facts.push(['range', `${valueText(setting, min_val)} to ${valueText(setting, max_val)}`]);
  if (setting.from === 'not known')
    facts.push(['why', 'This session has a value of its own, and may not read the files of the server.']);
  return { title: name, facts };
}

function scopesOf({ name, scopes }: Setting): DetailSection[] {
  if (scopes.length === 0) return [];
  return [
    {
      title: 'For roles and databases',
      facts: scopes.map((one): [string, string] => [scopeText(one), hidden(name, one.value)]),
    },
  ];
}

function linesOf({ name, overridden, wrong }: Setting): DetailSection[] {
  const lines = [...wrong, ...overridden];
  if (lines.length === 0) return [];
  return [
    {
      title: 'Lines that do not hold',
      facts: lines.map(({ sourcefile, sourceline, value, error }): [string, string] => [
        `${sourcefile}:${sourceline}`,
        `${hidden(name, value) ?? ''} ${error === null ? '(a later line holds)' : `(${error})`}`,
      ]),
    },
  ];
}

export const settingsScreen = defineScreen({
  id: 'settings',
  title: 'Settings',
  panes: [settingsView],
});
