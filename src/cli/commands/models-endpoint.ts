import type { Command } from 'commander';
import { z } from 'zod';
import type { EndpointHealth, Trial } from '../../models/endpoint-check.ts';
import { PRESETS } from '../../models/presets.ts';
import type { Endpoint } from '../../models/types.ts';
import { errorLine, RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { keyStoreSchema } from '../../platform/secrets.ts';
import { askSecret } from '../ask-secret.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import {
  cleared,
  clearOption,
  describeEndpoint,
  endpointOptions,
  presetNamed,
  withOptions,
} from '../endpoint-options.ts';
import { endpointLines, endpointView, shownKey } from '../endpoint-view.ts';
import { EXIT } from '../exit-codes.ts';
import { table } from '../output.ts';

const one = z.tuple([z.string().min(1)]);
const setOptions = z.object({ ...endpointOptions, clear: clearOption, yes: z.boolean().default(false) });
const keyOptions = z.object({ store: keyStoreSchema.optional(), forget: z.boolean().default(false) });
const checkOptions = z.object({ request: z.boolean().default(false), accept: z.boolean().default(false) });

/** `ragtui models set|key|check|presets`: what concerns servers only. */
export function addModelsEndpoint(models: Command, invocation: Invocation): void {
  handle(
    describeEndpoint(
      models.command('set').description('change an endpoint; what is not named stays').argument('<name>'),
    )
      .option(
        '--clear <what>',
        'take off key, prices, limits, timeouts, dialect, context or pool (may be repeated)',
        collect,
      )
      .option('--yes', 'do not ask'),
    invocation,
    { args: one, options: setOptions },
    set,
  );
  handle(
    models
      .command('key')
      .description('keep the key of an endpoint, for the host of its URL; it is asked for, or read from stdin')
      .argument('<name>')
      .option('--store <where>', '"file" (0600, beside config.toml) or "keyring"')
      .option('--forget', 'forget it instead'),
    invocation,
    { args: one, options: keyOptions },
    key,
  );
  handle(
    models
      .command('check')
      .description('whether endpoints answer and know their models (without a name: all)')
      .argument('[name...]')
      .option('--request', 'make one small real request too; an embedder must give the vectors of its first use')
      .option('--accept', 'take the vectors that an embedder gives now for its own from now on'),
    invocation,
    { args: z.tuple([z.array(z.string())]), options: checkOptions },
    check,
  );
  handle(
    models.command('presets').description('well-known servers for "models add --preset"'),
    invocation,
    { args: z.tuple([]), options: z.object({}) },
    presets,
  );
}

async function set(
  context: CommandContext,
  [name]: [string],
  options: z.output<typeof setOptions>,
): Promise<undefined> {
  const { changeEndpoint, checkedEndpoint, findEndpoint } = await import('../../models/endpoint-entries.ts');
  const { keyPlace, keyState } = await import('../../models/endpoint-open.ts');
  presetNamed(options.preset);
  const before = findEndpoint(context.paths, name);
  const change = (endpoint: Endpoint) => withOptions(cleared(endpoint, options.clear), options);
  const next = checkedEndpoint(change(before));
  const moved = new URL(next.url).origin !== new URL(before.url).origin;
  const known = originsOf(before);
  const hosts = originsOf(next).filter((origin) => !known.includes(origin));
  if (hosts.length > 0 && next.keyEnv && options.keyEnv === undefined) {
    await confirm(context, options.yes, `The key in ${next.keyEnv} will be sent to ${hosts.join(', ')}.`);
  }
  // A key kept for another host is not sent to the new one: it is asked for.
  const place = keyPlace(next, context.env);
  if (
    place &&
    (options.keyStore || (moved && (await keyState(next, context.env)) === 'missing' && context.interactive))
  ) {
    const { storeKey } = await import('../../platform/secrets.ts');
    await storeKey(place, await askSecret(context, `Key for ${place.origin} (not shown):`));
  }
  const view = await endpointView(await changeEndpoint(context.paths, name, change), context.env);
  if (view.key.state === 'missing') {
    context.out.note(
      view.keyEnv
        ? `Its key is not there yet: set ${view.keyEnv}.`
        : `No key is kept for ${place?.origin}: ragtui models key ${name}`,
    );
  }
  context.out.result({ endpoint: view }, () => endpointLines(view));
}

const originsOf = ({ url, alsoAt = [] }: Endpoint): string[] => [
  ...new Set([url, ...alsoAt].map((one) => new URL(one).origin)),
];

