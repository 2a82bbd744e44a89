import type { LogClock } from '../clock.ts';
import { BARE, type LogEntry, type LogTexts } from '../entry.ts';
import { type Prefix, readPrefix } from '../prefix.ts';
import { LABEL_OF, type Label, SEVERITY_OF } from '../words.ts';
import type { LogParser, Reader } from './format.ts';
import { Lines } from './lines.ts';

/** More than this of a message is dropped. */
const LONGEST = 2 ** 16;
/** No prefix is longer: what stands behind this of a line says nothing of it. */
const LONGEST_PREFIX = 400;
/** As many places of a line may be where its prefix ends. */
const PLACES = 4;

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
const longestFirst = (words: Iterable<string>) => [...words].sort((a, b) => b.length - a.length).map(escaped);

const LABELS = longestFirst(LABEL_OF.keys()).join('|');
const WORDS = longestFirst(SEVERITY_OF.keys()).join('|');
/** What stands behind a prefix: a severity with a colon and two blanks, or what goes with the message before. */
const KNOWN = new RegExp(String.raw`(?<![\p{L}])(?:(?<label>${LABELS})|(?<word>${WORDS}):  )`, 'gu');
/** The same with any word, where the prefix says enough to know a line by; `??` is one that a process could not write. */
const STRANGE = /(?<![\p{L}?])(?<word>[\p{L}?][\p{L}\p{M}?'-]{0,30}): {2}/gu;
/** Behind the severity with log_error_verbosity = verbose. */
const STATE = /^([0-9A-Z]{5}): /;

/** What PostgreSQL, RDS and others set by themselves: lines from before log_line_prefix was changed. */
const OTHERS = ['%m [%p] ', '%t [%p] ', '%t:%r:%u@%d:[%p]:', '%m [%p] %q%u@%d '];

/** What the server says, in any language, when log_line_prefix was changed. */
const QUOTE = '(?:["«»„“”「」]|<<|>>)[\u00a0\u202f]?';
const CHANGED = new RegExp(`${QUOTE}log_line_prefix.?${QUOTE}[^"«»„“”「<>]*${QUOTE}(.*)${QUOTE}`, 'su');
const MOST_PREFIXES = 8;

interface Match {
  readonly values: Readonly<Partial<Record<string, string>>>;
  readonly label: Label | undefined;
  readonly word: string;
  readonly text: string;
}

/** `stderr`: lines for people, each behind log_line_prefix. */
export function stderrReader(clock: LogClock, setting: string, verbose: boolean): Reader {
  const own = readPrefix(setting);
  const prefixes = [own, ...OTHERS.filter((one) => one !== setting).map((one) => readPrefix(one))];
  const learn = (message: string): void => {
    const [, changed] = CHANGED.exec(message) ?? [];
    if (changed !== undefined) prefixes.unshift(readPrefix(changed));
    // some processes write with the old one for a while
    prefixes.splice(MOST_PREFIXES);
  };
  const match = (line: string): Match | undefined =>
    matchAt(line, KNOWN, prefixes) ??
    matchAt(
      line,
      STRANGE,
      // where a prefix says nothing any line that has a colon would be a message
      prefixes.filter(({ fields }) => fields.length > 0),
    );
  return {
    timed: own.timed,
    parser: () => new StderrParser(clock, { match, learn, verbose }),
    startOf: (line) => {
      const found = match(line);
      return found === undefined || found.label !== undefined
        ? undefined
        : (timeOf(found, clock) ?? undefined);
    },
  };
}

/** The first place of a line before which a prefix stands. */
function matchAt(line: string, behind: RegExp, prefixes: readonly Prefix[]): Match | undefined {
  let places = 0;
  for (const { index, 0: all, groups } of line.slice(0, LONGEST_PREFIX + 50).matchAll(behind)) {
    if (index > LONGEST_PREFIX || ++places > PLACES) return undefined;
    const before = line.slice(0, index);
    for (const prefix of prefixes) {
      const values = prefix.match(before);
      if (values === undefined) continue;
      const { label, word = '' } = groups ?? {};
      return {
        values,
        label: label === undefined ? undefined : LABEL_OF.get(label),
        word,
        text: line.slice(index + all.length),
      };
    }
  }
  return undefined;
}

function timeOf({ values: { time, epoch } }: Match, clock: LogClock): number | null {
  if (epoch !== undefined) return Math.round(Number(epoch) * 1000);
  return time === undefined ? null : clock.read(time);
}

interface How {
  readonly match: (line: string) => Match | undefined;
  /** Told each message of the server itself. */
  readonly learn: (message: string) => void;
  readonly verbose: boolean;
}

class StderrParser implements LogParser {
  readonly #lines = new Lines();
  readonly #clock: LogClock;
  readonly #how: How;
  #open: LogEntry | undefined;
  /** Where the next line that begins with a tab belongs. */
  #field: keyof LogTexts | undefined = 'message';

  constructor(clock: LogClock, how: How) {
    this.#clock = clock;
    this.#how = how;
  }

  push(chunk: Buffer): LogEntry[] {
    return this.#lines.push(chunk).flatMap((line) => this.#line(line));
  }

  settle(): LogEntry[] {
    const entry = this.#open;
    this.#open = undefined;
    return entry === undefined ? [] : [entry];
  }

  end(): LogEntry[] {
    const last = this.#lines.end().flatMap((line) => this.#line(line));
    return [...last, ...this.settle()];
  }

  get waiting(): boolean {
    return this.#lines.rest || this.#open !== undefined;
  }

  #line(line: string): LogEntry[] {
    // the server puts a tab before each line of a message but the first
    if (line.startsWith('\t') && this.#open !== undefined) {
      this.#add(line.slice(1));
      return [];
    }
    const found = this.#how.match(line);
    if (found === undefined) return this.#next({ ...BARE, message: cut(line) });
    if (found.label !== undefined && this.#open !== undefined && this.#belongs(found)) {
      this.#field = found.label === 'location' ? undefined : found.label;
      if (this.#field !== undefined) this.#open[this.#field] = cut(found.text);
      return [];
    }
    const entry = this.#entry(found);
    if (entry.severity === 'log') this.#how.learn(entry.message);
    return this.#next(entry);
  }

  #belongs({ values: { pid } }: Match): boolean {
    return pid === undefined || this.#open?.pid === null || this.#open?.pid === Number(pid);
  }

  #add(text: string): void {
    if (this.#open === undefined || this.#field === undefined) return;
    const before = this.#open[this.#field] ?? '';
    if (before.length < LONGEST) this.#open[this.#field] = cut(`${before}\n${text}`);
  }

  #next(entry: LogEntry): LogEntry[] {
    const before = this.settle();
    this.#open = entry;
    this.#field = 'message';
    return before;
  }

  #entry(found: Match): LogEntry {
    const { values, word, label } = found;
    const [behind = '', state = null] = (this.#how.verbose && STATE.exec(found.text)) || [];
    const sqlstate = values.sqlstate ?? state;
    const name = (value: string | undefined) => (value === undefined || value === '' ? null : value);
    return {
      ...BARE,
      at: timeOf(found, this.#clock),
      severity: label === undefined ? (SEVERITY_OF.get(word) ?? severityBy(sqlstate)) : null,
      sqlstate,
      pid: values.pid === undefined ? null : Number(values.pid),
      user: name(values.user),
      database: name(values.database),
      host: name(values.host),
      application: name(values.application),
      backendType: name(values.backendType),
      sessionId: name(values.sessionId),
      queryId: values.queryId === undefined || values.queryId === '0' ? null : values.queryId,
      message: cut(found.text.slice(behind.length)),
    };
  }
}

/** In a language that is not known the class tells: what went well, what is a warning, and what is an error. */
function severityBy(sqlstate: string | null): LogEntry['severity'] {
  if (sqlstate === null) return null;
  if (sqlstate.startsWith('00')) return 'log';
  return sqlstate.startsWith('01') ? 'warning' : 'error';
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
