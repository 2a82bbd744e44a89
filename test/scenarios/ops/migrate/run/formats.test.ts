import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MIGRATION_FORMATS } from '../../../../../src/ops/migrate/formats/registry.ts';
import { takeSchemaSnapshot } from '../../../../../src/ops/schema/snapshot.ts';
import {
  blocks,
  contextIn,
  done,
  hazardsOf,
  planned,
  statesOf,
  statusOf,
} from '../../../../ops/migrate/run/stage.ts';
import { client, testDatabase } from '../../../../support/cluster.ts';
import { BEFORE, UP_ONLY, versionOf, writeMigrations } from '../../../../support/fixtures/migrations.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();

const otherZeros = (version: string) =>
  version.startsWith('0') ? version.replace(/^0+/, '') : `00${/^\d+/.exec(version)}`;

test.each(MIGRATION_FORMATS)(
  '%s: the same ten migrations up, down two, to a version, to the base and up again',
  async (format) => {
    const database = await testDatabase();
    try {
      const context = contextIn(database, home);
      const dir = join(home, format, 'migrations');
      writeMigrations(dir, format);
      const looking = await client(database.target());
      for (const sql of BEFORE[format] ?? []) await looking.sql(sql);
      const empty = await takeSchemaSnapshot(looking);
      expect(await statesOf(context, dir)).toEqual({ pending: 10 });

      const asked = await planned(context, 'up', { dir });
      const acknowledge = hazardsOf(asked);
      expect(blocks(asked)).toEqual([]);
      const up = await done(context, 'up', { dir, acknowledge });
      expect(up.end, up.end.text).toMatchObject({ ok: true });
      expect(await statesOf(context, dir)).toEqual({ applied: 10 });
      const full = await takeSchemaSnapshot(looking);
      expect((await planned(context, 'up', { dir })).steps).toEqual([]);
      if (UP_ONLY.has(format)) {
        await expect(planned(context, 'down', { dir })).rejects.toThrow(/has no way down/);
        const verified = await done(context, 'verify', { dir });
        expect(verified.end, verified.end.text).toMatchObject({ ok: true });
        return;
      }

      const steps = { dir, steps: 2 };
      const two = await done(context, 'down', {
        ...steps,
        acknowledge: hazardsOf(await planned(context, 'down', steps)),
      });
      expect(two.end, two.end.text).toMatchObject({ ok: true });
      expect(two.end.undo).toMatch(/^pgdeck restore /);
      expect(await statusOf(context, dir)).toMatchObject({ current: versionOf(format, 8) });
      expect(await statesOf(context, dir)).toEqual({ applied: 8, pending: 2 });

      // leading zeros are no difference where only one version is meant
      const to = { dir, to: otherZeros(versionOf(format, 5)) };
      const back = await done(context, 'down', {
        ...to,
        acknowledge: hazardsOf(await planned(context, 'down', to)),
      });
      expect(back.end, back.end.text).toMatchObject({ ok: true });
      expect(await statusOf(context, dir)).toMatchObject({ current: versionOf(format, 5) });

      const base = { dir, base: true };
      const none = await done(context, 'down', {
        ...base,
        acknowledge: hazardsOf(await planned(context, 'down', base)),
      });
      expect(none.end, none.end.text).toMatchObject({ ok: true });
      expect(await statusOf(context, dir)).toMatchObject({ current: null });
      expect(await statesOf(context, dir)).toEqual({ pending: 10 });

      const again = await done(context, 'up', { dir, acknowledge });
      expect(again.end, again.end.text).toMatchObject({ ok: true });
      expect((await takeSchemaSnapshot(looking)).objects).toEqual(full.objects);
      expect(empty.objects.length).toBeLessThan(full.objects.length);
      const verified = await done(context, 'verify', { dir });
      expect(verified.end, verified.end.text).toMatchObject({ ok: true });
    } finally {
      await database.drop();
    }
  },
);
