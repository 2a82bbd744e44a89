import type { LogEntry, Severity } from './entry.ts';
import { type MessageId, messageId } from './messages.ts';

/** What is bad news however seldom it is. */
export const GRAVE = [
  'panic',
  'crash',
  'corruption',
  'io_error',
  'out_of_memory',
  'too_many_connections',
] as const;
export type GraveKind = (typeof GRAVE)[number];

/** How an entry counts: `ended` is what a person or a program wanted to end. */
export type Meaning = GraveKind | 'timeout' | 'ended';

const BY_STATE: Readonly<Record<string, Meaning>> = {
  '53100': 'io_error',
  '53200': 'out_of_memory',
  '53300': 'too_many_connections',
  '58030': 'io_error',
  XX001: 'corruption',
  XX002: 'corruption',
  '25P03': 'timeout',
  '25P04': 'timeout',
  '57P01': 'ended',
  '57P05': 'ended',
};

/** A timeout, and a person's wish; a timeout, and NOWAIT. */
const SEVERAL: ReadonlySet<string> = new Set(['57014', '55P03']);

const BY_TEXT: Readonly<Record<MessageId, Meaning>> = {
  statementTimeout: 'timeout',
  lockTimeout: 'timeout',
  idleTimeout: 'timeout',
  userCancel: 'ended',
  administrator: 'ended',
  slots: 'too_many_connections',
  memory: 'out_of_memory',
};

/** In English only: what stands in them is not the same twice. */
const PATTERNS: readonly (readonly [RegExp, Meaning])[] = [
  [/^could not (?:write|extend|fsync|flush)\b|\bNo space left on device\b/, 'io_error'],
  [
    /^(?:invalid page in block|page verification failed|missing chunk number|unexpected chunk number)/,
    'corruption',
  ],
  [/^out of memory\b/, 'out_of_memory'],
  [/^(?:too many connections for|remaining connection slots are reserved)/, 'too_many_connections'],
  [/^canceling autovacuum task/, 'ended'],
];

/** A server process that was killed or crashed takes all sessions with it; it is told as LOG, with a signal's number. */
const CRASH = /\(PID \d+\)[^\d]*\b(?:4|6|7|8|9|11)\b/;
/** In the languages where a signal is called so. */
const SIGNAL = /\b(?:signal|Signal|segnale|señal|сигнал\w*)\b|シグナル|시그널|信号|სიგნალით/;

const is = ({ severity }: LogEntry, ...any: readonly Severity[]) =>
  severity !== null && any.includes(severity);

/** What an entry is beyond its severity; undefined for one that is nothing of it. */
export function meaningOf(entry: LogEntry): Meaning | undefined {
  const { sqlstate, message } = entry;
  if (is(entry, 'panic')) return 'panic';
  if (is(entry, 'log')) return CRASH.test(message) && SIGNAL.test(message) ? 'crash' : undefined;
  if (!is(entry, 'warning', 'error', 'fatal')) return undefined;
  const meaning = meaningOfTrouble(sqlstate, message);
  // of a warning only what says that data is damaged or cannot be written
  if (is(entry, 'warning') && meaning !== 'corruption' && meaning !== 'io_error') return undefined;
  return meaning;
}

function meaningOfTrouble(sqlstate: string | null, message: string): Meaning | undefined {
  const known = sqlstate === null ? undefined : BY_STATE[sqlstate];
  if (known !== undefined) return known;
  if (sqlstate !== null && !SEVERAL.has(sqlstate)) return undefined;
  const id = messageId(message);
  return id === undefined ? PATTERNS.find(([pattern]) => pattern.test(message))?.[1] : BY_TEXT[id];
}

/** How long a statement took, in milliseconds, where the entry tells of one; in the languages that the server speaks. */
export function statementDuration({ severity, message }: LogEntry): number | undefined {
  if (severity !== 'log') return undefined;
  const [, ms, rest = ''] = DURATION.exec(message) ?? [];
  // those of parse and bind are parts of a statement; a plan is auto_explain's, of a statement that is logged besides
  return ms === undefined || PART.test(rest) ? undefined : Number(ms);
}

const DURATION = /^\p{L}[\p{L}\p{M}]* ?:? ?(\d+\.\d{3}) ?(?:ms|мс|ミリ秒|მწმs?)(?![\p{L}])([\s\S]{0,80})/u;
const PART =
  /^(?:,| )*(?:parse|bind|plan|Parsen|Binden|analyse|lien|analisi|разбор|сообщение Bind|аналізування|повідомлення bind|パース|バインド|მიბმა|解析|绑定)|^ +\S* ?(?:접속|구문분석):/;
