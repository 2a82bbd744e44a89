import { getAsset, isSea } from 'node:sea';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * A thread that runs the module of this address (`import.meta.url`), which is a chunk of its own in the bundle. In the
 * one file there is no file to run: the thread begins as the program does, and then loads that chunk.
 */
export function startThread(url: string, options: WorkerOptions): Worker {
  if (!isSea()) return new Worker(new URL(url), options);
  const boot = getAsset('boot.cjs', 'utf8');
  return new Worker(`const PGDECK_THREAD = ${JSON.stringify(url)};\n${boot}`, { ...options, eval: true });
}
