import { guided } from '../../../monitor/lock-tree.ts';
import { cleanLine } from '../../../text/clean.ts';
import { duration } from '../../../text/units.ts';
import type { FoldEntry, LockEntry, SessionEntry } from './entries.ts';

/** So many alike are read one by one. */
const FEW = 3;
/** Kinds of statements and names that are told; the others are counted. */
const KINDS = 4;
const NAMES = 2;

/**
 * The rows to show. Of a branch that is not open, those behind whom nobody waits stand in one row; what a filter finds
 * keeps everybody whom it waits for, and nothing of it is folded.
 */
export function showTree(
  rows: readonly LockEntry[],
  open: ReadonlySet<string>,
  hit?: (row: LockEntry) => boolean,
): readonly LockEntry[] {
  const sessions = rows.filter((row) => row.kind === 'session');
  const shown = hit ? withAncestors(sessions, hit) : folded(sessions, open);
  return guided(shown.map(asLine)).map((line) => asEntry(line));
}

/** The branch that is folded or unfolded on a row: the nearest one below it, else the one that it stands in. */
export function branchOf(
  row: LockEntry,
  shown: readonly LockEntry[],
  open: ReadonlySet<string>,
): string | undefined {
  const tree = below(row, shown);
  const folded = tree.find((entry) => entry.kind === 'fold');
  const opened = tree
    .flatMap((entry) => (entry.kind === 'session' ? (entry.line.opens ?? []) : []))
    .find((branch) => open.has(String(branch)));
  const own = row.kind === 'session' ? (row.line.branch ?? undefined) : undefined;
  const branch = folded?.branch ?? opened ?? own;
  return branch === undefined ? undefined : String(branch);
}

/** A row with everything that stands below it; below joint roots stands the same. */
function below(row: LockEntry, shown: readonly LockEntry[]): LockEntry[] {
  const at = shown.indexOf(row);
  const rest = shown.slice(at + 1);
  const roots = row.line.depth > 0 ? 0 : rest.findIndex((entry) => !isMore(entry));
  const tree = rest.slice(Math.max(0, roots));
  const end = tree.findIndex((entry) => entry.line.depth <= row.line.depth);
  return [row, ...(end < 0 ? tree : tree.slice(0, end))];
}

const isMore = (entry: LockEntry) => entry.kind === 'session' && entry.line.joint === 'more';

/** An entry as a line that can be guided anew. */
const asLine = (entry: LockEntry) => ({ ...entry.line, entry });

function asEntry({ entry, last, guides }: ReturnType<typeof asLine>): LockEntry {
  return entry.kind === 'fold'
    ? { ...entry, line: { ...entry.line, last, guides } }
    : { ...entry, line: { ...entry.line, last, guides } };
}

function folded(sessions: readonly SessionEntry[], open: ReadonlySet<string>): LockEntry[] {
  const out: LockEntry[] = [];
  for (let at = 0; at < sessions.length; ) {
    const first = sessions[at] as SessionEntry;
    let end = at + 1;
    // of one branch they stand one after the other: those with somebody behind them come first
    if (isLeaf(first)) while (end < sessions.length && isBeside(sessions[end], first)) end++;
    const entries = sessions.slice(at, end);
    const { branch, depth } = first.line;
    if (branch === null || entries.length <= FEW || open.has(String(branch))) out.push(...entries);
    else {
      const before = sessions.slice(0, at).filter(({ line }) => line.opens === branch).length;
      out.push({ kind: 'fold', line: { depth, last: true, guides: [] }, branch, before, entries });
    }
    at = end;
  }
  return out;
}

const isLeaf = ({ line }: SessionEntry) => line.branch !== null && line.opens === null;

function isBeside(entry: SessionEntry | undefined, first: SessionEntry): boolean {
  return entry !== undefined && isLeaf(entry) && entry.line.branch === first.line.branch;
}

/** Those that are found, with all that stand above them; joint roots are told together. */
function withAncestors(
  sessions: readonly SessionEntry[],
  hit: (row: LockEntry) => boolean,
): readonly SessionEntry[] {
  const kept = new Set<SessionEntry>();
  const branches = new Set<number>();
  for (const entry of sessions.toReversed()) {
    const { branch, opens } = entry.line;
    const found = hit(entry) || (opens !== null && branches.has(opens));
    if (!found) continue;
    kept.add(entry);
    if (branch !== null) branches.add(branch);
    else if (opens !== null) branches.add(opens);
  }
  return sessions.filter(
    (entry) => kept.has(entry) || (entry.line.branch === null && isAbove(entry, branches)),
  );
}

function isAbove({ line }: SessionEntry, branches: ReadonlySet<number>): boolean {
  return line.opens !== null && branches.has(line.opens);
}

/** `56 behind it, ≤59s`. */
export function foldCount({ entries, before }: FoldEntry): string {
  const longest = Math.max(...entries.map(({ row }) => row.wait_seconds ?? Number.NaN));
  const time = Number.isNaN(longest) ? '' : `, ≤${duration(longest)}`;
  return `${entries.length} behind ${before === 1 ? 'it' : 'them'}${time}`;
}

/** `28 select 14 update 14 insert`: what those in a fold would do, by the first word of their statements. */
export function foldKinds({ entries }: FoldEntry): string {
  const kinds = [...Map.groupBy(entries, ({ row }) => statementKind(row.query))]
    .map(([kind, of]) => ({ kind, n: of.length }))
    .sort((a, b) => b.n - a.n);
  const rest = kinds.slice(KINDS).reduce((sum, { n }) => sum + n, 0);
  const told = kinds.slice(0, KINDS).map(({ kind, n }) => `${n} ${kind}`);
  return [...told, ...(rest > 0 ? [`${rest} other`] : [])].join(' ');
}

/** The first word of a statement that is not a comment, in lower case. */
export function statementKind(query: string | null): string {
  const text = (query ?? '').replace(/^(?:\s|\(|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))+/, '');
  return /^[a-z]+/i.exec(text)?.[0].toLowerCase() ?? 'hidden';
}

/** `web-0..4`: the applications of those in a fold. Safe to print. */
export function foldNames({ entries }: FoldEntry): string {
  const names = [...new Set(entries.map(({ row }) => cleanLine(row.application_name ?? '')))]
    .filter((name) => name !== '')
    .sort();
  const parts = names.map((name) => /^(.*?)(\d{1,9})$/.exec(name));
  const stems = new Set(parts.map((part) => part?.[1]));
  if (names.length > 1 && stems.size === 1 && parts[0]) {
    const numbers = parts.map((part) => Number(part?.[2]));
    return `${parts[0][1]}${Math.min(...numbers)}..${Math.max(...numbers)}`;
  }
  const rest = names.length - NAMES;
  return rest > 0 ? `${names.slice(0, NAMES).join(' ')} +${rest}` : names.join(' ');
}
