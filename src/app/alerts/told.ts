import type { Standing } from '../../alerts/alert.ts';
import { lockWait } from '../../health/checks/lock-wait.ts';
import type { AppState } from '../core/state.ts';
import { panesOf } from '../views/registry.ts';

/** The alerts that the line under the header tells, the worst first: a wait for a lock only where no verdict tells of it. */
export function toldAlerts({
  alerts,
  screen,
  size,
}: Pick<AppState, 'alerts' | 'screen' | 'size'>): readonly Standing[] {
  const { main, side } = panesOf({ screen, size });
  if (![...main, ...side].some(({ verdict }) => verdict !== undefined)) return alerts;
  return alerts.filter(({ check }) => check !== lockWait.id);
}
