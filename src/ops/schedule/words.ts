import { EXECUTE, fieldsOf } from '../engine/fields.ts';
import type { AnyOperation, FindOperation, OperationEntry } from '../engine/operation.ts';

/** What a job with these words lacks that nobody can be asked for at night; undefined where it lacks nothing. */
export function unconfirmed(words: readonly string[], operations: FindOperation): string | undefined {
  const entry = entryFor(words, operations);
  if (!entry) return undefined;
  const [more] = Object.entries(entry.dangerWith ?? {}).filter(([flag]) => words.includes(flag));
  const danger = more?.[1] ?? entry.danger;
  if (danger === 'none') return undefined;
  const flag = danger === 'confirm' ? '--yes' : '--confirm';
  if (words.some((word) => word === flag || word.startsWith(`${flag}=`))) return undefined;
  const wanted = flag === '--yes' ? flag : `${flag} NAME`;
  return `cron answers no question: where pgdeck ${entry.id} asks before it begins, add ${wanted} to the command`;
}

function entryFor(words: readonly string[], operations: FindOperation): OperationEntry | undefined {
  return operations(words.slice(0, 2).join(' ')) ?? operations(words[0] ?? '');
}

/** Flags of every operation that a job may use. */
const COMMON = ['--json', '--yes'];

/** Why a job with these words would fail every night; undefined when they are a command with flags that it knows. */
export async function badCommand(
  words: readonly string[],
  operations: FindOperation,
): Promise<string | undefined> {
  const entry = entryFor(words, operations);
  if (!entry)
    return `expected a command that changes or checks something, such as backup; got "${words[0] ?? ''}"`;
  const operation: AnyOperation = await entry.load();
  const fields = fieldsOf(operation);
  let rest = words.slice(entry.id.split(' ').length);
  while (rest.length > 0) {
    const [word = '', ...after] = rest;
    rest = after;
    if (!word.startsWith('-')) {
      if (fields.some((one) => one.argument)) continue;
      return `${entry.id} takes no argument "${word}"`;
    }
    const [flag = '', value] = word.split(/=(.*)/s);
    if (COMMON.includes(flag) || (operation.dry === true && flag === EXECUTE)) continue;
    if (flag === '--confirm') rest = rest.slice(1);
    else {
      const field = fields.find((one) => one.option === flag);
      if (!field) return `${entry.id} has no flag ${flag}`;
      if (field.kind !== 'flag' && value === undefined) rest = rest.slice(1);
    }
  }
  return undefined;
}
