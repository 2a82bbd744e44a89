import type { Deck } from '../core/deck.ts';
import { openedWizard } from '../core/state.ts';
import { cutOf, layoutOf } from '../screen/layout.ts';
import { wizardLayout } from './lines/layout.ts';
import { planDocument } from './lines/plan.ts';
import { isGiven, stopsOf } from './plan-view.ts';
import { scrollWizard } from './scroll.ts';
import { updateWizard } from './state.ts';
import type { Phase, Wizard } from './types.ts';

type Shown = Wizard & { readonly phase: Extract<Phase, { step: 'plan' }> };

function shownPlan(deck: Deck): Shown | undefined {
  const wizard = openedWizard(deck.state);
  return wizard?.phase.step === 'plan' ? (wizard as Shown) : undefined;
}

/** To the next block or step, which is brought onto the screen; beyond the last one, on through what was looked at. */
export function moveInPlan(deck: Deck, by: 1 | -1): void {
  const wizard = shownPlan(deck);
  if (!wizard) return;
  const { phase } = wizard;
  const at = phase.view.at + by;
  if (at < 0 || at >= stopsOf(phase.plan).length) {
    scrollWizard(deck, (from) => from + by);
    return;
  }
  updateWizard(deck, wizard.id, { phase: { ...phase, view: { ...phase.view, at } } });
  showStop(deck);
}

/** Scrolls no more than is needed to see what the cursor is on. */
function showStop(deck: Deck): void {
  const wizard = shownPlan(deck);
  if (!wizard) return;
  const size = { columns: deck.state.size.columns, rows: layoutOf(cutOf(deck.state)).body };
  const { view } = wizard.phase;
  const stop = planDocument(deck, wizard, wizard.phase, size.columns).stops[view.at];
  if (!stop) return;
  const { bodyRows } = wizardLayout(deck, wizard, size);
  const from = wizard.scroll ?? 0;
  const lowest = Math.min(stop.from, Math.max(from, stop.to - bodyRows));
  // what stands above the first one belongs to it
  const to = view.at === 0 ? Math.max(0, Math.min(from, stop.to - bodyRows)) : lowest;
  updateWizard(deck, wizard.id, { scroll: to });
}

/** Accepts the block under the cursor, or takes that back; of a step, shows its SQL and commands or hides them. */
export function markInPlan(deck: Deck): void {
  const wizard = shownPlan(deck);
  if (!wizard) return;
  const { phase, form } = wizard;
  const stop = stopsOf(phase.plan)[phase.view.at];
  if (stop?.kind === 'step') unfold(deck, wizard, [stop.id], !phase.view.open.has(stop.id));
  if (stop?.kind !== 'answer') return;
  const { field, value } = stop.answer;
  const given = form.items[field] ?? [];
  const items = isGiven(form, stop.answer) ? given.filter((one) => one !== value) : [...given, value];
  const stops = stopsOf(phase.plan);
  const marked = { ...form, items: { ...form.items, [field]: items } };
  const left = (from: number) =>
    stops.findIndex((one, i) => i >= from && one.kind === 'answer' && !isGiven(marked, one.answer));
  const next = [left(phase.view.at), left(0)].find((i) => i >= 0) ?? phase.view.at;
  updateWizard(deck, wizard.id, {
    form: marked,
    phase: { ...phase, view: { ...phase.view, at: next } },
  });
  showStop(deck);
}

/** Shows what is behind every step; when all of it is shown, hides it. */
export function unfoldAll(deck: Deck): void {
  const wizard = shownPlan(deck);
  if (!wizard) return;
  const { plan, view } = wizard.phase;
  const ids = plan.steps.map(({ id }) => id);
  unfold(deck, wizard, ids, !ids.every((id) => view.open.has(id)));
}

function unfold(deck: Deck, wizard: Shown, ids: readonly string[], on: boolean): void {
  const { phase } = wizard;
  const open = new Set(phase.view.open);
  for (const id of ids) {
    if (on) open.add(id);
    else open.delete(id);
  }
  updateWizard(deck, wizard.id, { phase: { ...phase, view: { ...phase.view, open } } });
  showStop(deck);
}
