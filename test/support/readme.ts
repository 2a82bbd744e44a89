import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Action, Scope } from '../../src/app/actions/action.ts';
import { keysOf } from '../../src/app/actions/keys.ts';
import { ACTIONS } from '../../src/app/actions/registry.ts';
import { THRESHOLDS, type ThresholdSpec } from '../../src/config/thresholds.ts';

export const README = fileURLToPath(new URL('../../README.md', import.meta.url));

const PLACES: Readonly<Partial<Record<Scope, string>>> = {
  screen: 'anywhere',
  quit: 'anywhere',
  always: 'always',
  table: 'in a table',
  row: 'on a row',
};

function keyTable(): string {
  const rows = ACTIONS.filter((a) => PLACES[a.scope] && a.keys.length > 0).map(
    (a: Action) => `| ${keys(a)} | ${a.title}${a.danger ? ' (asks first)' : ''} | ${PLACES[a.scope]} |`,
  );
  return ['| key | what it does | where |', '|---|---|---|', ...rows].join('\n');
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

/** The parts of the README that are printed from the program's own tables. */
export const SECTIONS: Readonly<Record<string, () => string>> = {
  keys: keyTable,
  thresholds: thresholdTable,
};

/** The README with its printed parts made anew. */
export function madeAnew(): string {
  let text = readFileSync(README, 'utf8');
  for (const [name, make] of Object.entries(SECTIONS)) {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    if (!text.includes(begin) || !text.includes(end)) throw new Error(`README.md has no ${begin} … ${end}`);
    const [head = '', rest = ''] = text.split(begin, 2);
    text = `${head}${begin}\n${make()}\n${rest.slice(rest.indexOf(end))}`;
  }
  return text;
}
