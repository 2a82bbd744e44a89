import type { Purpose } from './session.ts';

/** Session settings by purpose. The monitor must never wait behind a lock or hold a snapshot for long. */
export function sessionSettings(purpose: Purpose, readOnly: boolean): Record<string, string> {
  // a plain one is to see what a session gets that asks for nothing
  if (purpose === 'workload' || purpose === 'plain') return {};
  // what an operation does takes as long as it takes; only a lock is not waited for without end
  const patient = {
    statement_timeout: '0',
    lock_timeout: '30s',
    idle_in_transaction_session_timeout: '0',
    default_transaction_read_only: readOnly ? 'on' : 'off',
  };
  // somebody else's SQL means the schema and the time zone that the role and the database have set
  if (purpose === 'migration') return patient;
  if (purpose === 'operation')
    return {
      ...patient,
      search_path: 'pg_catalog',
      timezone: 'UTC',
      datestyle: 'ISO',
      intervalstyle: 'postgres',
    };
  return {
    statement_timeout: purpose === 'slow' ? '20s' : purpose === 'control' ? '10s' : '4s',
    lock_timeout: '200ms',
    idle_in_transaction_session_timeout: '10s',
    // signals are no writes, so the control session can be read-only too
    default_transaction_read_only: purpose !== 'control' || readOnly ? 'on' : 'off',
    search_path: 'pg_catalog',
    timezone: 'UTC',
    datestyle: 'ISO',
    intervalstyle: 'postgres',
    jit: 'off',
    max_parallel_workers_per_gather: '0',
    work_mem: '16MB',
  };
}

/** Whether a server has the settings that it was asked for at connect: one of them tells of all. */
export function inForce(
  { lock_timeout: asked }: Readonly<Record<string, string>>,
  { lock_timeout: found }: Readonly<Record<string, string>>,
): boolean {
  return asked === undefined || milliseconds(asked) === Number(found);
}

/** `30s` and `200ms`, as they are written above. */
function milliseconds(setting: string): number {
  return Number.parseInt(setting, 10) * (setting.endsWith('ms') ? 1 : 1000);
}
