import { availableParallelism, tmpdir } from 'node:os';
import type { Host } from './host.ts';

/** What is known of this machine without running anything. */
export const machine: Pick<Host, 'processors' | 'platform' | 'temporary'> = {
  processors: availableParallelism(),
  platform: process.platform,
  // TMPDIR may change
  get temporary() {
    return tmpdir();
  },
};
