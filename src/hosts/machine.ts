import { realpath } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter } from 'node:path';
import { isSea } from 'node:sea';
import type { Host } from './host.ts';

type Known = 'processors' | 'platform' | 'temporary' | 'environment' | 'searchPath' | 'pgdeck';

/** What is known of this machine without running anything. */
export const machine: Pick<Host, Known> = {
  processors: availableParallelism(),
  platform: process.platform,
  // TMPDIR may change
  get temporary() {
    return tmpdir();
  },
  get environment() {
    return process.env;
  },
  searchPath: (env) =>
    (env.PATH ?? process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== ''),
  // the one file is Node and program at once
  pgdeck: async () =>
    isSea() ? [process.execPath] : [process.execPath, await realpath(process.argv[1] ?? '')],
};
