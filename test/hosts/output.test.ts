import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { collect, letGo } from '../../src/hosts/output.ts';

test('what waits in the pipe is read before it is closed, also where this process stood still meanwhile', async () => {
  const child = spawn('sh', ['-c', 'echo late']);
  const gone = new EventEmitter();
  const text = collect(child.stdout, {});
  letGo(gone, [child.stdout]);
  gone.emit('exit');
  // for longer than more is waited for: the time is over before the pipe is looked at
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
  expect(await text).toBe('late\n');
});
