import { readFileSync } from 'node:fs';
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
import type { Danger } from '../../src/ops/engine/plan.ts';
import { FORMATS } from '../../src/ops/migrate/formats/registry.ts';
import { OPERATIONS } from '../../src/ops/registry.ts';
import { EXIT_CODES } from '../../src/package/reference/facts.ts';
import { GRAMMAR } from '../../src/text/filter/filter.ts';

export const README = fileURLToPath(new URL('../../README.md', import.meta.url));

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

const ASKS: Readonly<Record<Danger, string>> = {
  none: '',
  confirm: ' a yes',
  'type-name': ' the name, typed',
};

async function operationTable(): Promise<string> {
  const rows = await Promise.all(
    OPERATIONS.map(async (entry) => {
      const fields = fieldsOf(await entry.load());
      const words = fields.filter((field) => field.argument).map(argumentWord);
      const command = code(['pgdeck', entry.id, ...words].join(' '));
      const flags = fields.filter((field) => !field.argument && field.repeats === undefined).map(flagRow);
      return [`| ${command} | **${cell(entry.summary)}** |${ASKS[entry.danger]} |`, ...flags];
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

/** The parts of the README that are printed from the program's own tables. */
export const SECTIONS: Readonly<Record<string, () => string | Promise<string>>> = {
  categories: categoryTable,
  checks: checkTable,
  exits: exitTable,
  fields: fieldTable,
  filters: grammarTable,
  keys: keyTable,
  formats: formatTable,
  operations: operationTable,
  thresholds: thresholdTable,
  views: viewTable,
};

/** The README with its printed parts made anew. */
export async function madeAnew(): Promise<string> {
  let text = readFileSync(README, 'utf8');
  for (const [name, make] of Object.entries(SECTIONS)) {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    if (!text.includes(begin) || !text.includes(end)) throw new Error(`README.md has no ${begin} … ${end}`);
    const [head = '', rest = ''] = text.split(begin, 2);
    text = `${head}${begin}\n${await make()}\n${rest.slice(rest.indexOf(end))}`;
  }
  return text;
}
