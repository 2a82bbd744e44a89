// Run as a process of its own by the tests, to be killed at a crash point: swaps, undoes, or creates a database.
import { createBeside } from '../../../../src/ops/database/create.ts';
import { maintenance } from '../../../../src/ops/database/maintenance.ts';
import { swapDatabases, undoSwap } from '../../../../src/ops/restore/swap/swap.ts';
import { testIo } from './io.ts';

const [work, host, port, live, fresh, before, rolledBack, run] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];
const io = testIo(
  {
    host,
    port: Number(port),
    user: 'postgres',
    database: 'postgres',
    sslmode: 'disable',
    password: async () => undefined,
    connectTimeout: 5,
    readOnly: false,
  },
  run,
);
if (work === 'swap') await swapDatabases(io, { live, fresh, before, run });
else if (work === 'undo') await undoSwap(io, { live, before, rolledBack, run });
else
  await createBeside(io, await maintenance(io), {
    live,
    fresh,
    marker: { pgdeck: 'restoring', target: live, run },
  });
await io.close();
