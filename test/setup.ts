import { spawnSync } from 'node:child_process';
import { hasApt, installLine, missing, needsSentence } from './support/needs.ts';

/*
 * npm run setup: installs what the tests need beside what npm brings, with apt-get as root; prints the line elsewhere.
 * With --check it only says what is missing, in one sentence.
 */

const { programs, packages, optional } = await missing();

if (process.argv.includes('--check')) check(await needsSentence());
else if (packages.length + optional.length === 0) console.log('Everything that the tests need is installed.');
else if (hasApt() && process.getuid?.() === 0) install();
else tell();

function check(sentence: string | undefined): void {
  if (sentence === undefined) return;
  console.error(sentence);
  process.exitCode = 1;
}

function install(): void {
  console.log(`Installing with apt-get: ${[...packages, ...optional].join(' ')}.`);
  if (packages.includes('postgresql'))
    console.log('postgresql and pgbouncer also start services of their own, which the tests do not use.');
  aptGet('update');
  if (packages.length > 0 && !aptGet('install', '-y', '--no-install-recommends', ...packages)) {
    process.exitCode = 1;
    return;
  }
  // one by one: an older release may lack one of them
  for (const one of optional)
    if (!aptGet('install', '-y', '--no-install-recommends', one))
      console.log(`${one} could not be installed: the tests of it will be skipped.`);
  void needsSentence().then(check);
}

function aptGet(...args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', ['-q', ...args], { stdio: 'inherit', env }).status === 0;
}

/** For who may not install, or has no apt-get. */
function tell(): void {
  if (programs.length > 0) console.log(`The tests cannot run without: ${programs.join(', ')}.`);
  if (optional.length > 0) console.log(`Tests are skipped without: ${optional.join(', ')} (Debian's names).`);
  const line = installLine([...packages, ...optional]);
  if (line !== undefined && (programs.length > 0 || hasApt()))
    console.log(`Run this, then npm test: ${line}`);
  else if (programs.length > 0)
    console.log(
      'Install server and client programs of one major version of PostgreSQL (13 or later), and PgBouncer.',
    );
  if (programs.length > 0) process.exitCode = 1;
}
