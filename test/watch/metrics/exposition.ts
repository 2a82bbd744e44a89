import parse from 'parse-prometheus-text-format';
import { POSTGRES_EXPORTER } from './postgres-exporter.ts';

/** A series as it was scraped. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Parses a scrape, and finds what promtool would: throws with everything that is wrong. */
export function scraped(text: string): readonly Series[] {
  const faults = faultsOf(text);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return parsed(text);
}

const parsed = (text: string): Series[] =>
  parse(text).flatMap(({ name, metrics }) =>
    metrics.map(({ labels = {}, value }) => ({ name, labels, value: Number(value) })),
  );

/** What is wrong with the text, with the names in it, and with what a parser of others makes of it. */
export function faultsOf(text: string): string[] {
  const faults: string[] = [];
  const heads = new Map<string, string>();
  let samples = 0;
  let family: string | undefined;
  if (!text.endsWith('\n')) faults.push('the last line does not end');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind !== undefined) {
      const key = `${kind} ${name}`;
      if (heads.has(key)) faults.push(`${key} comes twice`);
      if (kind === 'TYPE' && !heads.has(`HELP ${name}`)) faults.push(`${name} has no HELP`);
      if (kind === 'TYPE') faults.push(...lint(name, rest));
      heads.set(key, rest);
      family = name;
      continue;
    }
    samples++;
    const [, series = '', labels = '', value = ''] = /^([^{\s]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (series !== family || !heads.has(`TYPE ${series}`))
      faults.push(`${line}: is not under its HELP and TYPE`);
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(series)) faults.push(`${line}: is no name`);
    if (!/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(value)) faults.push(`${line}: has no number`);
    if (!/^([a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*$/.test(labels)) faults.push(`${line}: has no labels`);
    const names = [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, one = '']) => one);
    if (new Set(names).size < names.length) faults.push(`${line}: has a label twice`);
    if (names.some((one) => /[A-Z]|^(le|quantile)$|^__/.test(one)))
      faults.push(`${line}: has a label of others`);
  }
  return faults.length > 0 ? faults : misread(text, samples);
}

/** What the parser does not see, or sees twice: it passes over what it does not understand. */
function misread(text: string, samples: number): string[] {
  const faults: string[] = [];
  const all = parsed(text);
  if (all.length !== samples) faults.push(`${samples} series are written, and ${all.length} read`);
  const seen = new Set<string>();
  for (const { name, labels, value } of all) {
    const key = JSON.stringify([name, ...Object.entries(labels).sort()]);
    if (seen.has(key)) faults.push(`${key} comes twice`);
    seen.add(key);
    if (!Number.isFinite(value)) faults.push(`${key} is no number`);
  }
  return faults;
}

/** promtool knows these, and says which are meant: of metres nothing is told here. */
const UNIT =
  /_(?:(?:pico|nano|micro|milli|centi|deci|kilo|kibi|mega|mebi|giga|gibi|tera|tebi|peta|pebi)(?:bytes|seconds)|minutes|hours|days|weeks|bits)(?:_|$)/;
const ABBREVIATED = /_(?:s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)(?:_|$)/;

/** What `promtool check metrics` says of a name; those of postgres_exporter are as they are there. */
function lint(name: string, type: string): string[] {
  if (POSTGRES_EXPORTER.has(name)) return [];
  const rules: readonly (readonly [boolean, string])[] = [
    [type !== 'counter' && type !== 'gauge', `is a ${type}`],
    [type === 'counter' && !name.endsWith('_total'), 'is a counter without _total'],
    [type !== 'counter' && name.endsWith('_total'), 'is a gauge with _total'],
    [/_(?:count|sum|bucket)$/.test(name), 'ends like a part of a histogram'],
    [/_(?:counter|gauge|summary|untyped|histogram)(?:_|$)/.test(name), 'has its type in its name'],
    [UNIT.test(name), 'is not in seconds or bytes'],
    [ABBREVIATED.test(name), 'has an abbreviated unit'],
    [/[:A-Z]/.test(name), 'is not in small letters and underscores'],
  ];
  return rules.flatMap(([broken, what]) => (broken ? [`${name} ${what}`] : []));
}
