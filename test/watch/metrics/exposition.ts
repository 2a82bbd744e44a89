import parse from 'parse-prometheus-text-format';

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
  return parse(text).flatMap(({ name, metrics }) =>
    metrics.map(({ labels = {}, value }) => ({ name, labels, value: Number(value) })),
  );
}

/** Counters that postgres_exporter, whose names these are, gives no `_total`. */
const WITHOUT_TOTAL = /^pg_stat_(database|user_tables|archiver)_/;

export function faultsOf(text: string): string[] {
  const faults: string[] = [];
  const heads = new Map<string, string>();
  const seen = new Set<string>();
  let family: string | undefined;
  if (!text.endsWith('\n')) faults.push('the last line does not end');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind !== undefined) {
      const key = `${kind} ${name}`;
      if (heads.has(key)) faults.push(`${key} comes twice`);
      if (kind === 'TYPE' && !heads.has(`HELP ${name}`)) faults.push(`${name} has no HELP`);
      heads.set(key, rest);
      family = name;
      continue;
    }
    const [, series = '', labels = '', value = ''] = /^([^{\s]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (series !== family) faults.push(`${line}: is not under its HELP and TYPE`);
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(series)) faults.push(`${line}: is no name`);
    if (!/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(value)) faults.push(`${line}: has no number`);
    if (!/^([a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*$/.test(labels)) faults.push(`${line}: has no labels`);
    if (seen.has(`${series}{${labels}}`)) faults.push(`${line}: comes twice`);
    seen.add(`${series}{${labels}}`);
    if (heads.get(`TYPE ${series}`) === 'counter' && !/_total$/.test(series) && !WITHOUT_TOTAL.test(series))
      faults.push(`${series} is a counter without _total`);
    if (heads.get(`TYPE ${series}`) === 'gauge' && /_total$/.test(series))
      faults.push(`${series} is a gauge with _total`);
  }
  return faults;
}
