import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { kubectlStandIn } from '../../test/support/kubectl/kubectl.ts';
import { DOWN, ENTER, type OpenBeside, shows, type TakePicture } from './screen.ts';
import { serverOf } from './server.ts';
import type { Terminal } from './terminal.ts';

const PAGE_DOWN = '\u001b[6~';

/** A restore in a pod that scales the application down and up again: the plan, the run while it is down, and the result. */
export async function application(
  terminal: Terminal,
  picture: TakePicture,
  beside: OpenBeside,
  home: string,
): Promise<void> {
  terminal.type('1');
  await terminal.until('the panes', shows(/Cache ratio/, /\S+@127\.0\.0\.1:\d+\/\S+/));
  const { host, port, user, database } = serverOf(terminal.text);
  const health = createServer((_request, response) => response.end());
  await new Promise<void>((resolve) => health.listen(0, '127.0.0.1', resolve));
  const cluster = await kubectlStandIn();
  try {
    await cluster.workload('deployment', 'backend', 3);
    await cluster.pod('backend-5f7c9', { labels: 'app=backend', containers: ['backend'] });
    await cluster.forwardTo(port);
    const settings = join(home, 'application.json');
    mkdirSync(join(home, 'pod'));
    const pod = { kind: 'kubectl', context: 'test', namespace: 'production', pod: 'postgres-0' };
    const profile = {
      ...{ host: '127.0.0.1', user, database, sslmode: 'disable' },
      runs_on: { ...pod, forward: true, host, port },
      backup: { directory: join(home, 'pod') },
      app: {
        stop: { kind: 'kubectl', deployment: 'backend' },
        check: { url: `http://127.0.0.1:${(health.address() as AddressInfo).port}/health` },
      },
    };
    writeFileSync(settings, JSON.stringify({ profiles: { shop: profile } }));
    const words = ['--config', settings, '--profile', 'shop'];
    const backup = await beside([...words, 'backup', '--yes'], 20);
    await backup.until('a backup', shows(/done\. /), 120);
    await backup.close();
    const pgdeck = await beside(words, 36);
    await pgdeck.until('the console', shows(/conns \d+/), 60);
    await restore(pgdeck, picture, () => cluster.removePod('backend-5f7c9'));
    await pgdeck.close();
  } finally {
    await cluster.remove();
    health.close();
  }
}

async function restore(pgdeck: Terminal, picture: TakePicture, podEnds: () => Promise<void>): Promise<void> {
  pgdeck.type('r');
  await pgdeck.until('the backups there are', shows(/▶ +shop_\d+_\d+ +\d{4}-/));
  pgdeck.type(ENTER);
  await pgdeck.until('it is taken', shows(/Backup +shop_\d+_\d+\s*$/m));
  pgdeck.type(ENTER);
  await pgdeck.until('the plan', shows(/PLAN/, /then type the/), 60);
  // the steps about the application, unfolded
  for (const [down, title] of [
    [10, 'Stop the application'],
    [2, 'Start the application'],
    [1, 'Ask the application'],
  ] as const) {
    for (let left = down; left > 0; left--) pgdeck.type(DOWN);
    await pgdeck.until('that step', shows(new RegExp(`▶ +\\d+\\. ${title}`)));
    pgdeck.type(' ');
  }
  const commands = shows(/--replicas=0/, /--replicas=<as before>/, /│ GET http/);
  await picture('application-plan', 'what is stopped and started', commands, 30, pgdeck);
  pgdeck.type(ENTER);
  await pgdeck.until('the question', shows(/type the database name, shop/));
  pgdeck.type('shop');
  await pgdeck.until('the name', shows(/Enter runs it/));
  pgdeck.type(ENTER);
  const ending = shows(/▶ Stop the application/, /still to end/);
  await picture('application-run', 'the application, going down', ending, 180, pgdeck);
  await podEnds();
  await pgdeck.until('the result', shows(/DONE {2,}/, /rows restored/, / live/), 90);
  pgdeck.type(PAGE_DOWN);
  await pgdeck.until('its second part', shows(/Restored/));
  pgdeck.type(PAGE_DOWN);
  await picture(
    'application-result',
    'it is up again, and well',
    shows(/✓ Ask the application/, /health: 200/),
    30,
    pgdeck,
  );
  pgdeck.type(ENTER);
}
