import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Encrypter } from 'age-encryption';

/** What anybody would write first: a file into a bucket, encrypted where a recipient is given. */
const [endpoint = '', file = '', recipient] = process.argv.slice(2);
const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
let body: Readable = createReadStream(file);
if (recipient !== undefined) {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const plain = Readable.toWeb(body) as unknown as globalThis.ReadableStream<Uint8Array<ArrayBuffer>>;
  body = Readable.fromWeb((await encrypter.encrypt(plain)) as unknown as ReadableStream);
}
await new Upload({ client, params: { Bucket: 'bench', Key: 'plain', Body: body } }).done();
client.destroy();