async function key(
  context: CommandContext,
  [name]: [string],
  options: z.output<typeof keyOptions>,
): Promise<undefined> {
  const { changeEndpoint, findEndpoint } = await import('../../models/endpoint-entries.ts');
  const { keyPlace } = await import('../../models/endpoint-open.ts');
  const { endpointServers } = await import('../../models/endpoint-url.ts');
  const { forgetKey, storeKey } = await import('../../platform/secrets.ts');
  const endpoint = findEndpoint(context.paths, name);
  const keyStore = options.store ?? endpoint.keyStore ?? 'file';
  const next: Endpoint = { ...cleared(endpoint, ['key']), keyStore };
  const all = endpointServers(next).flatMap((server) => keyPlace(server, context.env) ?? []);
  // A pool may be on several hosts; each has a key of its own.
  const places = all.filter(({ origin }, at) => all.findIndex((one) => one.origin === origin) === at);
  const origins = places.map(({ origin }) => origin).join(', ');
  if (options.forget) {
    const forgotten = (await Promise.all(places.map((place) => forgetKey(place)))).some(Boolean);
    context.out.result({ endpoint: name, origin: origins, forgotten }, () =>
      forgotten ? `The key for ${origins} is forgotten.` : `No key was kept for ${origins}.`,
    );
    return;
  }
  for (const place of places) {
    await storeKey(place, await askSecret(context, `Key for ${place.origin} (not shown):`));
  }
  const view = await endpointView(await changeEndpoint(context.paths, name, () => next), context.env);
  context.out.result({ endpoint: view }, () => `The key for ${origins} is kept: ${shownKey(view)}.`);
}

interface Checked {
  readonly endpoint: Endpoint;
  readonly health: EndpointHealth;
  readonly trial: Trial | null;
  /** Of an embedder: its fingerprint, and the one before where its vectors were accepted anew. */
  readonly vectors?: { readonly fingerprint: string; readonly before: string | null };
  readonly error: RagtuiError | null;
}

async function check(
  context: CommandContext,
  [names]: [string[]],
  options: z.output<typeof checkOptions>,
): Promise<number> {
  const { findEndpoint } = await import('../../models/endpoint-entries.ts');
  const { listEndpoints } = await import('../../models/store.ts');
  const { endpointServers } = await import('../../models/endpoint-url.ts');
  const named =
    names.length > 0 ? names.map((name) => findEndpoint(context.paths, name)) : listEndpoints(context.paths);
  // What is accepted is promised by the first of several; the others have to keep it.
  const wanted = options.accept ? named : named.flatMap(endpointServers);
  if (options.accept) refuseToAccept(names, wanted);
  const checked = await Promise.all(wanted.map((endpoint) => checkOne(context, endpoint, options)));
  const json = checked.map(({ endpoint, health, trial, vectors = null, error }) => ({
    name: endpoint.name,
    url: endpoint.url,
    model: endpoint.model,
    state: error && health.state !== 'failed' ? 'failed' : health.state,
    latencyMs: health.latencyMs,
    models: health.models,
    trial,
    vectors,
    error: error ? { code: error.code, message: error.message, hint: error.hint } : null,
  }));
  context.out.result({ endpoints: json }, () =>
    checked.length === 0
      ? 'There is no endpoint yet: ragtui models add NAME --preset ID'
      : table(
          ['ENDPOINT', 'STATE', 'LATENCY', 'MODEL', 'DETAIL'],
          checked.map(({ endpoint, health, trial, vectors, error }, index) => [
            // Of a pool each server has a row.
            wanted.filter(({ name }) => name === endpoint.name).length > 1
              ? `${endpoint.name} ${new URL(endpoint.url).host}`
              : endpoint.name,
            json[index]?.state ?? '',
            health.latencyMs === null ? '-' : `${Math.round(health.latencyMs)} ms`,
            endpoint.model,
            error ? errorLine(error) : `${trial ? trialLine(trial) : detail(endpoint, health)}${vectorsLine(vectors)}`,
          ]),
        ),
  );
  return json.every(({ state }) => state === 'ok' || state === 'no-list') ? EXIT.done : EXIT.gateSaysNo;
}

