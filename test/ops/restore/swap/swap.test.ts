import { expect, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import { quoteIdent } from '../../../../src/db/ident.ts';
import { readMarker } from '../../../../src/ops/database/markers.ts';
import {
  endedText,
  swapDatabases,
  swapPreview,
  undoPreview,
  undoSwap,
} from '../../../../src/ops/restore/swap/swap.ts';
import { until } from '../../../support/until.ts';
import { Clients, served, stage } from './stage.ts';

test('six clients that connect again see the new database, and the old one again after the undo', async () => {
  const s = await stage('swap_clients');
  const { io, live } = s;
  const clients = new Clients(s.to(live), 6);
  try {
    await clients.allRead('old');
    const swapped = await swapDatabases(io, s);
    const swappedAt = performance.now();
    await clients.allRead('new');
    const gap = clients.longestGap;
    expect(swapped.ended).toBe(6);
    const undone = await undoSwap(io, s);
    const undoneAt = performance.now();
    await clients.allRead('old');
    await clients.stop();
    const measured =
      `longest gap of a client: ${gap} ms in the swap, ${clients.longestGap} ms with the undo; ` +
      `closed for ${swapped.closed_ms} and ${undone.closed_ms} ms`;
    expect(gap, measured).toBeLessThan(1_000);
    expect(clients.longestGap, measured).toBeLessThan(1_000);
    expect(clients.order).toEqual(Array.from({ length: 6 }, () => ['old', 'new', 'old']));
    const between = clients.reads.flat().filter((read) => read.asked > swappedAt && read.at < undoneAt);
    expect(between.filter((read) => read.value === 'old')).toEqual([]);
    expect(clients.stale('new', undoneAt)).toBe(0);
    expect(
      [...clients.codes].every((code) => code === '57P01' || code === '3D000'),
      [...clients.codes].join(),
    ).toBe(true);
  } finally {
    await clients.stop();
    await s.remove();
  }
});

test.each([
  ['none', null],
  ['one with quotes', `it's the \\ "shop"`],
])('the comment stays with the name, and comes back with the database: %s', async (_, comment) => {
  const s = await stage('swap_comment');
  try {
    const { io, admin, live, before, rolledBack, run } = s;
    if (comment !== null)
      await admin.sql(`COMMENT ON DATABASE ${live} IS E'${comment.replace(/['\\]/g, '\\$&')}'`);
    expect((await s.facts(live))?.comment).toBe(comment);
    const oid = (await s.facts(live))?.oid;
    const result = await swapDatabases(io, s);
    expect(result.aside_oid).toBe(oid);
    expect((await s.facts(live))?.comment).toBe(comment);
    expect(await s.facts(before)).toMatchObject({ oid, allows_connections: false });
    expect(readMarker((await s.facts(before))?.comment ?? null)).toEqual({
      pgdeck: 'before',
      target: live,
      run,
      comment,
    });
    await expect(connect(s.to(before), 'workload')).rejects.toThrow('not currently accepting connections');
    expect(io.recorded.at(-1)).toEqual({
      swap: { live, fresh: s.fresh, before, live_oid: result.live_oid, before_oid: oid },
    });

    await admin.sql(`COMMENT ON DATABASE ${live} IS 'written since'`);
    await undoSwap(io, s);
    expect(await s.facts(live)).toMatchObject({ oid, allows_connections: true, comment });
    expect(await s.facts(rolledBack)).toMatchObject({ oid: result.live_oid, allows_connections: false });
    expect(readMarker((await s.facts(rolledBack))?.comment ?? null)).toMatchObject({
      comment: 'written since',
    });

    // and forward again, the same way
    await undoSwap(io, { ...s, before: rolledBack, rolledBack: before });
    expect(await served(s.to(live))).toBe('new');
    expect(await s.facts(live)).toMatchObject({ oid: result.live_oid, comment: 'written since' });
    expect(await s.names()).toHaveLength(2);
  } finally {
    await s.remove();
  }
});

test.each([['数据库'.repeat(20)], [`We"ird; 'Name' \\ x=y`], ['UPPER lower']])(
  'a database named %s',
  async (name) => {
    const s = await stage(name);
    try {
      const visitor = await connect(s.to(s.live), 'workload', 'visitor');
      await swapDatabases(s.io, s);
      await until(() => visitor.lost, { what: 'the end of the visitor' });
      expect(await served(s.to(s.live))).toBe('new');
      expect(readMarker((await s.facts(s.before))?.comment ?? null)?.target).toBe(s.live);
      await undoSwap(s.io, s);
      expect(await served(s.to(s.live))).toBe('old');
    } finally {
      await s.remove();
    }
  },
);

test('who looks into the new database before it is live is sent away too', async () => {
  const s = await stage('swap_visitor');
  try {
    const visitor = await connect(s.to(s.fresh), 'workload', 'exporter');
    await connect(s.to(s.fresh), 'workload', 'pgdeck-metrics');
    const counts = await swapDatabases(s.io, s);
    expect(counts).toMatchObject({ ended: 2, own: 1 });
    expect(endedText(counts)).toBe('1, besides 1 that calls itself pgdeck');
    expect(endedText({ ended: 3, own: 0 })).toBe('3');
    await until(() => visitor.lost, { what: 'the end of the visitor' });
    expect(await served(s.to(s.live))).toBe('new');
  } finally {
    await s.remove();
  }
});

test('the preview is what is run', async () => {
  const s = await stage('swap_preview');
  try {
    const { io, admin, live, fresh, before } = s;
    const linesOf = (text: string) => text.split('\n').filter((line) => !/^--|pg_terminate/.test(line));
    for (const statement of linesOf(swapPreview(s, null))) await admin.sql(statement);
    expect(await served(s.to(live))).toBe('new');
    const marker = (await s.facts(before))?.comment ?? null;
    for (const statement of linesOf(undoPreview(s, { live: null, before: marker })))
      await admin.sql(statement);
    expect(await served(s.to(live))).toBe('old');
    expect((await s.facts(live))?.comment).toBeNull();
    expect(swapPreview(s, null)).toContain(
      `ALTER DATABASE ${quoteIdent(fresh)} RENAME TO ${quoteIdent(live)};`,
    );
    expect(io.opened).toEqual([]);
  } finally {
    await s.remove();
  }
});
