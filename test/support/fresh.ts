import { vi } from 'vitest';

/*
 * Files of one worker share its process, as starting one for each took a third of the time. Each file begins with
 * modules of its own all the same, ours in their first state; those of node_modules are what is shared.
 */
vi.resetModules();
// a file that has failed in its middle
vi.unstubAllEnvs();
// each copy of a module waits for the end of the process
process.setMaxListeners(0);

/** Once for a process, whatever modules it begins anew. */
const HEARS_ITS_END = Symbol.for('pgdeck.test.hears-its-end');
const known = process as unknown as Record<symbol, boolean>;
if (!known[HEARS_ITS_END]) {
  known[HEARS_ITS_END] = true;
  // workers are ended by a signal, at which nothing removes what goes with the process
  process.once('SIGTERM', () => {
    process.emit('exit', 143);
    process.kill(process.pid, 'SIGTERM');
  });
}
