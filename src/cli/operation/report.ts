import { withConnection } from '../../ops/engine/connection.ts';
import type { OpEvent, Plan, ResultTable } from '../../ops/engine/plan.ts';
import { undoneByStop } from '../../ops/engine/run/steps/outcome.ts';
import { cleanBlock, cleanLine } from '../../text/clean.ts';
import { duration } from '../../text/units.ts';
import type { Again } from '../again.ts';
import { note, print } from '../output.ts';
import { Amounts } from './amounts.ts';
import { resultText } from './plan.ts';

/** Shorter steps are not worth a line about their time. */
const NOTED_MS = 1_000;
const INDENT = '      ';

/** Tells a person what happens: steps, lines and progress on stderr; at the end the results on stdout. */
export class Report {
  readonly #plan: Plan;
  readonly #connection: readonly string[];
  readonly #again: Again;
  readonly #results: ResultTable[] = [];
  readonly #begun: number[] = [];
  /** Ids of the steps that were done. */
  readonly #done = new Set<string>();
  /** What grows in the running step. */
  readonly #amounts = new Amounts(INDENT);

  /** `connection`: the words that reach the server, for the command that takes it back; `again` is for others. */
  constructor(plan: Plan, connection: readonly string[], again: Again) {
    this.#plan = plan;
    this.#again = again;
    this.#connection = connection;
  }

  see(event: OpEvent): void {
    if (event.type === 'progress') {
      this.#amounts.see(event);
      return;
    }
    // a line has said who it is
    if (event.type === 'waits') return;
    this.#amounts.erase();
    if (event.type === 'begin') note(`${cleanLine(event.title)} (run ${event.run})`);
    else if (event.type === 'unrecorded') note(`pgdeck: ${cleanLine(event.text)}`);
    else if (event.type === 'start') {
      this.#begun.push(event.step);
      this.#amounts.clear();
      note(`[${event.step + 1}/${this.#plan.steps.length}] ${cleanLine(event.title)}`);
    } else if (event.type === 'line') {
      note(indented(this.#again(event.text)));
      // it took the place of the amounts
      this.#amounts.again();
    } else if (event.type === 'result') this.#results.push(event.table);
    else if (event.type === 'reveal') {
      note(`${INDENT}${cleanLine(event.what)}, shown this once:`);
      print(event.secret);
    } else if (event.type === 'finish') {
      this.#amounts.clear();
      const id = this.#plan.steps[event.step]?.id;
      if (event.ok && id !== undefined) this.#done.add(id);
      if (!event.ok) note(indented(this.#again(`failed: ${event.text ?? ''}`)));
      else if (event.text !== undefined) note(indented(this.#again(event.text)));
      else if (event.ms >= NOTED_MS) note(`${INDENT}done in ${duration(event.ms / 1000)}`);
    } else if (event.type === 'rollback') {
      const title = cleanLine(this.#plan.steps[event.step]?.title ?? '');
      note(
        event.ok ? `Rolled back: ${title}` : `Not rolled back: ${title}: ${this.#again(event.text ?? '')}`,
      );
    } else this.#end(event);
  }

  /** What a cancellation does with the steps that were begun. */
  left(): string {
    const titles = undoneByStop(this.#plan.steps, this.#done)
      .filter((step) => this.#begun.includes(this.#plan.steps.indexOf(step)))
      .map(({ title }) => cleanLine(title));
    const running = this.#plan.steps[this.#begun.at(-1) ?? -1];
    // what runs one by one has no way back: to say that there is nothing would be too little
    if (running?.atomic === false && !this.#done.has(running.id))
      return `Keeps what it has done so far: ${cleanLine(running.title)}.`;
    return titles.length === 0
      ? 'Nothing to roll back.'
      : `Will be rolled back: ${titles.reverse().join('; ')}.`;
  }

  #end(event: Extract<OpEvent, { type: 'end' }>): void {
    const tables = this.#results.flatMap((table) => resultText(table, process.stdout.columns));
    for (const line of tables.slice(1)) print(line);
    if (event.ok) note(`${event.text} ${duration(event.ms / 1000)}`);
    else for (const line of this.#again(event.text).split('\n')) note(`pgdeck: ${line}`);
    if (event.status === 'done' && event.state !== null) note(cleanBlock(event.state));
    if (event.status === 'refused' && !event.text.includes('Nothing was done.'))
      note(`pgdeck: ${event.state}`);
    if (event.undo !== null) print(`To undo it: ${cleanLine(withConnection(event.undo, this.#connection))}`);
  }
}

function indented(text: string): string {
  return cleanBlock(text)
    .split('\n')
    .map((line) => `${INDENT}${line}`)
    .join('\n');
}
