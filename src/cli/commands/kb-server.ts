import type { Command } from 'commander';
import { z } from 'zod';
import { exampleUrl, kindOfUrl } from '../../kb/backends/address.ts';
import {
  addServer,
  findServer,
  listServers,
  removeServer,
  replaceServer,
  secretPlace,
} from '../../kb/backends/servers.ts';
import { type VectorServer, vectorServerKindSchema } from '../../kb/backends/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { forgetKey, keyStoreSchema, storeKey } from '../../platform/secrets.ts';
import { askSecret } from '../ask-secret.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { withKb } from '../kb-client.ts';
import { table } from '../output.ts';

const one = z.tuple([z.string().min(1)]);
const noOptions = z.object({});
const KINDS = vectorServerKindSchema.options.join(', ');
const addOptions = z.object({
  kind: vectorServerKindSchema.optional(),
  url: z.string().min(1),
  tls: z.boolean().optional(),
  keyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the NAME of an environment variable, never the password itself')
    .optional(),
  keyStore: keyStoreSchema.optional(),
});
const keyOptions = z.object({ store: keyStoreSchema.optional() });

/** `ragtui kb server add|list|check|key|remove`. */
export function addKbServer(kb: Command, invocation: Invocation): void {
  const server = kb.command('server').description('vector databases that knowledge bases can be kept on too');
  handle(
    server
      .command('add')
      .description('declare a vector database, and see whether it answers')
      .argument('<name>')
      .requiredOption('--url <url>', `without a password: ${vectorServerKindSchema.options.map(exampleUrl).join(', ')}`)
      .option('--kind <kind>', `${KINDS} (default: what the URL begins with)`)
      .option('--tls', 'encrypted, with a proven certificate (default: yes, unless it is this machine)')
      .option('--no-tls', 'not encrypted')
      .option('--key-env <variable>', 'environment variable that holds the password')
      .option(
        '--key-store <where>',
        'keep the password in a "file" (0600, beside config.toml) or the "keyring"; it is asked for',
      ),
    invocation,
    { args: one, options: addOptions },
    add,
  );
  handle(
    server.command('list').description('the vector databases, and what is kept there'),
    invocation,
    { args: z.tuple([]), options: noOptions },
    list,
  );
  handle(
    server.command('check').description('connect anew, and say what it is').argument('<name>'),
    invocation,
    { args: one, options: noOptions },
    (context, [name]) => check(context, findServer(context.paths, name)),
  );
  handle(
    server
      .command('key')
      .description('keep the password of a vector database; it is asked for, or read from stdin')
      .argument('<name>')
      .option('--store <where>', '"file" (0600, beside config.toml) or "keyring"'),
    invocation,
    { args: one, options: keyOptions },
    key,
  );
  handle(
    server
      .command('remove')
      .description('forget a vector database that keeps no knowledge base; what is left on it stays there')
      .argument('<name>')
      .option('--yes', 'do not ask'),
    invocation,
    { args: one, options: z.object({ yes: z.boolean().default(false) }) },
    remove,
  );
}

async function add(
  context: CommandContext,
  [name]: [string],
  { kind, url, keyEnv, keyStore, tls }: z.output<typeof addOptions>,
): Promise<undefined> {
  if (keyEnv !== undefined && keyStore !== undefined) {
    throw new RagtuiError('usage', 'A password is kept in one place.', 'Give --key-env or --key-store.');
  }
  const server = await addServer(context.paths, {
    name,
    kind: kind ?? kindOfUrl(url),
    url,
    ...(tls !== undefined && { tls }),
    ...(keyEnv !== undefined && { keyEnv }),
    ...(keyStore !== undefined && { keyStore }),
  });
  await askPassword(context, server);
  return check(context, server);
}

async function askPassword(context: CommandContext, server: VectorServer): Promise<void> {
  const place = secretPlace(server, context.env);
  if (place) await storeKey(place, await askSecret(context, `Password for ${place.origin} (not shown):`));
}

async function check(context: CommandContext, server: VectorServer): Promise<undefined> {
  const { version } = await withKb(context, (kb) => kb.call('servers.check', { server: server.name }));
  context.out.result({ server, version }, () => `${server.name}: ${version}`);
}

async function list(context: CommandContext): Promise<undefined> {
  const kbs = await withKb(context, (kb) => kb.call('kb.list', {}));
  const servers = listServers(context.paths).map((server) => ({
    ...server,
    kbs: kbs.filter((kb) => kb.server === server.name).map((kb) => kb.name),
  }));
  context.out.result({ servers }, () =>
    servers.length === 0
      ? 'No vector database yet. Add one: ragtui kb server add NAME --url URL'
      : table(
          ['NAME', 'KIND', 'URL', 'KNOWLEDGE BASES'],
          servers.map(({ name, kind, url, kbs: kept }) => [name, kind, url, kept.join(' ')]),
        ),
  );
}

async function key(
  context: CommandContext,
  [name]: [string],
  options: z.output<typeof keyOptions>,
): Promise<undefined> {
  const { keyEnv: _, ...server } = findServer(context.paths, name);
  const next: VectorServer = { ...server, keyStore: options.store ?? server.keyStore ?? 'file' };
  await askPassword(context, next);
  await replaceServer(context.paths, next);
  return check(context, next);
}

async function remove(context: CommandContext, [name]: [string], { yes }: { yes: boolean }): Promise<undefined> {
  const server = findServer(context.paths, name);
  await confirm(context, yes, `Forgets the vector database ${name}.`);
  await withKb(context, (kb) => kb.call('servers.forget', { server: name }));
  await removeServer(context.paths, name);
  const place = secretPlace(server, context.env);
  const shared = listServers(context.paths).some((other) => secretPlace(other, context.env)?.origin === place?.origin);
  if (place && !shared) await forgetKey(place);
  context.out.result({ removed: name }, () => `Forgot ${name}.`);
}
