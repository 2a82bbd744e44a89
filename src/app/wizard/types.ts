import type { AnyOperation, OperationEntry } from '../../ops/engine/operation.ts';
import type { Plan } from '../../ops/engine/plan.ts';
import type { Amount } from '../../text/progress.ts';
import type { TextField } from '../core/text-field.ts';
import type { Form } from './form.ts';
import type { PlanView } from './plan-view.ts';
import type { RunView } from './run-view.ts';

/** How far a wizard has come. */
export type Phase =
  /** The operation's declaration is read. */
  | { readonly step: 'loading' }
  | { readonly step: 'form' }
  /** The server is asked; nothing is changed. `token` tells a late plan from the one that is waited for; `looked`: how far it is. */
  | { readonly step: 'planning'; readonly token: symbol; readonly looked?: Amount }
  | { readonly step: 'plan'; readonly plan: Plan; readonly view: PlanView; readonly command: string }
  | {
      readonly step: 'confirm';
      readonly plan: Plan;
      readonly view: PlanView;
      readonly command: string;
      /** The answer shown, of a yes-or-no question. */
      readonly yes: boolean;
      /** The name as far as it is typed. */
      readonly field: TextField;
    }
  | {
      readonly step: 'run';
      readonly plan: Plan;
      readonly run: RunView;
      /** Set while it is asked whether to cancel; the answer shown. */
      readonly asked?: { readonly yes: boolean } | undefined;
    }
  | { readonly step: 'result'; readonly plan: Plan; readonly run: RunView }
  /** It could not be planned, or not even read. */
  | { readonly step: 'failed'; readonly reason: string };

/** One operation on its way from a form to a result. */
export interface Wizard {
  readonly id: number;
  readonly entry: OperationEntry;
  /** Absent until it is loaded. */
  readonly operation: AnyOperation | undefined;
  readonly form: Form;
  readonly phase: Phase;
  /** Lines scrolled down; in a run, the first line of output shown, undefined while the newest ones are. */
  readonly scroll: number | undefined;
}
