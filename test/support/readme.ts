import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ACTIONS } from '../../src/app/actions/registry.ts';
import type { Action, KeyScope } from '../../src/app/core/deck.ts';
import { keysOf } from '../../src/app/core/keys.ts';
import { fieldsText, KINDS_TEXT } from '../../src/app/views/fields.ts';
import { SCREENS, SHOWN } from '../../src/app/views/registry.ts';
import { THRESHOLDS, type ThresholdSpec } from '../../src/config/thresholds.ts';
import { CATEGORIES, CATEGORY_IDS } from '../../src/health/categories.ts';
import { CHECKS } from '../../src/health/registry.ts';
import { fieldsOf, type InputField } from '../../src/ops/engine/fields.ts';
import { FORMATS } from '../../src/ops/migrate/formats/registry.ts';
import { OPERATIONS } from '../../src/ops/registry.ts';
import { ASKS } from '../../src/package/reference/commands.ts';
import { EXIT_CODES } from '../../src/package/reference/facts.ts';
import { CHAPTERS, chapterFile } from '../../src/package/reference/manual.ts';
import { GRAMMAR } from '../../src/text/filter/filter.ts';

export const README = fileURLToPath(new URL('../../README.md', import.meta.url));
/** What people read: the README, and the chapters of the manual in their order. */
export const TEXTS: readonly string[] = [README, ...CHAPTERS.map((name) => fileURLToPath(chapterFile(name)))];

const PLACES: Readonly<Partial<Record<KeyScope, string>>> = {
  screen: 'anywhere',
  quit: 'anywhere',
  always: 'always',
  table: 'in a table',
  row: 'on a row',
};

function keyTable(): string {
  const rows = ACTIONS.filter((a) => PLACES[a.scope] && a.keys.length > 0).map(
    (a: Action) =>
      `| ${keys(a)} | ${cell(a.title)}${a.danger ? ' (asks first)' : ''} | ${PLACES[a.scope]} | \`${a.id}\` |`,
  );
  return ['| key | what it does | where | action |', '|---|---|---|---|', ...rows].join('\n');
}

function keys(action: Action): string {
  return keysOf(action)
    .split(' ')
    .map((key) => `\`${key.replaceAll('|', '\\|')}\``)
    .join(' ');
}

