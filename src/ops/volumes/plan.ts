import type { Check } from '../engine/plan.ts';
import type { Source } from './source.ts';
import { writersOf } from './users.ts';

/** The volume that keeps what was in another one. */
export function keptName(name: string, now: Date): string {
  const stem = name
    .replace(/^\//, '')
    .replace(/[^a-zA-Z0-9_.-]/g, '_')
    .slice(0, 120);
  const at = now.toISOString().replace(/\D/g, '').slice(0, 17);
  return `${/^[a-zA-Z0-9]/.test(stem) ? stem : `v${stem}`}.before-${at}`;
}

/** Who may write to it now: what they write is lost, or mixed with what is restored. */
export async function writerChecks(source: Source, name: string, inUse: boolean): Promise<Check[]> {
  const writers = await writersOf(source);
  const title = 'In use';
  if (writers.length === 0)
    return [{ title, status: 'ok', detail: 'No container that runs may write to it.' }];
  const list = writers.join(', ');
  if (inUse)
    return [{ title, status: 'warn', detail: `${list} may write to ${name} meanwhile: that was accepted.` }];
  return [
    {
      title,
      status: 'block',
      detail: `${list} may write to ${name}: docker stop ${writers.join(' ')}`,
      answer: { field: 'accept', value: 'writers' },
    },
  ];
}
