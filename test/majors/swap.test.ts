import { expect, inject, test } from 'vitest';
import { quoteIdent } from '../../src/db/ident.ts';
import { createMarked, likenessOf } from '../../src/ops/database/create.ts';
import { findLeftovers } from '../../src/ops/database/leftovers.ts';
import { freshName } from '../../src/ops/database/names.ts';
import { applyProperties, databaseProperties } from '../../src/ops/database/properties.ts';
import { swapDatabases, undoSwap } from '../../src/ops/restore/swap/swap.ts';
import { catalog, dress } from '../ops/restore/swap/dressed.ts';
import { Clients, runId, type Stage, served, stage } from '../ops/restore/swap/stage.ts';

async function withStage(name: string, work: (s: Stage) => Promise<void>): Promise<void> {
  const s = await stage(name);
  try {
    await work(s);
  } finally {
    await s.remove();
  }
}

test('six clients through a swap and its undo', () =>
  withStage('major_clients', async (s) => {
    const clients = new Clients(s.to(s.live), 6);
    try {
      await clients.allRead('old');
      await swapDatabases(s.io, s);
      await clients.allRead('new');
      await undoSwap(s.io, s);
      await clients.allRead('old');
    } finally {
      await clients.stop();
    }
    const measured = `longest gap of a client: ${clients.longestGap} ms`;
    expect(clients.longestGap, measured).toBeLessThan(1_000);
    expect(clients.order, measured).toEqual(Array.from({ length: 6 }, () => ['old', 'new', 'old']));
  }));

test('the new database has the properties of the old one, and its comment', () =>
  withStage('major_properties', async (s) => {
    const undress = await dress(s);
    try {
      const wanted = await catalog(s, s.live);
      await applyProperties(s.admin, await databaseProperties(s.admin, s.live, s.fresh));
      await swapDatabases(s.io, s);
      expect(await served(s.to(s.live))).toBe('new');
      expect(await catalog(s, s.live)).toEqual(wanted);
      expect((await findLeftovers(s.admin)).filter(({ target }) => target === s.live)).toMatchObject([
        { kind: 'before', database: s.before, comment: wanted.comment },
      ]);
    } finally {
      await undress();
    }
  }));

/** Locales by the version that knows them first. */
const LOCALES = [
  [13, "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"],
  [13, "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"],
  [15, "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc"],
  [15, "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk'"],
  [
    16,
    "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en' ICU_RULES '&V << w <<< W'",
  ],
  [17, "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"],
  [
    18,
    "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST'",
  ],
] as const;

test('encoding and locale are the same, whatever the provider', async () => {
  const known = LOCALES.filter(([since]) => inject('postgres').major >= since);
  await withStage('major_locale', async (s) => {
    for (const [n, [, locale]] of known.entries()) {
      const old = `${s.live}_${n}`;
      await s.admin.sql(`CREATE DATABASE ${old} TEMPLATE template0 ${locale}`);
      const facts = await s.facts(old);
      if (facts === undefined) throw new Error('It was created.');
      const fresh = freshName(old, runId(n));
      await createMarked(s.io, s.admin, {
        fresh,
        like: likenessOf(facts),
        marker: { pgdeck: 'restoring', target: s.live, run: s.run },
        open: facts.open_to_all,
      });
      const { encoding, lc_collate, lc_ctype, provider, icu_rules } = facts;
      expect(await s.facts(fresh), locale).toMatchObject({
        encoding,
        lc_collate,
        lc_ctype,
        provider,
        locale: facts.locale,
        icu_rules,
      });
      for (const name of [old, fresh]) await s.admin.sql(`DROP DATABASE ${quoteIdent(name)}`);
    }
  });
});
