import type { Command } from 'commander';
import { examinerOf } from '../../app/outside/examiner.ts';
import { withConnection } from '../../ops/engine/connection.ts';
import { type ContextOptions, openContext } from '../../ops/engine/context.ts';
import { EXECUTE, withoutSecrets } from '../../ops/engine/fields.ts';
import type { AnyOperation, OpContext, RawInput } from '../../ops/engine/operation.ts';
import type { OpEvent, Plan } from '../../ops/engine/plan.ts';
import { refusal, runPlan } from '../../ops/engine/run/runner.ts';
import { sentenceOf } from '../../ops/error.ts';
import { tellEnd, tellUnplanned } from '../../ops/notify/run-end.ts';
import { entryOf } from '../../ops/registry.ts';
import type { Amount } from '../../text/progress.ts';
import { type Again, again } from '../again.ts';
import type { Context } from '../context.ts';
import { EXIT, fail, note, print, printJson, printJsonLine } from '../output.ts';
import { Amounts } from './amounts.ts';
import { type Answers, answered, ask, remedy } from './confirm.ts';
import { inputOf } from './flags.ts';
import { interruptible } from './interrupt.ts';
import { planJson, planText } from './plan.ts';
import { Report } from './report.ts';
import { readSecrets } from './secrets.ts';

export interface Flags extends Answers {
  readonly plan?: boolean;
  readonly json?: boolean;
  readonly execute?: boolean;
}

/** Asks, runs a plan and tells what happens. Returns the exit code. */
export type CarryOut = (plan: Plan, context: OpContext, flags: Flags, tell: Again) => Promise<number>;

/** Plans an operation and carries it out, or prints its plan. Returns the exit code; reports what fails itself. */
export async function runOperation(
  operation: AnyOperation,
  raw: RawInput,
  command: Command,
  context: Context,
  run: CarryOut = carryOut,
): Promise<number> {
  // of `cleanup restore` those of `cleanup`, which has the same, are read as that one's
  const given = command.optsWithGlobals<Flags>();
  const dry = operation.dry === true && given.execute !== true && given.plan !== true;
  const flags = dry ? { ...given, plan: true } : given;
  let opContext: OpContext | undefined;
  let tell: Again = (text) => text;
  let input: Record<string, unknown> | undefined;
  const looked = new Amounts('');
  try {
    input = inputOf(operation, { ...raw, ...(await readSecrets(operation, command)) });
    const { resolved } = await context.resolve(command);
    const { env } = context;
    const verdict: ContextOptions['verdict'] = async (one, signal) =>
      (await import('../../app/outside/verdict.ts')).verdictOf(one, env, signal);
    const examiner = examinerOf({ resolved, env });
    const looking = (amount: Amount) => looked.see(amount);
    opContext = await openContext({ resolved, env, operations: entryOf, examiner, verdict, looking });
    tell = again(command, opContext.connection);
    const plan = await operation.plan(input, opContext);
    looked.erase();
    if (!flags.plan) return await run(plan, opContext, flags, tell);
    const code = show(told(plan, tell), opContext, flags);
    if (dry && code === EXIT.done)
      note(plan.steps.length === 0 ? NOTHING : `Nothing was done: this is what ${EXECUTE} would do.`);
    return code;
  } catch (error) {
    looked.erase();
    const code = failed(error, opContext, flags, tell);
    if (opContext && input && !flags.plan)
      say(
        await tellUnplanned(
          { operation: operation.id, input: withoutSecrets(operation, input) },
          error,
          opContext,
        ),
      );
    return code;
  } finally {
    await opContext?.close();
  }
}

const NOTHING = 'There is nothing to do.';

/** Its checks name commands, too. */
const told = (plan: Plan, tell: Again): Plan => ({
  ...plan,
  checks: plan.checks.map((check) => ({ ...check, detail: tell(check.detail) })),
});

