import type { Writable } from 'node:stream';
import { type Instance, render } from 'ink';
import type { Console } from '../app/console.ts';
import { App, type Bridge } from './App.tsx';
import type { Screen } from './screen.ts';
import type { Paint } from './theme.ts';

/** Ink at work, and another console in the place of the one that is shown. */
export interface Mounted extends Instance {
  readonly show: (deck: Console) => void;
}

/** Lets Ink take over the screen and the keys. */
export function mount(
  deck: Console,
  screen: Screen,
  paint: Paint,
  bridge: Bridge,
  stdin: NodeJS.ReadStream = process.stdin,
): Mounted {
  const app = (shown: Console) => <App deck={shown} paint={paint} bridge={bridge} />;
  const ink = render(app(deck), {
    // all that Ink uses of a terminal's stream
    stdout: screen as Writable as NodeJS.WriteStream,
    stdin,
    alternateScreen: true,
    incrementalRendering: true,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: 60,
    // Ink turns itself off where CI is set in the environment; that there is a terminal was checked before
    interactive: true,
  });
  screen.attach(() => ink.clear());
  return { ...ink, show: (next) => ink.rerender(app(next)) };
}
