import type { Command } from 'commander';
import { z } from 'zod';
import type { Endpoint } from '../../models/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { askSecret } from '../ask-secret.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { describeEndpoint, endpointOptions, presetNamed, withOptions } from '../endpoint-options.ts';
import { endpointView, shownKey } from '../endpoint-view.ts';
import { pickModel } from '../pick-model.ts';

const addOptions = z.object({
  ...endpointOptions,
  kind: z
    .enum(
      ['chat', 'embedding', 'reranker', 'adapter', 'embedder-base'],
      'chat, embedding, reranker, adapter or embedder-base',
    )
    .default('chat'),
  path: z.string().optional(),
  base: z.string().min(1).optional(),
  system: z.string().min(1).optional(),
});
type AddOptions = z.output<typeof addOptions>;

/** `ragtui models add NAME --url URL [--model M] | --preset P | --path PATH`. */
export function addModelsAdd(models: Command, invocation: Invocation): void {
  const command = describeEndpoint(
    models.command('add').description('name an OpenAI-compatible server, or a model on this disk').argument('<name>'),
  )
    .option('--path <path>', 'a .gguf or .onnx file, or a folder of a model (Transformers, ONNX) or an adapter (peft)')
    .option('--kind <kind>', 'chat, embedding, reranker, adapter, or embedder-base: to be tuned (default: chat)')
    .option('--base <id>', 'of an adapter: the model it was trained on (default: as it says itself)')
    .option('--system <text>', 'of an adapter: the system text it was trained with');
  handle(command, invocation, { args: z.tuple([z.string().min(1)]), options: addOptions }, add);
}

async function add(context: CommandContext, [name]: [string], options: AddOptions): Promise<undefined> {
  const preset = presetNamed(options.preset);
  const url = options.url ?? preset?.url;
  const { path } = options;
  if (url !== undefined && path === undefined) return addServer(context, name, url, options);
  if (path !== undefined && url === undefined) return addFiles(context, name, path, options);
  throw new RagtuiError(
    'usage',
    'Either a server or a file is added.',
    'Give --preset ID or --url URL, or --path PATH.',
  );
}

async function addServer(context: CommandContext, name: string, url: string, options: AddOptions): Promise<undefined> {
  const { kind } = options;
  if (kind !== 'chat' && kind !== 'embedding') {
    throw new RagtuiError(
      'usage',
      `A model of kind ${kind} behind a URL is not supported.`,
      'Give --kind chat or --kind embedding.',
    );
  }
  const { addEndpoint, checkedEndpoint } = await import('../../models/endpoint-entries.ts');
  const { endpointKey, keyPlace, withKey } = await import('../../models/endpoint-open.ts');
  const { checkName } = await import('../../models/own.ts');
  checkName(context.paths, name);
  let endpoint = checkedEndpoint(withOptions({ name, kind, url, model: options.model ?? '?' }, options));
  endpoint = withUsualKey(context, endpoint);
  const place = keyPlace(endpoint, context.env);
  const typed = place && (await askSecret(context, `Key for ${place.origin} (not shown):`));
  if (options.model === undefined) {
    const asked = withKey(endpoint, typed ?? (await endpointKey(endpoint, context.env)));
    const { id, contextTokens } = await pickModel(context, asked);
    endpoint = { ...endpoint, model: id, ...(contextTokens && !endpoint.contextTokens ? { contextTokens } : {}) };
  }
  if (place && typed) {
    const { storeKey } = await import('../../platform/secrets.ts');
    await storeKey(place, typed);
  }
  const added = await endpointView(await addEndpoint(context.paths, endpoint), context.env);
  if (added.key.state === 'missing') context.out.note(`Its key is not there yet: set ${endpoint.keyEnv}.`);
  context.out.result({ endpoint: added }, () => [
    `Added ${name}: ${kind} model ${added.model} at ${added.url}, key ${shownKey(added)}.`,
    `Not asked yet: ragtui models check ${name} --request`,
  ]);
}

/** The variable a provider's own documentation names, when none was given. */
function withUsualKey({ out, env }: CommandContext, endpoint: Endpoint): Endpoint {
  const variable = presetNamed(endpoint.preset)?.keyEnv;
  if (!variable || endpoint.keyEnv || endpoint.keyStore) return endpoint;
  if (env[variable]) out.note(`Its key is taken from ${variable}.`);
  return { ...endpoint, keyEnv: variable };
}

async function addFiles(
  { out, paths, signal }: CommandContext,
  name: string,
  path: string,
  options: AddOptions,
): Promise<undefined> {
  const { kind, base, system } = options;
  if (kind === 'adapter') {
    const { bringAdapter } = await import('../../training/bring-adapter.ts');
    const about = { name, path, ...(base ? { base } : {}), ...(system ? { system } : {}) };
    const adapter = await bringAdapter(paths, about, signal);
    out.result({ adapter }, () => `Added ${name}, an adapter of ${adapter.base}; its files stay where they are.`);
    return;
  }
  const { addLocalModel } = await import('../../models/own.ts');
  const { queryInstruction } = options;
  const embedder = queryInstruction === undefined ? {} : { embedder: { queryInstruction } };
  const entry = await addLocalModel(paths, { name, path, kind, ...embedder }, signal);
  out.result({ model: entry }, () => `Added ${entry.id} (${entry.kind}); its files stay where they are.`);
}
