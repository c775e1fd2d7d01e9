import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { findServer } from '../../kb/backends/servers.ts';
import type { KbClient } from '../../kb/protocol.ts';
import type { KnowledgeBase } from '../../kb/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { withKb } from '../kb-client.ts';

const optionsSchema = z.object({ backend: z.string().min(1).optional(), wait: z.boolean().default(false) });
type Options = z.output<typeof optionsSchema>;

const LOOK_MS = 300;

/** `ragtui kb index NAME [--backend KIND:SERVER|embedded] [--wait]`. */
export function addKbIndex(kb: Command, invocation: Invocation): void {
  handle(
    kb
      .command('index')
      .description('where the indexes of a knowledge base are kept, and how far they are there')
      .argument('<name>')
      .option('--backend <where>', 'KIND:SERVER (see `kb server list`) to keep them there too, "embedded" to stop that')
      .option('--wait', 'until the vector database has everything'),
    invocation,
    { args: z.tuple([z.string().min(1)]), options: optionsSchema },
    index,
  );
}

async function index(context: CommandContext, [name]: [string], { backend, wait }: Options): Promise<number> {
  const kb = await withKb(context, async (client) => {
    const now = await (backend === undefined
      ? client.call('kb.show', { kb: name })
      : client.call('kb.attach', { kb: name, server: serverOf(context, backend) }, { signal: context.signal }));
    return wait ? caughtUp(context, client, now) : now;
  });
  const whole = !wait || kb.indexes.every(({ server }) => server === undefined || server.state === 'current');
  context.out.result({ kb }, () => indexLines(kb));
  return whole ? EXIT.done : EXIT.failed;
}

function serverOf({ paths }: CommandContext, backend: string): string | null {
  if (backend === 'embedded') return null;
  const [kind, name] = backend.includes(':') ? backend.split(':', 2) : [undefined, backend];
  const server = findServer(paths, name ?? '');
  if (kind === undefined || kind === server.kind) return server.name;
  throw new RagtuiError(
    'usage',
    `${server.name} is a ${server.kind} server, not ${kind}.`,
    'See: ragtui kb server list',
  );
}

/** Looks until the server has all of it, or says that it cannot. */
async function caughtUp(context: CommandContext, client: KbClient, first: KnowledgeBase): Promise<KnowledgeBase> {
  let kb = first;
  const isBehind = () => kb.indexes.some(({ server }) => server?.state === 'behind');
  while (kb.server !== undefined && isBehind()) {
    await delay(LOOK_MS, undefined, { signal: context.signal }).catch(() => undefined);
    if (context.signal.aborted) throw new RagtuiError('cancelled', 'The filling goes on by itself.');
    kb = await client.call('kb.show', { kb: first.name });
  }
  return kb;
}

/** One line for each index: who answers its searches, and how far the server is. */
export function indexLines(kb: KnowledgeBase): string[] {
  return kb.indexes.map(({ group, embedder, vectors, missing, search, active, server, trouble }) =>
    [
      `index      ${group} × ${embedder}: ${vectors} vectors, ${missing} missing`,
      server?.state === 'current' ? `${server.server} answers` : `${search}${server ? ' (embedded) answers' : ''}`,
      ...(server && server.state !== 'current' ? [`${server.server} is ${standing(server)}`] : []),
      ...(active ? ['active'] : []),
      ...(trouble === undefined ? [] : [`its last build failed: ${trouble}`]),
    ].join(', '),
  );
}

type ServerState = NonNullable<KnowledgeBase['indexes'][number]['server']>;

function standing({ state, behind, reason }: ServerState): string {
  if (state === 'behind') return `${behind} behind`;
  return `${state === 'unreachable' ? 'not reachable' : 'not the same'}${reason ? `: ${reason}` : ''} (${behind} behind)`;
}

/** The server in few words, for a table: `pg`, `pg: 120 behind`. */
export function serverNote(kb: KnowledgeBase): string {
  if (kb.server === undefined) return '';
  const worst = kb.indexes.map(({ server }) => server).find((server) => server && server.state !== 'current');
  if (!worst) return kb.server;
  return `${kb.server}: ${worst.state === 'behind' ? `${worst.behind} behind` : worst.state}`;
}
