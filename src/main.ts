// a default import: with a named one an old Node would fail before it could say why
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// the first whose node:sqlite is there without a warning
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`pgdeck needs Node.js 24 or newer, and this is ${process.versions.node}.\n`);
  process.exit(2);
}

// React's development build is slower and larger; marked as ours, since a team's own scripts mean something else by it
if (!('NODE_ENV' in process.env))
  Object.assign(process.env, { NODE_ENV: 'production', PGDECK_NODE_ENV: 'own' });
// in the user's own directory: Node's default lies in the shared one for temporary files
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
module.enableCompileCache(process.env.NODE_COMPILE_CACHE || join(cache, 'pgdeck'));

let unwritten: { full: number | undefined; closed: number | undefined } = { full: 1, closed: 0 };
let said = false;
// `pgdeck … | head` ends when head has enough, unless the exit code is what was asked for
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') {
    if (unwritten.closed === undefined) return;
    process.exit(unwritten.closed);
  }
  if (said) return;
  said = true;
  process.stderr.write(
    `pgdeck: What was asked for cannot be written to stdout (${message}). Make room there.\n`,
  );
  if (unwritten.full !== undefined) process.exit(unwritten.full);
});
// diagnostics that nobody takes stop nothing, and the exit code stays what it is
process.stderr.on('error', () => {});

const [output, { run }] = await Promise.all([import('./cli/output.ts'), import('./cli/program.ts')]);
unwritten = output.unwritten;
process.exitCode = await run(process.argv.slice(2), process.env);

// an attempt to connect or a name being looked up would keep the process until its own timeout; what was written is
// handed over first
output.whenWritten(() => setTimeout(() => process.exit(), 100).unref());
