/** A word of ExecStart: systemd expands % and $ itself, and knows double quotes with backslashes. */
function word(text: string): string {
  return quoted(text.replaceAll('$', '$$$$'));
}

/** The same where $ is nothing special. */
function quoted(text: string): string {
  const plain = text.replaceAll('%', '%%');
  return /^[\w@%+=:,./$-]+$/.test(plain) ? plain : `"${plain.replace(/["\\]/g, String.raw`\$&`)}"`;
}

/**
 * A unit for systemd that watches as the user who installs it. Secrets are read from a file of their own: whoever may
 * list units sees ExecStart.
 *
 * @param command the program and its arguments, none of them a secret
 * @param variables of its environment, none of them a secret
 */
export function unitOf(
  command: readonly string[],
  server: string,
  variables: ReadonlyMap<string, string> = new Map(),
): string {
  const environment = [...variables].map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}\n`);
  return `[Unit]
Description=pgdeck watches ${server.replaceAll('%', '%%')}

[Service]
ExecStart=${command.map(word).join(' ')}
${environment.join('')}# PGDECK_WEBHOOK_URL, PGDECK_PING_URL, PGDECK_SMTP_URL, PGDECK_LISTEN_TOKEN; mode 0600
EnvironmentFile=-%h/.config/pgdeck/watch.env
Restart=always
RestartSec=10
# what was refused at once is refused again
RestartPreventExitStatus=2
NoNewPrivileges=true

[Install]
WantedBy=default.target
`;
}
