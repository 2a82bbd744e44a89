/** A migration as the output of a status script tells it. */
export interface Told {
  readonly name: string;
  readonly applied: boolean;
}

const APPLIED = /^(x|✓|✔|√|up|applied|done|complete[d]?|executed|true|yes)$/i;
const WAITING = /^(down|pending|waiting|no|false|not applied|unapplied|-)?$/i;

/** Patterns of lines that say one thing only; the state, then the name, or the other way round. */
const LINES = [
  /^\s*\[(?<state>[xX✓✔ ])\]\s+(?:\d+\s+)?(?<name>\S+)/,
  /^\s*(?<state>up|down|applied|pending)\b:?\s+(?<name>\d+[_-]\S+|\d{3,}\S*)/i,
  /^\s*(?<name>\d[\w.-]+)\s+[|:]?\s*(?<state>up|down|applied|pending)\s*$/i,
];

/**
 * Reads what a status script prints. Undefined when it is not certain what it means: then it is shown, and nothing is
 * taken from it.
 */
export function readOutput(text: string, parser: string): Told[] | undefined {
  if (parser === 'db') return undefined;
  if (parser !== 'auto') return readLines(text, new RegExp(parser));
  const json = readJson(text);
  if (json !== undefined) return json;
  const lists = readLists(text);
  if (lists !== undefined) return lists;
  const read = LINES.map((pattern) => readLines(text, pattern)).filter((told) => told !== undefined);
  // two readings of one text are none
  return read.length === 1 ? read[0] : undefined;
}

/** Knex: names below a line that says how many follow, those that are applied first. */
function readLists(text: string): Told[] | undefined {
  const heads = [...text.matchAll(/^(?:Found (\d+)|No) (Completed|Pending) Migration files?\b.*$/gm)];
  const parts = heads.map(({ 0: head, 1: count = '0', 2: which, index }, at) => {
    const names = text
      .slice(index + head.length, heads[at + 1]?.index)
      .split('\n')
      .flatMap((line) => /^\s*(\S+)/.exec(line)?.[1] ?? []);
    return { names, count: Number(count), applied: which === 'Completed' };
  });
  const whole = parts.length === 2 && parts[0]?.applied === true && parts[1]?.applied === false;
  if (!whole || parts.some(({ names, count }) => names.length !== count)) return undefined;
  return parts.flatMap(({ names, applied }) => names.map((name) => ({ name, applied })));
}

function readLines(text: string, pattern: RegExp): Told[] | undefined {
  const told = text.split('\n').flatMap((line): Told[] => {
    const groups = pattern.exec(line)?.groups;
    const { name, state } = groups ?? {};
    const applied = appliedOf(state);
    return name === undefined || applied === undefined ? [] : [{ name, applied }];
  });
  return told.length === 0 ? undefined : told;
}

function appliedOf(state: unknown): boolean | undefined {
  const text = String(state ?? '').trim();
  if (APPLIED.test(text)) return true;
  return WAITING.test(text) ? false : undefined;
}

function readJson(text: string): Told[] | undefined {
  const start = text.search(/[[{]/);
  if (start < 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text.slice(start));
  } catch {
    return undefined;
  }
  const list = Array.isArray(value)
    ? value
    : Object.values(value as Record<string, unknown>).find((one) => Array.isArray(one));
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const told = list.map((one: Record<string, unknown>): Told | undefined => {
    const name = one.name ?? one.version ?? one.migration ?? one.id;
    const state = one.state ?? one.status ?? one.applied ?? one.executedAt;
    const applied = typeof state === 'string' && /^\d{4}-/.test(state) ? true : appliedOf(state);
    return name === undefined || applied === undefined ? undefined : { name: String(name), applied };
  });
  return told.includes(undefined) ? undefined : told.filter((one) => one !== undefined);
}
