import type { LogFormat } from './entry.ts';

/** What strftime() makes of an escape, as far as names of files are concerned. */
const ESCAPES: Readonly<Record<string, string>> = {
  Y: String.raw`\d{4,}`,
  j: String.raw`\d{3}`,
  s: String.raw`\d+`,
  e: String.raw`[ \d]\d`,
  a: '[A-Za-z]+',
  A: '[A-Za-z]+',
  b: '[A-Za-z]+',
  B: '[A-Za-z]+',
  h: '[A-Za-z]+',
  p: '[A-Za-z]+',
  F: String.raw`\d+-\d\d-\d\d`,
  T: String.raw`\d\d:\d\d:\d\d`,
  '%': '%',
};
const TWO_DIGITS = /^[CdgHIMmSUuVWwy]$/;

/** What logrotate and others add to a name; a file that they have compressed is read by nobody. */
const MOVED = String.raw`(?:[.-](?:\d{1,14}|old))*`;

/** Which files of log_directory hold a log, by log_filename: its form, or undefined for a file of somebody else. */
export function logNames(logFilename: string): (name: string) => LogFormat | undefined {
  // as the server does it: the ending of the others takes the place of .log
  const stem = logFilename.length > 4 ? logFilename.replace(/\.log$/, '') : logFilename;
  const patterns: readonly (readonly [LogFormat, RegExp])[] = [
    ['jsonlog', named(`${stem}.json`)],
    ['csvlog', named(`${stem}.csv`)],
    ['stderr', named(logFilename)],
  ];
  return (name) => patterns.find(([, pattern]) => pattern.test(name))?.[0];
}

/** A file by its own name, and under those that it is moved to. */
export function namedOnce(file: string): (name: string) => LogFormat | undefined {
  const pattern = new RegExp(`^${literal(file)}${MOVED}$`);
  return (name) => (pattern.test(name) ? 'stderr' : undefined);
}

function named(filename: string): RegExp {
  const parts = [...filename.matchAll(/%[EO]?([\s\S])|[\s\S]/g)].map(([all, letter]) => {
    if (letter === undefined) return literal(all);
    return ESCAPES[letter] ?? (TWO_DIGITS.test(letter) ? String.raw`\d{1,2}` : '.+?');
  });
  return new RegExp(`^${parts.join('')}${MOVED}$`);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
