import { type Setting, takesOf } from '../../db/settings/list.ts';
import { bytesOf, valueText } from '../../db/settings/value.ts';
import { bytes } from '../../text/units.ts';
import { memoryAtMost } from './memory.ts';
import { type Known, RULES } from './rules.ts';
import { RULES as UNSAFE } from './unsafe.ts';

/** What is known of the machine of the server; undefined for what is not. */
export type Machine = Pick<Known, 'memory' | 'cores' | 'storage'>;

/** What one rule says of a server. */
export interface Advice {
  readonly name: string;
  /** As people write it. */
  readonly current: string;
  /** Null: it is well as it is, or what it depends on is not known. */
  readonly advised: string | null;
  /** What has to be known before it can be judged. */
  readonly missing: 'memory' | 'cores' | 'storage' | null;
  readonly reason: string;
  readonly cost: string;
  readonly restart: boolean;
}

/** What sessions may take together, against the memory that there is. */
export interface Sum {
  readonly most: number;
  readonly memory: number | undefined;
  /** One sentence. */
  readonly text: string;
}

/** What the rules advise for a server, those first that would change something. Of a setting it has none there is no rule. */
export function advise(settings: readonly Setting[], machine: Machine, major: number): readonly Advice[] {
  const known = knownOf(settings, machine, major);
  const byName = new Map(settings.map((one) => [one.name, one]));
  const tuned = RULES.flatMap(({ name, judge, reason, cost }): Advice[] => {
    const setting = byName.get(name);
    if (setting === undefined || setting.from === 'not known') return [];
    const verdict = judge(known);
    return [
      {
        name,
        current: valueText(setting, setting.value),
        advised: verdict !== 'well' && 'set' in verdict ? verdict.set : null,
        missing: verdict !== 'well' && 'missing' in verdict ? verdict.missing : null,
        ...{ reason, cost, restart: takesOf(setting) === 'restart' },
      },
    ];
  });
  const unsafe = UNSAFE.flatMap(({ name, unsafe, better, why, after }): Advice[] => {
    const setting = byName.get(name);
    if (setting?.value == null || !unsafe(setting.value)) return [];
    const cost = after ?? 'Safety has its price in speed, where it was switched off for that.';
    const restart = takesOf(setting) === 'restart';
    return [{ name, current: setting.value, advised: better, missing: null, reason: why, cost, restart }];
  });
  const rank = ({ advised, missing }: Advice) => (advised !== null ? 0 : missing !== null ? 1 : 2);
  return [...unsafe, ...tuned].toSorted((a, b) => rank(a) - rank(b));
}

/** What shared_buffers and a hash for each connection come to; undefined where a part of it is not known. */
export function sumOf(settings: readonly Setting[], machine: Machine, major: number): Sum | undefined {
  const known = knownOf(settings, machine, major);
  const most = memoryAtMost(known);
  if (most === undefined) return undefined;
  const { connections = 0, workMem = 0, hashMultiplier = 1, sharedBuffers = 0, memory } = known;
  const parts = `${connections} connections × ${bytes(workMem)} of work_mem × ${hashMultiplier} (hash_mem_multiplier) + ${bytes(sharedBuffers)} of shared_buffers = ${bytes(most)}`;
  const against =
    memory === undefined
      ? 'how much memory there is is not known'
      : `${most > memory ? 'more than' : 'of'} ${bytes(memory)} of memory`;
  return { most, memory, text: `${parts}, ${against}. A query may take it several times.` };
}

function knownOf(settings: readonly Setting[], machine: Machine, major: number): Known {
  const byName = new Map(settings.map((one) => [one.name, one]));
  const text = (name: string) => byName.get(name)?.value ?? undefined;
  const number = (name: string) => {
    const value = text(name);
    return value === undefined || value === '' ? undefined : Number(value);
  };
  const size = (name: string) => {
    const setting = byName.get(name);
    return setting && bytesOf(setting, setting.value);
  };
  return {
    ...machine,
    ...{ major, text, number, bytes: size },
    sharedBuffers: size('shared_buffers'),
    workMem: size('work_mem'),
    connections: number('max_connections'),
    hashMultiplier: number('hash_mem_multiplier'),
  };
}
