import type { RemoteSettings } from '../../../../src/config/remote.ts';
import { runPlan } from '../../../../src/ops/engine/run/runner.ts';
import { contextTo, planPrune, planPull, planPush } from '../../../ops/remote/stage.ts';

/** What a run in a process of its own is given, as JSON. */
export interface Given {
  readonly what: 'push' | 'pull' | 'prune';
  readonly home: string;
  readonly remote: RemoteSettings;
  readonly id: string;
}

const { what, home, remote, id }: Given = JSON.parse(process.argv[2] ?? '{}');
const env = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    /^PGDECK_/.test(name) && value !== undefined ? [[name, value]] : [],
  ),
);
const context = contextTo(home, remote, { env });
const plan = {
  push: () => planPush(context, id),
  pull: () => planPull(context, id),
  prune: () => planPrune(context, 'last 1'),
};
for await (const event of runPlan(await plan[what](), context))
  if (event.type === 'end') process.stdout.write(`${event.ok ? 'ok' : 'not ok'}: ${event.text}\n`);
await context.close();
