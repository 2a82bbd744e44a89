import type { AppState } from './state.ts';

/** Something was asked for and its answer is awaited on the screen. */
export function isBusy({ overlay }: AppState): boolean {
  if (overlay?.kind === 'signal')
    return overlay.phase.step === 'planning' || overlay.phase.step === 'running';
  if (overlay?.kind === 'explain') return overlay.lines === undefined;
  return false;
}
