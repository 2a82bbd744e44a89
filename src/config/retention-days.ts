import type { Env } from './libpq/env.ts';

/** The rule that RETENTION_DAYS stands for, as scripts around pg_dump have it; undefined where it says none. */
export function keepOf({ RETENTION_DAYS: days = '' }: Env): string | undefined {
  return /^[1-9]\d{0,4}$/.test(days) ? `${days} days` : undefined;
}
