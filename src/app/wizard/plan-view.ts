import { fieldsOf, type InputField } from '../../ops/engine/fields.ts';
import type { AnyOperation } from '../../ops/engine/operation.ts';
import type { Answer, Check, Plan } from '../../ops/engine/plan.ts';
import { fieldNamed } from './command-words.ts';
import type { Form } from './form.ts';

/** Where somebody is in a plan that is shown. */
export interface PlanView {
  /** Which of its {@link stopsOf stops} the cursor is on. */
  readonly at: number;
  /** Ids of the steps that are unfolded. */
  readonly open: ReadonlySet<string>;
}

export const FOLDED: PlanView = { at: 0, open: new Set() };

/** What the cursor goes to: blocks that can be answered where they stand, and the steps. */
export type Stop =
  | { readonly kind: 'answer'; readonly check: Check; readonly answer: Answer }
  | { readonly kind: 'step'; readonly id: string };

export function stopsOf({ checks, steps }: Plan): readonly Stop[] {
  return [
    ...blocksOf({ checks }).flatMap((check): Stop[] =>
      check.answer === undefined ? [] : [{ kind: 'answer', check, answer: check.answer }],
    ),
    ...steps.map(({ id }): Stop => ({ kind: 'step', id })),
  ];
}

export function blocksOf({ checks }: Pick<Plan, 'checks'>): readonly Check[] {
  return checks.filter(({ status }) => status === 'block');
}

/** Whether the form gives that answer by now; the plan that is shown is older. */
export function isGiven({ items }: Form, { field, value }: Answer): boolean {
  return items[field]?.includes(value) === true;
}

/** What Enter does about a plan that is blocked. */
export type WayOn =
  /** Everything that blocks it was answered. */
  | { readonly kind: 'again' }
  | { readonly kind: 'field'; readonly field: InputField; readonly value?: string }
  /** No field answers it. */
  | { readonly kind: 'none' };

export function wayOn(plan: Plan, view: PlanView, form: Form, operation: AnyOperation | undefined): WayOn {
  const blocks = blocksOf(plan);
  const open = blocks.filter(({ answer }) => answer === undefined || !isGiven(form, answer));
  if (open.length === 0) return { kind: 'again' };
  const stop = stopsOf(plan)[view.at];
  const own = stop?.kind === 'answer' && !isGiven(form, stop.answer) ? [stop.check] : [];
  for (const { answer, detail, title } of [...own, ...open]) {
    const field =
      answer === undefined
        ? (fieldNamed(detail, operation) ?? fieldTitled(operation, title))
        : fieldById(operation, answer.field);
    if (field !== undefined) return { kind: 'field', field, ...(answer && { value: answer.value }) };
  }
  return { kind: 'none' };
}

/** A check of what a field has is called as that. */
function fieldTitled(operation: AnyOperation | undefined, title: string): InputField | undefined {
  return operation && fieldsOf(operation).find((field) => field.title === title);
}

function fieldById(operation: AnyOperation | undefined, id: string): InputField | undefined {
  return operation && fieldsOf(operation).find((field) => field.id === id);
}
