import { quoteIdent } from '../../../../db/ident.ts';
import type { SchemaObject } from '../../format.ts';
import { quoted } from '../names.ts';
import { text } from '../structure.ts';
import type { Change } from './change.ts';

/** What a person may do about a column that is not as expected. */
export function columnSuggestion({ actual, expected, key }: Change): string[] {
  const table = quoted(expected.name.slice(0, 2));
  const own = quoteIdent(expected.name[2] ?? '');
  const alter = `ALTER TABLE ${table} ALTER COLUMN ${own}`;
  const value = text(expected, key);
  switch (key) {
    case 'type':
      return [
        '-- may write the table anew, while nobody reads it',
        `${alter} TYPE ${value} USING ${own}::${value}`,
      ];
    case 'collation':
      return [`${alter} TYPE ${text(expected, 'type')} COLLATE ${value ?? 'pg_catalog."default"'}`];
    case 'default':
      return [value === undefined ? `${alter} DROP DEFAULT` : `${alter} SET DEFAULT ${value}`];
    case 'not_null':
      return expected.attributes.not_null === true ? strict(table, own, alter) : [`${alter} DROP NOT NULL`];
    case 'identity':
      return identity(alter, text(actual, key), value);
    case 'generated':
      return ['-- a column is made generated only when it is added: a new one, and the old one dropped'];
    case 'storage':
      return [`${alter} SET STORAGE ${(value ?? ownStorage(expected)).toUpperCase()}`];
    case 'compression':
      return [`${alter} SET COMPRESSION ${value ?? 'DEFAULT'}`];
    case 'statistics':
      return [`${alter} SET STATISTICS ${String(expected.attributes.statistics ?? -1)}`];
    default:
      return [];
  }
}

/** Without anybody having to wait while the rows are read: the constraint is what lets SET NOT NULL skip them. */
function strict(table: string, own: string, alter: string): string[] {
  const check = quoteIdent('pgdeck_not_null');
  return [
    `-- first: UPDATE ${table} SET ${own} = … WHERE ${own} IS NULL`,
    `ALTER TABLE ${table} ADD CONSTRAINT ${check} CHECK (${own} IS NOT NULL) NOT VALID`,
    `ALTER TABLE ${table} VALIDATE CONSTRAINT ${check}`,
    `${alter} SET NOT NULL`,
    `ALTER TABLE ${table} DROP CONSTRAINT ${check}`,
  ];
}

function identity(alter: string, there: string | undefined, wanted: string | undefined): string[] {
  if (wanted === undefined) return [`${alter} DROP IDENTITY`];
  const [how = '', options = ''] = wanted.replace(/\)$/, '').split(' (');
  if (there === undefined)
    return [
      '-- and then setval() beyond the greatest value that is there',
      `${alter} ADD GENERATED ${how} AS IDENTITY${wanted.slice(how.length)}`,
    ];
  // `START 1 INCREMENT 1 …`: each is set by itself
  const set = options.match(/[A-Z]+ -?\d+/g) ?? [];
  const cycle = / CYCLE$/.test(options) ? 'CYCLE' : 'NO CYCLE';
  return [`${alter} ${[`GENERATED ${how}`, ...set, cycle].map((one) => `SET ${one}`).join(' ')}`];
}

/** As its type has it; SET STORAGE DEFAULT is understood from 16 on. What is PLAIN by its type cannot be otherwise. */
function ownStorage(column: SchemaObject): string {
  return /^(numeric|inet|cidr)\b(?!.*\[\])/.test(text(column, 'type') ?? '') ? 'MAIN' : 'EXTENDED';
}