/** Accepting is for one embedder at a time: what was embedded with it has to be embedded anew. */
function refuseToAccept(names: readonly string[], wanted: readonly Endpoint[]): void {
  const chat = wanted.find(({ kind }) => kind !== 'embedding');
  if (names.length > 0 && !chat) return;
  throw new RagtuiError(
    'usage',
    chat && names.length > 0
      ? `${chat.name} is no embedder: it has no vectors.`
      : '--accept wants the name of an embedder.',
    'Write `ragtui models check NAME --accept`.',
  );
}

async function checkOne(
  context: CommandContext,
  endpoint: Endpoint,
  { request, accept }: z.output<typeof checkOptions>,
): Promise<Checked> {
  const { checkEndpoint, tryEndpoint } = await import('../../models/endpoint-check.ts');
  const { openEndpoint } = await import('../../models/endpoint-open.ts');
  const { signal, out } = context;
  try {
    const opened = await openEndpoint(endpoint, context.env);
    const health = await checkEndpoint(opened, signal);
    if (!(request || accept) || health.state === 'failed')
      return { endpoint, health, trial: null, error: health.error };
    try {
      const onStatus = (text: string) => out.progress(`${endpoint.name}: ${text}`);
      const trial = await tryEndpoint(opened, endpoint.kind, { signal, onStatus });
      if (endpoint.kind !== 'embedding') return { endpoint, health, trial, error: null };
      return { endpoint, health, trial, vectors: await checkVectors(context, endpoint, accept), error: null };
    } catch (thrown) {
      signal.throwIfAborted();
      return { endpoint, health, trial: null, error: toRagtuiError(thrown) };
    }
  } catch (thrown) {
    signal.throwIfAborted();
    const error = toRagtuiError(thrown);
    return { endpoint, health: { state: 'failed', latencyMs: null, models: [], error }, trial: null, error };
  }
}

/** Throws `checksum` when an embedder gives other vectors than it promised, unless they are accepted. */
async function checkVectors(
  { paths }: CommandContext,
  endpoint: Endpoint,
  accept: boolean,
): Promise<NonNullable<Checked['vectors']>> {
  if (accept) {
    const { acceptVectors } = await import('../../models/http-embedder.ts');
    const { before, after } = await acceptVectors(paths, endpoint);
    const isNew = before !== undefined && before.fingerprint !== after.fingerprint;
    return { fingerprint: after.fingerprint, before: isNew ? before.fingerprint : null };
  }
  const { checkRemoteEmbedder, resolveEmbedder } = await import('../../models/embedder-client.ts');
  const { fingerprint } = await resolveEmbedder(paths, endpoint.name);
  await checkRemoteEmbedder(paths, endpoint.name, endpoint.url);
  return { fingerprint, before: null };
}

function vectorsLine(vectors: Checked['vectors']): string {
  if (!vectors) return '';
  return vectors.before === null
    ? ', the vectors it promised'
    : ', its new vectors are accepted: ingest again what was embedded with the old ones';
}

function detail({ model }: Endpoint, { state, models }: EndpointHealth): string {
  if (state === 'no-list') return 'answers, but lists no models';
  if (state === 'ok') return `knows it, and ${models.length - 1} more`;
  const some = models.slice(0, 8).map(({ id }) => id);
  return `has no ${model}; has ${some.join(', ') || 'none'}${models.length > 8 ? ` and ${models.length - 8} more` : ''}`;
}

function trialLine({ text, dimension, firstTokenMs, totalMs, usage, cost }: Trial): string {
  if (dimension !== null) return `${dimension} numbers in ${Math.round(totalMs)} ms`;
  const parts = [
    `said "${text.slice(0, 40)}"`,
    firstTokenMs === null ? '' : `first token ${Math.round(firstTokenMs)} ms`,
    usage ? `${usage.promptTokens} + ${usage.completionTokens} tokens` : 'tells no usage',
    cost ? `${cost.amount.toPrecision(2)} ${cost.currency}` : '',
  ];
  return parts.filter(Boolean).join(', ');
}

async function presets({ out, env }: CommandContext): Promise<undefined> {
  const json = PRESETS.map(({ id, title, url, keyEnv = null, local, kinds, note }) => ({
    id,
    title,
    url,
    keyEnv,
    keySet: keyEnv !== null && Boolean(env[keyEnv]),
    local,
    kinds,
    note,
  }));
  out.result({ presets: json }, () =>
    table(
      ['PRESET', 'URL', 'KEY', 'KINDS', 'NOTE'],
      json.map((one) => [one.id, one.url, one.keyEnv ?? '-', one.kinds.join(' '), one.note]),
    ),
  );
}