function show(plan: Plan, { readOnly }: OpContext, { json }: Flags): number {
  if (json) printJson(planJson(plan));
  else for (const line of planText(plan, process.stdout.columns)) print(line);
  if (plan.checks.some((check) => check.status === 'block')) {
    note('pgdeck: A check blocks it: it would not be done.');
    return EXIT.refused;
  }
  const refused = refusal(plan, readOnly);
  if (refused !== undefined) note(`pgdeck: ${sentenceOf(refused)}`);
  return EXIT.done;
}

async function carryOut(plan: Plan, context: OpContext, flags: Flags, tell: Again): Promise<number> {
  const refused = refusal(plan, context.readOnly);
  if (refused) throw refused;
  if (plan.steps.length === 0) {
    for (const line of planText(told(plan, tell))) note(line);
    note(NOTHING);
    if (flags.json) printEnd('done', NOTHING);
    return EXIT.done;
  }
  if (!(await confirmed(told(plan, tell), flags))) return EXIT.refused;
  const report = new Report(plan, context.connection, tell);
  const { signal, release } = interruptible(() => report.left());
  let end: OpEvent | undefined;
  try {
    for await (const event of runPlan(plan, context, { signal })) {
      end = event;
      if (flags.json) printJsonLine(event.type === 'end' ? endJson(event, context, tell) : event);
      else report.see(event);
    }
  } finally {
    release();
  }
  if (end?.type !== 'end') return EXIT.failed;
  say(await tellEnd(plan, end, context));
  return codeOf(end);
}

/** Who could not be told outside: it changes nothing about the run. */
function say(failures: readonly string[]): void {
  for (const failure of failures) note(`pgdeck: ${failure}`);
}

/** Nothing is in the journal of a run that was refused; the command that takes it back reaches this server. */
function endJson(end: Extract<OpEvent, { type: 'end' }>, { connection }: OpContext, tell: Again): object {
  const { status, run, undo, text, next } = end;
  return {
    ...end,
    ...(next !== undefined && { next: withConnection(next, connection) }),
    text: tell(text),
    run: status === 'refused' ? null : run,
    undo: undo && withConnection(undo, connection),
  };
}

function codeOf({ ok, status, unreachable }: Extract<OpEvent, { type: 'end' }>): number {
  if (unreachable) return EXIT.unreachable;
  return ok ? EXIT.done : status === 'refused' ? EXIT.refused : EXIT.failed;
}

/** Whether a person or a flag says yes. Where nobody can be asked, what would be done is on stderr. */
async function confirmed(plan: Plan, flags: Flags): Promise<boolean> {
  let answer = answered(plan, flags);
  if (answer === 'yes') return true;
  for (const line of planText(plan, process.stderr.columns)) note(line);
  note('');
  const terminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  answer ??= terminal ? await ask(plan) : 'missing';
  if (answer === 'yes') return true;
  const why = answer === 'wrong name' ? `That is not the name: ${plan.subject}. ` : '';
  const next = answer === 'missing' ? ` ${remedy(plan)}` : '';
  note(`pgdeck: ${why}Nothing was done.${next}`);
  if (flags.json) printEnd('refused', `${why}Nothing was done.${next}`);
  return false;
}

function failed(error: unknown, context: OpContext | undefined, { json, plan }: Flags, tell: Again): number {
  const code = fail(clean(error, context), tell);
  const text = tell(context?.secrets.redact(sentenceOf(error)) ?? sentenceOf(error));
  if (json && !plan) printEnd(code === EXIT.refused ? 'refused' : 'failed', text);
  return code;
}

/** The same error without the passwords that were used. */
function clean(error: unknown, context: OpContext | undefined): unknown {
  if (!(error instanceof Error) || context === undefined) return error;
  const { secrets } = context;
  error.message = secrets.redact(error.message);
  if (error.stack !== undefined) error.stack = secrets.redact(error.stack);
  return error;
}

function printEnd(status: 'done' | 'refused' | 'failed', text: string): void {
  printJsonLine({
    at: Date.now(),
    type: 'end',
    ok: status === 'done',
    status,
    run: null,
    ms: 0,
    text,
    state: 'Nothing was changed.',
    undo: null,
  });
}
