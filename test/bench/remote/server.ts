import S3rver from '@20minutes/s3rver';

/** A server of S3 in a process of its own, on a directory; it tells its port. */
const server = new S3rver({
  ...{ address: '127.0.0.1', port: 0, silent: true, allowMismatchedSignatures: true },
  directory: process.argv[2] ?? '',
  configureBuckets: [{ name: 'bench' }],
});
process.stdout.write(`${(await server.run()).port}\n`);
