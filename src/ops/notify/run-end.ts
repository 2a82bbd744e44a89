import { UsageError } from '../../config/usage-error.ts';
import type { Message } from '../../notify/message.ts';
import { Journal } from '../engine/journal/journal.ts';
import { newestRuns, readRun } from '../engine/journal/runs.ts';
import { addressOf, isOnServer } from '../engine/journal/server.ts';
import type { OpContext } from '../engine/operation.ts';
import type { OpEvent, Plan } from '../engine/plan.ts';
import { OpError, sentenceOf } from '../error.ts';
import { type About, type Check, checkOf, databaseOf, isSameKind } from './subject.ts';
import { type Ended, endedBefore, endedNow, type Verdict, verdictOf } from './verdict.ts';
import { againSentence, failedSentence, longFailedSentence, longSentence } from './words.ts';

/** How long the end of a command waits for those who are told. */
const WAIT_MS = 10_000;
const LONG_RUN_MINUTES = 5;

/**
 * Tells outside how a run has ended: that a backup or a drill failed, that the next one is done, that a long run is over.
 * Answers what could not be told, in sentences; never rejects, and never takes longer than ten seconds.
 */
export async function tellEnd(
  plan: Pick<Plan, 'operation' | 'title' | 'server' | 'input'>,
  end: Extract<OpEvent, { type: 'end' }>,
  context: OpContext,
): Promise<string[]> {
  if (!isConfigured(context)) return [];
  return told(context, () => messagesOf(plan, endedNow(plan, end, context.env.PGDECK_JOB), context, end.run));
}

/**
 * Tells outside that a backup or a drill could not even be planned: the server does not answer. It is noted in the
 * journal, by which the next one that is done takes it back. Answers as {@link tellEnd}.
 */
export async function tellUnplanned(
  about: Pick<About, 'operation' | 'input'>,
  error: unknown,
  context: OpContext,
): Promise<string[]> {
  const refused = error instanceof UsageError || (error instanceof OpError && error.kind !== 'failed');
  if (!isConfigured(context) || refused) return [];
  const { place: server, journal, connection, now, env, secrets } = context;
  const why = error instanceof Error ? error.message : String(error);
  const ended: Ended = { ...about, server, ms: 0, text: secrets.redact(why), end: 'bad' };
  if (checkOf(ended) === 'long_run') return [];
  return told(context, () => {
    const subject = ended.operation === 'backup' ? 'Back up' : 'Verify';
    const title = `${subject} ${databaseOf(ended) ?? 'the databases'}`;
    const facts = { operation: ended.operation, subject: title, server, connection, input: about.input };
    const run = Journal.begin(journal, { ...facts, job: env.PGDECK_JOB, steps: [] }, now());
    run.end('failed', null, secrets.redact(sentenceOf(error)));
    return messagesOf({ title }, ended, context, run.id);
  });
}

/** Whether anybody is told of operations. */
function isConfigured({ notify, env }: Pick<OpContext, 'notify' | 'env'>): boolean {
  const { operations = true, webhooks = [], mail, commands = [] } = notify;
  const count = webhooks.length + (mail?.to.length ?? 0) + commands.length;
  return operations && (count > 0 || Boolean(env.PGDECK_WEBHOOK_URL));
}

async function told(context: OpContext, messages: () => Message[]): Promise<string[]> {
  try {
    return await deliver(messages(), context);
  } catch (error) {
    return [`Nobody was told outside: ${context.secrets.redact(sentenceOf(error))}`];
  }
}

async function deliver(messages: readonly Message[], { notify, env, here }: OpContext): Promise<string[]> {
  if (messages.length === 0) return [];
  const [{ channelsOf }, { Outbox }, { systemClock }] = await Promise.all([
    import('../../notify/channels.ts'),
    import('../../notify/outbox.ts'),
    import('../../notify/clock.ts'),
  ]);
  const failures: string[] = [];
  const outbox = new Outbox({
    channels: channelsOf({ settings: notify, env, host: here }),
    clock: systemClock,
    onGivenUp: ({ reason }) => failures.push(reason),
  });
  for (const message of messages) outbox.put(message);
  await outbox.close(WAIT_MS);
  const late = outbox.states.filter(({ pending }) => pending > 0);
  for (const { label, failure } of late) failures.push(failure ?? `${label} did not take it within 10 s.`);
  return [...new Set(failures)].map((reason) => `Not told outside: ${reason}`);
}

function messagesOf(
  { title }: { readonly title: string },
  ended: Ended,
  context: OpContext,
  run: string,
): Message[] {
  const { long_run_minutes: minutes = LONG_RUN_MINUTES } = context.notify;
  const verdict = verdictOf(ended, minutes * 60_000);
  if (verdict === undefined) return [];
  const check = checkOf(ended);
  const message = (more: Pick<Message, 'text' | 'state'>, of: Check = check): Message => ({
    ...{ text: more.text, check: of, object: databaseOf(ended), state: more.state },
    severity: SEVERITIES[of],
    ...(of === 'long_run'
      ? { value: Math.round(ended.ms / 1000), threshold: minutes * 60 }
      : { value: null, threshold: null }),
    server: context.place,
    at: context.now().toISOString(),
  });
  if (verdict.bad) {
    const sentence = check === 'long_run' ? longFailedSentence : failedSentence;
    return [message({ text: sentence(title, ended), state: 'raised' })];
  }
  const again = lastOne(ended, context, run, minutes * 60_000)?.bad === true;
  if (again) return [message({ text: againSentence(title, ended), state: 'resolved' })];
  // it is over, and nobody has anything to do
  return verdict.long ? [message({ text: longSentence(title, ended), state: 'resolved' }, 'long_run')] : [];
}

const SEVERITIES = { backup_failed: 'alert', drill_failed: 'critical', long_run: 'warning' } as const;

/** What was told of the one before on this server; runs of which nothing was are passed over. */
function lastOne(ended: Ended, context: OpContext, run: string, longMs: number): Verdict | undefined {
  const { journal } = context;
  const identifier = readRun(journal, run)?.system_identifier;
  const here = { place: ended.server, identifier };
  for (const other of newestRuns(journal)) {
    if (other.id === run || !isSameKind(ended, other)) continue;
    const same =
      addressOf(ended.server) === undefined ? other.server === ended.server : isOnServer(other, here);
    const verdict = same ? verdictOf(endedBefore(other), longMs) : undefined;
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}
