import { type AppState, openedWizard } from './core/state.ts';

/** Something was asked for and its answer is awaited on the screen. */
export function isBusy(state: AppState): boolean {
  const { overlay } = state;
  const step = openedWizard(state)?.phase.step;
  if (step === 'loading' || step === 'planning' || step === 'run') return true;
  if (overlay?.kind === 'signal')
    return overlay.phase.step === 'planning' || overlay.phase.step === 'running';
  if (overlay?.kind === 'servers') return overlay.coming !== undefined;
  if (overlay?.kind === 'explain') return overlay.plan === undefined && overlay.problem === undefined;
  return false;
}