function thresholdTable(): string {
  const rows = Object.entries(THRESHOLDS).map(([id, spec]: [string, ThresholdSpec]) =>
    spec.kind === 'levels'
      ? `| \`${id}\` | ${spec.title} | ${spec.unit} | ${spec.defaults.normal} | ${spec.defaults.alert} | ${spec.defaults.critical} |`
      : `| \`${id}\` | ${spec.title} | ${spec.unit} | ${spec.default} | | |`,
  );
  return [
    '| setting | meaning | unit | normal | alert | critical |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** What `show` prints. */
function viewTable(): string {
  const rows = SHOWN.map((view) => {
    const screens = SCREENS.filter(({ panes }) => panes.includes(view)).map(({ title }) => title);
    return `| \`${view.id}\` | ${view.title} | ${view.noun} | ${screens.join(', ')} |`;
  });
  return ['| view | what it shows | its rows | screens |', '|---|---|---|---|', ...rows].join('\n');
}

/** What filters ask for by name. */
function fieldTable(): string {
  const rows = SHOWN.map((view) => `| \`${view.id}\` | ${cell(fieldsText(view))} |`);
  return [`| view | fields of filters: ${KINDS_TEXT} |`, '|---|---|', ...rows].join('\n');
}

function grammarTable(): string {
  const rows = GRAMMAR.map(([typed, meaning]) => `| ${code(typed)} | ${cell(meaning)} |`);
  return ['| in a filter | means |', '|---|---|', ...rows].join('\n');
}

async function operationTable(): Promise<string> {
  const rows = await Promise.all(
    OPERATIONS.map(async (entry) => {
      const fields = fieldsOf(await entry.load());
      const words = fields.filter((field) => field.argument).map(argumentWord);
      const asks = ASKS[entry.danger];
      const command = code(['pgdeck', entry.id, ...words].join(' '));
      const flags = fields.filter((field) => !field.argument && field.repeats === undefined).map(flagRow);
      return [
        `| ${command} | **${cell(entry.summary)}** |${asks === undefined ? '' : ` ${asks}`} |`,
        ...flags,
      ];
    }),
  );
  return ['| command or flag | what it does | asks for |', '|---|---|---|', ...rows.flat()].join('\n');
}

function argumentWord({ id, placeholder = id, kind, required }: InputField): string {
  const word = `${placeholder.toUpperCase()}${kind === 'list' ? '…' : ''}`;
  return required ? word : `[${word}]`;
}

function flagRow({ id, kind, option, hint, initial, values, secret, placeholder = id }: InputField): string {
  // it is no word of a command
  if (secret === true)
    return `| &emsp;${code(`${option}-stdin`)}, ${code(`--ask-${option.slice(2)}`)} | ${cell(hint)} | |`;
  const value = kind === 'flag' ? '' : ` ${values ? values.join('|') : placeholder.toUpperCase()}`;
  const again = kind === 'list' ? '; may be repeated' : '';
  const known = typeof initial === 'string' || typeof initial === 'number' ? ` (default: ${initial})` : '';
  return `| &emsp;${code(`${option}${value}`)} | ${cell(hint)}${again}${known} | |`;
}

function checkTable(): string {
  const rows = CHECKS.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(
    ({ id, title, category, fix }) => `| \`${id}\` | ${title} | ${CATEGORIES[category].title} | ${fix} |`,
  );
  return ['| check | what it is about | category | what fixes it |', '|---|---|---|---|', ...rows].join('\n');
}

function categoryTable(): string {
  const rows = CATEGORY_IDS.map((id) => {
    const { title, weight, measuredBy } = CATEGORIES[id];
    const by = measuredBy === undefined ? 'not scored' : `\`${measuredBy}\``;
    return `| \`${id}\` | ${title} | ${weight} | ${by} |`;
  });
  return ['| category | title | weight | measured by |', '|---|---|---|---|', ...rows].join('\n');
}

/** In the order of their names; that of the program is of what takes a file first. */
function formatTable(): string {
  const rows = FORMATS.toSorted((a, b) => (a.title.toLowerCase() < b.title.toLowerCase() ? -1 : 1)).map(
    ({ name, title, files, ledger, limits = '' }) => {
      const table = code([ledger.schema, ledger.tableName].filter((part) => part !== undefined).join('.'));
      const named = name === title ? title : `${title} ${code(name)}`;
      return `| ${named} | ${files} | ${table} | ${limits} |`;
    },
  );
  return ['| format | files | history | what is not done |', '|---|---|---|---|', ...rows].join('\n');
}

function exitTable(): string {
  const rows = EXIT_CODES.map(
    ({ term, text }) => `| ${term} | ${text.slice(0, 1).toLowerCase()}${text.slice(1, -1)} |`,
  );
  return ['| exit code | meaning |', '|---|---|', ...rows].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => `\`${cell(text)}\``;

/** The parts of README and manual that are printed from the program's own tables, and where each has to be. */
export const SECTIONS: Readonly<
  Record<string, { make: () => string | Promise<string>; in: readonly string[] }>
> = {
  categories: { make: categoryTable, in: ['health.md'] },
  checks: { make: checkTable, in: ['health.md'] },
  exits: { make: exitTable, in: ['README.md', 'commands.md'] },
  fields: { make: fieldTable, in: ['console.md'] },
  filters: { make: grammarTable, in: ['console.md'] },
  keys: { make: keyTable, in: ['README.md', 'console.md'] },
  formats: { make: formatTable, in: ['migrations.md'] },
  operations: { make: operationTable, in: ['operations.md'] },
  thresholds: { make: thresholdTable, in: ['README.md', 'profiles.md'] },
  views: { make: viewTable, in: ['commands.md'] },
};

/** One of the texts with its printed parts made anew. Throws where one is missing that has to be there. */
export async function madeAnew(file: string): Promise<string> {
  let text = readFileSync(file, 'utf8');
  for (const [name, section] of Object.entries(SECTIONS)) {
    if (!section.in.includes(basename(file))) continue;
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    if (!text.includes(begin) || !text.includes(end)) throw new Error(`${file} has no ${begin} … ${end}`);
    const [head = '', rest = ''] = text.split(begin, 2);
    text = `${head}${begin}\n${await section.make()}\n${rest.slice(rest.indexOf(end))}`;
  }
  return text;
}
