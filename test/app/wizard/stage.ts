import { z } from 'zod';
import { openedWizard } from '../../../src/app/core/state.ts';
import { cutOf, layoutOf } from '../../../src/app/screen/layout.ts';
import { openWizard } from '../../../src/app/wizard/flow.ts';
import { wizardLayout } from '../../../src/app/wizard/lines/layout.ts';
import type { Phase, Wizard } from '../../../src/app/wizard/types.ts';
import type { Target } from '../../../src/db/target.ts';
import type { OpContext, OperationEntry } from '../../../src/ops/engine/operation.ts';
import { type AnyOperation, defineOperation } from '../../../src/ops/engine/operation.ts';
import type { Check, Danger, Plan, StepIo } from '../../../src/ops/engine/plan.ts';
import { lineText } from '../../../src/text/line.ts';
import { until } from '../../support/until.ts';
import { Stage, type StageOptions } from '../stage.ts';

/** What a test decides about the operation while it goes on. */
export interface Script {
  danger: Danger;
  checks: Check[];
  subject: string;
  consequence?: string;
  reason?: string;
  undo?: Plan['undo'];
  tables?: Plan['tables'];
  /** What takes long before there is a plan. */
  look?: (context: OpContext) => Promise<void>;
  /** The work of the step in the middle; ends with the run when it is cancelled. */
  work: (io: StepIo) => Promise<void>;
  /** Ids of steps, as they are run and rolled back. */
  readonly happened: string[];
  planned: number;
}

export function script(change: Partial<Script> = {}): Script {
  return {
    danger: 'none',
    checks: [],
    subject: 'shop',
    work: async () => {},
    happened: [],
    planned: 0,
    ...change,
  };
}

/** Goes on until the run is cancelled. */
export function untilCancelled({ signal }: StepIo): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
  });
}

/** An operation with every kind of field and three steps, the second of which can be rolled back. */
export function operationOf(played: Script): AnyOperation {
  const field = (title: string) => ({ title, hint: `what ${title} is` });
  return defineOperation({
    id: 'paint',
    input: z.object({
      database: z.string(),
      jobs: z.int('a whole number').min(1, 'at least 1').max(8).default(2),
      format: z.enum(['custom', 'directory', 'plain']).default('custom'),
      tables: z.array(z.string()).default([]),
      fast: z.boolean().default(false),
      level: z.int().optional(),
    }),
    fields: {
      database: {
        ...field('Database'),
        argument: true,
        choices: async (context) => {
          const rows = await (await context.session()).sql(
            "SELECT current_database() AS name UNION ALL SELECT '库存' UNION ALL SELECT 'other'",
          );
          return rows.map(({ name }) => ({ value: String(name), hint: '7 MB' }));
        },
      },
      jobs: field('Jobs'),
      format: field('Format'),
      tables: {
        ...field('Tables'),
        choices: async (_, { database }) =>
          ['a', 'b', 'c'].map((name) => ({ value: `${String(database)}.${name}` })),
      },
      fast: field('Fast'),
      level: { ...field('Level'), when: ({ fast }) => fast === true },
    },
    plan: async (input, context) => {
      played.planned++;
      await played.look?.(context);
      await (await context.session()).sql('SELECT 1');
      const step = (id: string) => ({ id, title: `Step ${id}`, preview: `SELECT '${id}'` });
      return {
        operation: 'paint',
        title: `Paint ${input.database}`,
        subject: played.subject,
        danger: played.danger,
        writes: true,
        server: context.place,
        input,
        facts: [{ label: 'Size', value: '7 MB of 库存' }],
        checks: played.checks,
        leaves: () => undefined,
        reaches: () => 'shop is painted.',
        tables: played.tables ?? [
          {
            title: 'Largest tables',
            columns: ['table', 'rows'],
            rows: [
              ['库存', '1'],
              ['b', '2'],
            ],
          },
        ],
        steps: [
          { ...step('first'), run: async () => void played.happened.push('first') },
          {
            ...step('second'),
            effect: 'nobody waits',
            run: async (io) => {
              played.happened.push('second');
              await played.work(io);
            },
            rollback: async () => void played.happened.push('second rolled back'),
          },
          {
            ...step('third'),
            preview: '',
            run: async (io) => {
              io.result({ title: 'Painted', columns: ['table', 'coats'], rows: [['库存', '2']] });
              played.happened.push('third');
            },
          },
        ],
        ...(played.reason !== undefined && { reason: played.reason }),
        ...(played.consequence !== undefined && { consequence: played.consequence }),
        undo: played.undo ?? 'undo',
      };
    },
  });
}

/** A console with this operation's wizard. */
export class WizardStage extends Stage {
  readonly entry: OperationEntry;

  constructor(target: Target, played: Script, options: StageOptions = {}) {
    super(target, options);
    this.entry = {
      id: 'paint',
      title: 'Paint a database',
      summary: 'paint every table of it',
      danger: 'type-name',
      writes: true,
      load: async () => operationOf(played),
    };
  }

  /** Opens the wizard and waits for its form. */
  async form(): Promise<void> {
    openWizard(this.deck, this.entry);
    await this.at('form');
  }

  /** Fills in what is needed and waits for the plan. */
  async plan(database = 'shop'): Promise<void> {
    await this.form();
    this.type(database);
    this.keys('enter');
    await this.at('plan');
  }

  get wizard(): Wizard {
    const wizard = openedWizard(this.deck.state);
    if (!wizard) throw new Error('no wizard is open');
    return wizard;
  }

  at<Step extends Phase['step']>(step: Step): Promise<Extract<Phase, { step: Step }>> {
    return until(
      () => {
        const phase = openedWizard(this.deck.state)?.phase;
        return phase?.step === step && (phase as Extract<Phase, { step: Step }>);
      },
      { what: `the wizard at ${step}` },
    );
  }

  /** Everything of the wizard, tables without their frames. */
  get text(): string {
    const { columns } = this.deck.state.size;
    const { head, body, foot } = wizardLayout(this.deck, this.wizard, {
      columns,
      rows: layoutOf(cutOf(this.deck.state)).body,
    });
    const middle = body.flatMap((block) =>
      block.kind === 'lines' ? block.lines.map(lineText) : block.table.rows.map((row) => row.join(' ')),
    );
    return [...head.map(lineText), ...middle, ...foot.map(lineText)].join('\n');
  }
}
