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
