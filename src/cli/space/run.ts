import { outsideFacts } from '../../app/outside/facts.ts';
import { sortRows } from '../../app/views/select.ts';
import { WHY_NOT_PG_WAL } from '../../app/views/space/wal.ts';
import { spaceView } from '../../app/views/space.ts';
import type { Env } from '../../config/libpq/env.ts';
import type { Resolved } from '../../config/profile.ts';
import { place } from '../../db/errors.ts';
import { local } from '../../hosts/local.ts';
import { DEFAULT_WANTS } from '../../monitor/wants.ts';
import { EXIT, note, print, printJson } from '../output.ts';
import { leftOut, printView } from '../show/run.ts';
import { ServerReader } from '../show/server-reader.ts';
import type { SpaceOptions } from '../space.ts';

/** Prints what takes room, the largest first. Returns the exit code. Throws DbError. */
export async function runSpace(options: SpaceOptions, resolved: Resolved, env: Env): Promise<number> {
  const source = new ServerReader(resolved, DEFAULT_WANTS);
  await source.connect();
  try {
    const { session, reading, model } = source;
    model.outside = await outsideFacts({
      session,
      resolved,
      env,
      host: local,
      // what the log says takes no room, nor does what the schema lacks
      log: { read: async () => ({ unknown: 'It was not read.' }) },
      drift: { look: async () => ({ unknown: 'It was not compared.' }) },
    });
    await reading.read(spaceView.polls);
    model.observe();
    const all = sortRows(spaceView, spaceView.rows(model), spaceView.sort, model);
    const rows = all.slice(0, options.limit);
    const more = all.length - rows.length;
    if (options.json === true)
      printJson({
        at: new Date().toISOString(),
        server: place(resolved.target),
        consumers: rows.map((row) => spaceView.record?.(row, model)),
        not_listed: more,
        ...spaceView.beside?.facts(model),
      });
    else {
      await printView(spaceView, rows, model, { ascii: options.ascii });
      print(`\n${WHY_NOT_PG_WAL}`);
    }
    if (more > 0 && options.json !== true) note(`pgdeck: ${leftOut(spaceView, more)}`);
    return EXIT.done;
  } finally {
    await source.close();
  }
}
