import { describe, expect, test } from 'vitest';
import { type Blocked, freedBy } from '../../src/db/blocking.ts';
import { buildLockForest, flatten, type LockForest, rootBlockers } from '../../src/monitor/lock-tree.ts';

function row(pid: number, blockedBy: number[] = [], more: Partial<Blocked> = {}): Blocked {
  return {
    pid,
    blocked_by: blockedBy,
    n_blockers: blockedBy.length,
    backend_start_us: 1_000_000 + pid,
    wait_seconds: blockedBy.length > 0 ? 1 : null,
    locktype: blockedBy.length > 0 ? 'relation' : null,
    mode: blockedBy.length > 0 ? 'AccessExclusiveLock' : null,
    queue: blockedBy.length > 0 ? 1 : null,
    ...more,
  };
}

/** `1(2(3) 4)`: who is drawn below whom. */
function shape(forest: LockForest): string {
  const draw = (nodes: LockForest['roots']): string =>
    nodes.map((n) => (n.children.length > 0 ? `${n.row.pid}(${draw(n.children)})` : n.row.pid)).join(' ');
  return draw(forest.roots);
}

// two readers hold a table, an ALTER waits for both, a third reader waits behind the ALTER
const queue = [row(10), row(11), row(20, [10, 11]), row(30, [20])];

describe('the forest', () => {
  test('shows a waiter below one of its blockers and names the others', () => {
    const forest = buildLockForest(queue);
    expect(shape(forest)).toBe('10(20(30)) 11');
    expect(forest.byPid.get(20)).toMatchObject({
      depth: 1,
      parentPid: 10,
      rootPid: 10,
      alsoBlockedBy: [11],
      victims: 1,
    });
    expect(forest).toMatchObject({ waiters: 2, deepest: 2 });
  });

  test('puts a waiter below the blocker that itself waits least', () => {
    const forest = buildLockForest([row(1), row(2, [1]), row(3, [2, 1]), row(4, [3, 2, 1])]);
    expect(shape(forest)).toBe('1(2 3 4)');
    expect(forest.byPid.get(4)?.alsoBlockedBy).toEqual([3, 2]);
  });

  test('lists the tree with the most victims first, then the deepest, then by identity', () => {
    const wide = [row(5), row(51, [5]), row(52, [5]), row(53, [5])];
    const deep = [row(4), row(41, [4]), row(42, [41])];
    const flat = [row(3), row(31, [3]), row(32, [3])];
    const alike = [row(2), row(21, [2]), row(22, [2])];
    const expected = '5(51 52 53) 4(41(42)) 2(21 22) 3(31 32)';
    expect(shape(buildLockForest([...flat, ...deep, ...wide, ...alike]))).toBe(expected);
    expect(shape(buildLockForest([...alike, ...wide, ...deep, ...flat].reverse()))).toBe(expected);
  });

  test('has a prepared transaction as a root of its own', () => {
    const forest = buildLockForest([row(0, [], { backend_start_us: null }), row(7, [0])]);
    expect(shape(forest)).toBe('0(7)');
    expect(rootBlockers(forest).map((r) => r.pid)).toEqual([0]);
  });

  test('opens a circle of waiters at its oldest session', () => {
    const forest = buildLockForest([row(3, [2]), row(1, [3]), row(2, [1]), row(9, [3])]);
    expect(shape(forest)).toBe('1(2(3(9)))');
    expect(forest.roots[0]?.waiting).toBe(true);
    expect(rootBlockers(forest)).toEqual([]);
    expect(freedBy(forest.graph, new Set([1]))).toEqual([3, 2, 9]);
  });

  test('shows a waiter whose blocker has no row', () => {
    const forest = buildLockForest([row(8, [77])]);
    expect(shape(forest)).toBe('8');
    expect(forest.byPid.get(8)).toMatchObject({ parentPid: null, alsoBlockedBy: [77], waiting: true });
    expect(freedBy(forest.graph, new Set([77]))).toEqual([8]);
  });

  test('does not overflow on a long chain', () => {
    const rows = [row(1), ...Array.from({ length: 2_000 }, (_, i) => row(i + 2, [i + 1]))];
    const forest = buildLockForest(rows);
    expect(forest.deepest).toBe(2_000);
    expect(flatten(forest)).toHaveLength(2_001);
    expect(freedBy(forest.graph, new Set([1]))).toHaveLength(2_000);
  });
});

describe('who is freed', () => {
  test.each([
    [[20], [30]],
    [[10], []],
    [[11], []],
    [
      [10, 11],
      [20, 30],
    ],
    [[10, 11, 30], [20]],
    [[], []],
  ])('when %j end: %j', (ended, freed) => {
    expect(freedBy(queue, new Set(ended))).toEqual(freed);
    expect(freedBy(buildLockForest(queue).graph, new Set(ended))).toEqual(freed);
  });

  test('blockers that a trimmed list leaves out still count', () => {
    // 40 was left out of the list of 50; it waits for a reader for whom 50 would not wait
    const reader = row(12);
    const rows = [
      row(10),
      reader,
      row(20, [10], { wait_seconds: 9 }),
      row(40, [10, 12, 20], { wait_seconds: 8 }),
      row(50, [10, 20], { n_blockers: 3, wait_seconds: 7 }),
      row(60, [10, 20], { n_blockers: 4, wait_seconds: 6 }),
    ];
    expect(freedBy(rows, new Set([10]))).toEqual([20]);
    expect(freedBy(rows, new Set([10, 12]))).toEqual([20, 40, 50, 60]);
    // a waiter for another lock is not ahead of anybody here
    const elsewhere = rows.map((r) => (r.pid === 40 ? { ...r, queue: 2 } : r));
    expect(freedBy(elsewhere, new Set([10]))).toEqual([20, 50, 60]);
  });
});

test('a queue of 200 for one exclusive lock is read in a moment, trimmed or not', () => {
  const waiters = (listed: number) => [
    row(1),
    ...Array.from({ length: 200 }, (_, i) => {
      const ahead = [1, ...Array.from({ length: i }, (_, n) => n + 2)];
      return row(i + 2, ahead.slice(0, listed), { n_blockers: ahead.length, wait_seconds: 300 - i });
    }),
  ];
  for (const rows of [waiters(4), waiters(201)]) {
    const work = () => {
      const forest = buildLockForest(rows);
      expect(flatten(forest)).toHaveLength(201);
      expect(freedBy(forest.graph, new Set([1]))).toHaveLength(200);
      expect(freedBy(forest.graph, new Set([2]))).toEqual([]);
      return forest;
    };
    expect(shape(work()).startsWith('1(2 3 4 ')).toBe(true);
    const fastest = Math.min(
      ...Array.from({ length: 20 }, () => {
        const start = performance.now();
        work();
        return performance.now() - start;
      }),
    );
    expect(fastest).toBeLessThan(rows[200]?.blocked_by.length === 4 ? 3 : 15);
  }
});

test('the lines of the forest say where branches go on', () => {
  const forest = buildLockForest([row(1), row(2, [1]), row(3, [2]), row(4, [1]), row(5), row(6, [5])]);
  const drawn = flatten(forest).map(({ node, depth, last, guides }) => {
    const bars = guides.map((on) => (on ? '│' : ' ')).join('');
    return `${depth === 0 ? '' : bars + (last ? '└' : '├')}${node.row.pid}`;
  });
  expect(drawn).toEqual(['1', '├2', '│└3', '└4', '5', '└6']);
});
