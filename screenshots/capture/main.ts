import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { type OpenBeside, type TakeFile, type TakePicture, WINDOW } from './screen.ts';
import { Terminal } from './terminal.ts';
import { tour } from './tour.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const PICTURES = fileURLToPath(new URL('..', import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** The demo ends its server before it ends itself. */
const FAREWELL_SECONDS = 30;

async function main(): Promise<void> {
  if (!existsSync(CHROMIUM))
    throw new Error(
      `There is no ${CHROMIUM}: install the Debian packages chromium, fonts-dejavu and fonts-noto-cjk, or name another Chromium in CHROMIUM.`,
    );
  const home = mkdtempSync(join(tmpdir(), 'pgdeck-screenshots-'));
  const browser = await startBrowser();
  try {
    await take(browser, home);
  } finally {
    await browser.close();
    rmSync(home, { recursive: true, force: true });
  }
}

function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

async function take(browser: Browser, home: string): Promise<void> {
  // the user's own settings and PG variables would show in the pictures
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    TERM: 'xterm-256color',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
  };
  const open: OpenBeside = (args, rows) =>
    Terminal.open(browser, {
      ...{ ...WINDOW, rows },
      command: process.execPath,
      args: [PROGRAM, ...args],
      // a stand-in may have come first on it
      env: { ...env, PATH: process.env.PATH ?? '' },
      cwd: home,
    });
  const terminal = await open(['demo'], WINDOW.rows);
  try {
    const picture: TakePicture = async (name, what, wanted, seconds, from = terminal) => {
      const png = await from.picture(what, wanted, seconds);
      writeFileSync(join(PICTURES, `${name}.png`), png);
      console.log(
        `${name}.png  ${Math.round(png.length / 1000)} kB  ${Math.round(performance.now() / 1000)} s`,
      );
    };
    const takeFile: TakeFile = async (name, file, heading, viewport) => {
      const page = await browser.newPage({ viewport });
      await page.goto(pathToFileURL(file).href + heading);
      writeFileSync(join(PICTURES, `${name}.png`), await page.screenshot());
      await page.close();
      console.log(`${name}.png  ${Math.round(performance.now() / 1000)} s`);
    };
    await tour(terminal, picture, open, { home, takeFile, only: process.argv.slice(2) });
  } finally {
    if (!(await terminal.end(FAREWELL_SECONDS))) console.error('The demo did not end by itself.');
  }
}

await main();
