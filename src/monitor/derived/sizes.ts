import { spaceDatabasesPoll } from '../../db/queries/space.ts';
import type { RowOf } from '../../db/query.ts';
import type { AnyCounted, Counted } from './growth.ts';

type Row = RowOf<(typeof spaceDatabasesPoll)['query']>;

const counted: Counted<Row> = {
  poll: spaceDatabasesPoll,
  key: ({ datname }) => datname,
  counters: ({ total_bytes }) => (total_bytes === null ? {} : { bytes: total_bytes }),
  at: ({ server_ms }) => server_ms,
  // one of the same name that was made anew
  epoch: ({ oid }) => String(oid),
};

/** How much databases grow; one that has shrunk begins anew. */
export const DATABASE_SIZES = counted as unknown as AnyCounted;
