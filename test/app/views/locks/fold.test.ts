import { describe, expect, test } from 'vitest';
import type { LockEntry, SessionEntry } from '../../../../src/app/views/locks/entries.ts';
import {
  branchOf,
  foldCount,
  foldKinds,
  foldNames,
  showTree,
  statementKind,
} from '../../../../src/app/views/locks/fold.ts';
import type { LockRow } from '../../../../src/db/queries/locks.ts';
import { buildLockForest, flatten } from '../../../../src/monitor/lock-tree.ts';

function row(pid: number, blockedBy: number[] = [], more: Partial<LockRow> = {}): LockRow {
  const waiting = blockedBy.length > 0;
  return {
    ...{ pid, blocked_by: blockedBy, n_blockers: blockedBy.length, backend_start_us: pid },
    ...{ wait_seconds: waiting ? pid : null, mode: waiting ? 'AccessShareLock' : null },
    ...{ queue: waiting ? 1 : null, locktype: null, application_name: `web-${pid % 5}`, query: 'select 1' },
    ...more,
  } as LockRow;
}

const entriesOf = (rows: readonly LockRow[]): SessionEntry[] =>
  flatten(buildLockForest(rows)).map((line) => ({ kind: 'session', line, row: line.node.row, frees: 0 }));

/** `┌1`, `├2`, ` └20`, `(5)`: what is shown, in its order. */
function drawn(rows: readonly LockEntry[]): string[] {
  return rows.map((entry) => {
    const { line } = entry;
    const name = entry.kind === 'fold' ? `(${entry.entries.length})` : String(entry.row.pid);
    const joint = entry.kind === 'session' ? entry.line.joint : undefined;
    if (line.depth === 0) return `${joint === undefined ? '' : joint === 'first' ? '┌' : '├'}${name}`;
    return `${line.guides.map((on) => (on ? '│' : ' ')).join('')}${line.last ? '└' : '├'}${name}`;
  });
}

// two readers and an ALTER behind both; behind the ALTER five leaves, and one behind whom somebody waits; a reader's own
const rows = [
  row(1),
  row(2),
  row(20, [1, 2]),
  ...[30, 31, 32, 33, 34].map((pid) =>
    row(pid, [20], { query: pid < 32 ? 'select 1' : 'update t set n = 1' }),
  ),
  row(40, [20]),
  row(41, [40]),
  row(50, [2]),
  row(9),
  row(90, [9]),
];
const entries = entriesOf(rows);

describe('what is shown of a tree', () => {
  test('joint roots adjacent in a bracket, leaves of a branch in one row', () => {
    const shown = showTree(entries, new Set());
    expect(drawn(shown)).toEqual(['┌1', '├2', '├20', '│├40', '││└41', '│└(5)', '└50', '9', '└90']);
    const fold = shown.find((entry) => entry.kind === 'fold');
    if (fold?.kind !== 'fold') throw new Error('nothing is folded');
    expect([foldCount(fold), foldKinds(fold), foldNames(fold)]).toEqual([
      '5 behind it, ≤34s',
      '3 update 2 select',
      'web-0..4',
    ]);
    // on the row of the fold, and on the row that it is behind
    for (const at of [fold, ...shown.slice(0, 3)])
      expect(branchOf(at as LockEntry, shown, new Set())).toBe('20');
    expect(branchOf(shown.at(-2) as LockEntry, shown, new Set())).toBeUndefined();
  });

  test('an open branch shows each, and its leaves fold it again', () => {
    const shown = showTree(entries, new Set(['20']));
    expect(drawn(shown)).toEqual(
      expect.arrayContaining(['│├40', '│├30', '│├31', '│├32', '│├33', '│└34', '└50']),
    );
    const leaf = shown.find((e) => e.kind === 'session' && e.row.pid === 33);
    for (const at of [leaf, ...shown.slice(0, 3)])
      expect(branchOf(at as LockEntry, shown, new Set(['20']))).toBe('20');
  });

  test('what a filter finds keeps everybody whom it waits for', () => {
    const found = (...pids: number[]) =>
      drawn(showTree(entries, new Set(), (e) => e.kind === 'session' && pids.includes(e.row.pid)));
    expect(found(41)).toEqual(['┌1', '├2', '└20', ' └40', '  └41']);
    expect(found(33, 30)).toEqual(['┌1', '├2', '└20', ' ├30', ' └33']);
    expect(found(90)).toEqual(['9', '└90']);
    expect(found(2)).toEqual(['┌1', '├2']);
    expect(found()).toEqual([]);
  });
});

test.each([
  ['  SELECT 1', 'select'],
  ['/* a /* b */ UPDATE t SET n = 1', 'update'],
  ['-- note\nWITH a AS (SELECT 1) SELECT * FROM a', 'with'],
  ['(select 1) union (select 2)', 'select'],
  ['<insufficient privilege>', 'hidden'],
  [null, 'hidden'],
])('the kind of %j is %s', (query, kind) => {
  expect(statementKind(query)).toBe(kind);
});
