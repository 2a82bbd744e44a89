import { freesSentence, outcomeSentence, refusalSentence } from '../../ops/signal/sentences.ts';
import type {
  Effect,
  Refusal,
  SignalOutcome,
  SignalPlan,
  SignalTarget,
  Victim,
} from '../../ops/signal/types.ts';
import { count, duration } from '../../text/units.ts';
import { type OutputColumn, print, printTable } from '../output.ts';

const COLUMNS: readonly OutputColumn[] = [
  { key: 'pid', align: 'right' },
  { key: 'usename', title: 'user' },
  { key: 'datname', title: 'database' },
  { key: 'application_name', title: 'application' },
  { key: 'client_addr', title: 'client' },
  { key: 'state' },
  {
    key: 'duration_seconds',
    title: 'for',
    align: 'right',
    show: (value) => duration(value as number | null),
  },
  { key: 'blocks', align: 'right', show: (value) => count((value as number[] | null)?.length) },
  {
    key: 'longest_wait_seconds',
    title: 'longest',
    align: 'right',
    show: (value) => duration(value as number | null),
  },
  { key: 'frees', align: 'right' },
  { key: 'query' },
];

/** Whom a plan would hit, whom it leaves alone and whom it frees, as text. */
export async function printPreview(plan: SignalPlan): Promise<void> {
  if (plan.victims.length > 0) {
    print(`${plan.title}:`);
    await printTable(
      plan.victims.map((victim) => ({
        ...wouldLine(victim),
        ...(plan.waitersUnknown !== undefined && { blocks: null, frees: null }),
      })),
      COLUMNS,
    );
    const frees = freesSentence(plan);
    if (frees !== undefined) print(frees);
  }
  for (const refusal of plan.refused) print(`Left alone: ${refusalSentence(refusal)}`);
}

/** A victim as JSON. */
export function wouldLine({ target, blocks, longestWait, frees, sql }: Victim) {
  return { ...sessionLine(target), blocks, longest_wait_seconds: longestWait, frees, sql };
}

/** A refusal as JSON. */
export function refusedLine({ pid, target, why, reason, remedy }: Refusal) {
  return { ...(target === undefined ? { pid } : sessionLine(target)), why, reason, remedy: remedy ?? null };
}

/** An outcome as JSON. */
export function outcomeLine(outcome: SignalOutcome) {
  const { victim, kind, seconds } = outcome;
  return {
    pid: victim.target.pid,
    backend_start_us: victim.target.backend_start_us,
    usename: victim.target.usename,
    datname: victim.target.datname,
    application_name: victim.target.application_name,
    outcome: kind,
    seconds: Math.round(seconds * 1000) / 1000,
    sentence: outcomeSentence(outcome),
  };
}

/** What all signals did for those who waited, as JSON; null where that could not be read. */
export function effectLine({ waiters }: Effect) {
  return {
    freed: waiters?.freed ?? null,
    in_turn: waiters?.inTurn ?? null,
    waiting: waiters?.waiting ?? null,
    held_up_by: waiters?.by ?? null,
    gone: waiters === null ? null : (waiters.gone ?? 0),
  };
}

function sessionLine(target: SignalTarget) {
  const { pid, backend_start_us, query_start_us, usename, datname, application_name, client_addr } = target;
  const { backend_type, state, duration_seconds, xact_seconds, query } = target;
  return {
    ...{ pid, backend_start_us, query_start_us, usename, datname, application_name, client_addr },
    ...{ backend_type, state, duration_seconds, xact_seconds, query },
  };
}
