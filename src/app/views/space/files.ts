import {
  type SpaceTemporary,
  spaceLogPoll,
  spaceOrphansPoll,
  spaceTemporaryPoll,
} from '../../../db/queries/space.ts';
import { duration, plural } from '../../../text/units.ts';
import type { Model } from '../../core/model.ts';
import { type Consumer, NOTHING, unknown } from './consumer.ts';

export function temporary(model: Model): Consumer[] {
  const part = model.part(spaceTemporaryPoll);
  const why = unknown(part);
  if (why !== undefined)
    return [{ ...NOTHING, kind: 'temporary', name: 'temporary files', bytes: null, note: why }];
  return part.rows.map(temporaryOf);
}

function temporaryOf(row: SpaceTemporary): Consumer {
  const { pid, alive, files, tablespace, seconds } = row;
  const where = `${plural(files, 'file')} in ${tablespace}`;
  const since = duration(seconds);
  if (pid === null || !alive)
    return {
      ...NOTHING,
      kind: 'temporary',
      name: pid === null ? 'unnamed files' : `session ${pid}, gone`,
      bytes: row.bytes,
      note: `${where}, left for ${since} by a session that is gone`,
      helps:
        'the server removes them when it starts (from 14 on also after a crash of a session); not by hand while it runs',
    };
  const who = [row.usename, row.application_name, row.datname].filter(Boolean).join(', ');
  return {
    ...NOTHING,
    kind: 'temporary',
    name: `session ${pid}`,
    bytes: row.bytes,
    note: `${where} for ${since}: ${who}${row.query === null ? '' : `: ${row.query}`}`,
    helps: `pgdeck cancel ${pid}${row.backend_start_us === null ? '' : ` --backend-start ${row.backend_start_us}`}; more work_mem, or temp_file_limit`,
    backend: { pid, backendStart: row.backend_start_us },
  };
}

export function log(model: Model): Consumer[] {
  const part = model.part(spaceLogPoll);
  const why = unknown(part);
  if (why !== undefined)
    return [{ ...NOTHING, kind: 'server log', name: 'log files', bytes: null, note: why }];
  return part.rows
    .filter(({ files }) => files > 0)
    .map(
      ({ files, bytes: size, oldest_seconds: oldest }): Consumer => ({
        ...NOTHING,
        kind: 'server log',
        name: 'log files',
        bytes: size,
        note: `${plural(files, 'file')}, the oldest ${duration(oldest)} old`,
        helps:
          'log_rotation_age with log_truncate_on_rotation, or logrotate; old files of the log may be removed',
      }),
    );
}

export function orphans(model: Model): Consumer[] {
  return model
    .rows(spaceOrphansPoll)
    .filter(({ files }) => files > 0)
    .map(
      ({ files, bytes: size, oldest_seconds: oldest, names }): Consumer => ({
        ...NOTHING,
        kind: 'orphans',
        name: `files of ${model.server?.database ?? ''}`,
        bytes: size,
        whole: false,
        note: `${plural(files, 'file')} that no relation has, the oldest ${duration(oldest)} old: ${names.join(', ')}`,
        helps:
          'a crash in a CREATE TABLE or a rewrite leaves them; a dump restored beside (pgdeck restore) has none; not by hand while the server runs',
      }),
    );
}
