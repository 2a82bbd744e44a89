import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FaultyS3 } from '../../test/support/s3/server.ts';
import { ENTER, type OpenBeside, shows, type TakePicture } from './screen.ts';
import { serverOf } from './server.ts';
import type { Terminal } from './terminal.ts';

/** A backup goes to a store elsewhere; then it is lost here, and comes back from there into a database beside the live one. */
export async function copies(
  terminal: Terminal,
  picture: TakePicture,
  beside: OpenBeside,
  home: string,
): Promise<void> {
  terminal.type('1');
  await terminal.until('the panes', shows(/Cache ratio/, /\S+@127\.0\.0\.1:\d+\/\S+/));
  const store = await FaultyS3.start();
  try {
    mkdirSync(join(home, '.aws'));
    writeFileSync(
      join(home, '.aws', 'credentials'),
      `[default]\naws_access_key_id = ${store.credentials.key}\naws_secret_access_key = ${store.credentials.secret}\n`,
    );
    const directory = join(home, 'backups');
    const remote = {
      kind: 's3',
      bucket: store.bucket,
      prefix: 'prod',
      endpoint: store.endpoint,
      region: 'eu-west-1',
    };
    const profile = { ...serverOf(terminal.text), sslmode: 'disable', backup: { directory, remote } };
    const settings = join(home, 'copies.json');
    writeFileSync(settings, JSON.stringify({ profiles: { shop: profile } }));
    const words = ['--config', settings, '--profile', 'shop'];
    const backup = await beside([...words, 'backup', '--yes'], 20);
    await backup.until('a backup', shows(/done\. /), 120);
    await backup.close();
    const pgdeck = await beside(words, 30);
    await pgdeck.until('the console', shows(/conns \d+/), 60);
    await push(pgdeck, picture);
    rmSync(directory, { recursive: true });
    await restore(pgdeck, picture);
    await pgdeck.close();
  } finally {
    await store.stop();
  }
}

async function push(pgdeck: Terminal, picture: TakePicture): Promise<void> {
  pgdeck.type(':backups push');
  await pgdeck.until('its entry', shows(/▶ Copy a backup/));
  pgdeck.type(ENTER);
  await picture('push-form', 'the backups there are', shows(/FORM/, /shop_\d+_\d+ +shop, /), 30, pgdeck);
  pgdeck.type('newest');
  await pgdeck.until('which', shows(/Backup +newest/));
  pgdeck.type(ENTER);
  await picture('push-plan', 'what goes where', shows(/PLAN/, /s3:\/\//, /Enter runs it/), 60, pgdeck);
  pgdeck.type(ENTER);
  await picture('push-result', 'the copy', shows(/RESULT/, /DONE {2,}/), 60, pgdeck);
  pgdeck.type(ENTER);
  await pgdeck.until('the panes again', shows(/Cache ratio/));
}

async function restore(pgdeck: Terminal, picture: TakePicture): Promise<void> {
  pgdeck.type(':restore newest --remote --into shop_copy');
  await pgdeck.until('what is typed', shows(/--into shop_copy/));
  pgdeck.type(ENTER);
  await picture('restore-remote-plan', 'what is fetched first', shows(/PLAN/, /Fetched into/), 60, pgdeck);
  pgdeck.type(ENTER);
  await pgdeck.until('the question', shows(/type the name, shop_copy/));
  pgdeck.type('shop_copy');
  await pgdeck.until('the name', shows(/Enter runs it/));
  pgdeck.type(ENTER);
  await picture(
    'restore-remote-result',
    'the database of it',
    shows(/DONE {2,}/, /rows restored/),
    120,
    pgdeck,
  );
  pgdeck.type(ENTER);
  await pgdeck.until('the panes again', shows(/Cache ratio/));
}
