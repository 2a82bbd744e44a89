import type { OperationEntry } from '../engine/operation.ts';

/** Sessions and their transactions. */
export const SESSIONS: readonly OperationEntry[] = [
  {
    id: 'cancel',
    title: 'Cancel statements',
    summary: 'cancel the running statement of sessions',
    danger: 'confirm',
    writes: true,
    ownKeys: true,
    load: async () => (await import('../signal/operations.ts')).cancel,
  },
  {
    id: 'terminate',
    title: 'Terminate sessions',
    summary: 'end sessions: those named, those idle for long, or those that block others',
    danger: 'confirm',
    writes: true,
    ownKeys: true,
    load: async () => (await import('../signal/operations.ts')).terminate,
  },
  {
    id: 'prepared',
    title: 'End a prepared transaction',
    summary: 'commit or roll back a transaction that was prepared for two-phase commit',
    danger: 'confirm',
    writes: true,
    load: async () => (await import('../signal/prepared/operation.ts')).prepared,
  },
];
