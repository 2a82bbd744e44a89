import { afterAll, beforeAll, expect, test } from 'vitest';
import { openedWizard } from '../../../src/app/core/state.ts';
import { shownRows } from '../../../src/app/views/select.ts';
import { settingsView } from '../../../src/app/views/settings.ts';
import { connect } from '../../../src/db/client.ts';
import type { Setting } from '../../../src/db/settings/list.ts';
import { valueText } from '../../../src/db/settings/value.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { throwawayCluster } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { text } from '../screen/frame.ts';
import { Stage } from '../stage.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await throwawayCluster({
    statement_timeout: '77s',
    primary_conninfo: 'host=x password=Hidden-77',
  });
  const session = await connect(cluster.target(), 'workload', 'test');
  await session.sql('CREATE ROLE reader LOGIN');
  await session.sql("ALTER SYSTEM SET max_connections = '55'");
  await session.sql('SELECT pg_reload_conf()');
  await session.close();
});
afterAll(() => cluster.remove());

async function shown(
  user: string,
  work: (stage: Stage, rows: readonly Setting[]) => Promise<void>,
): Promise<void> {
  const stage = await new Stage(cluster.target({ user }), {
    env: { XDG_STATE_HOME: temporaryDirectory() },
  }).start();
  try {
    stage.keys(':');
    stage.type('Settings');
    stage.keys('enter');
    const rows = await stage.seconds(() => {
      const { rows } = shownRows(settingsView, stage.deck.model, stage.deck.state);
      // the files come after the list
      const [first] = rows as Setting[];
      return (
        rows.length > 300 && (user !== 'postgres' || first?.waiting !== undefined) && (rows as Setting[])
      );
    }, 'the settings');
    await work(stage, rows);
  } finally {
    await stage.stop();
  }
}

const shownValue = (rows: readonly Setting[], name: string) => {
  const row = rows.find((one) => one.name === name);
  return row && valueText(row, row.value);
};

test('what waits for a restart is first; the values are those of the server; w opens the form with the name', async () => {
  await shown('postgres', async (stage, rows) => {
    expect(rows[0]).toMatchObject({ name: 'max_connections', waiting: '55' });
    expect(shownValue(rows, 'statement_timeout')).toBe('77s');
    expect(shownValue(rows, 'work_mem')).toBe('4MB');
    const screen = text(stage);
    expect(screen).toMatch(/1 waits for a restart/);
    expect(screen).toMatch(/▶ max_connections +100 +100 +\S+ +restart +!waits for restart/);
    expect(screen).toMatch(/primary_conninfo +\*{8}/);
    stage.keys('enter');
    expect(text(stage)).toMatch(/after a restart +55[\s\S]*Lines that do not hold/);
    stage.keys('w');
    const wizard = await stage.seconds(() => {
      const opened = openedWizard(stage.deck.state);
      return opened?.phase.step === 'form' && opened;
    }, 'the form');
    expect(wizard.entry.id).toBe('settings set');
    expect(JSON.stringify(wizard.form)).toContain('"max_connections"');
  });
});

test('what this role may not know is not told wrong', async () => {
  await shown('reader', async (stage, rows) => {
    expect(shownValue(rows, 'statement_timeout')).toBe('-');
    expect(shownValue(rows, 'work_mem')).toBe('-');
    expect(text(stage)).toMatch(/; not all are seen \(pg_read_all_settings\)/);
  });
});
