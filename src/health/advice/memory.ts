/** What decides how much memory the server may take; undefined for what is not known. Sizes in bytes. */
export interface Memory {
  readonly sharedBuffers: number | undefined;
  readonly workMem: number | undefined;
  readonly connections: number | undefined;
  /** A hash may take so many times work_mem; 1 before 13. */
  readonly hashMultiplier: number | undefined;
}

/** shared_buffers, and for every connection one hash of work_mem: what can be asked for at once by simple queries. */
export function memoryAtMost({
  sharedBuffers = 0,
  workMem,
  connections,
  hashMultiplier = 1,
}: Memory): number | undefined {
  if (workMem === undefined || connections === undefined) return undefined;
  return sharedBuffers + connections * workMem * hashMultiplier;
}
