import type { Own } from './operation.ts';

const signals = async () => (await import('./signal/run.ts')).carryOut;

/**
 * Cancel and terminate send nothing without `--yes`, nor ask: they print who would be hit. Their lines tell of
 * sessions, not of steps.
 */
export const SIGNALS: Own = { cancel: signals, terminate: signals };
