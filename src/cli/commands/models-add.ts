import type { Command } from 'commander';
import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';

const addOptions = z.object({
  url: z.string().optional(),
  model: z.string().optional(),
  kind: z.enum(['chat', 'embedding', 'reranker'], 'chat, embedding or reranker').default('chat'),
  keyEnv: z.string().optional(),
  path: z.string().optional(),
});
type AddOptions = z.output<typeof addOptions>;

/** `ragtui models add NAME --url URL --model M | --path PATH`. */
export function addModelsAdd(models: Command, invocation: Invocation): void {
  const command = models
    .command('add')
    .description('name an OpenAI-compatible server, or a model on this disk')
    .argument('<name>')
    .option('--url <url>', 'of the server, with /v1')
    .option('--model <name>', 'what the server calls it')
    .option('--key-env <variable>', 'environment variable that holds the key (the key itself is never stored)')
    .option('--path <path>', 'a .gguf or .onnx file, or a folder with model.onnx and tokenizer.json')
    .option('--kind <kind>', 'chat, embedding or reranker (default: chat)');
  handle(command, invocation, { args: z.tuple([z.string().min(1)]), options: addOptions }, add);
}

async function add(context: CommandContext, [name]: [string], options: AddOptions): Promise<undefined> {
  const { url, path } = options;
  if (url !== undefined && path === undefined) return addServer(context, name, url, options);
  if (path !== undefined && url === undefined) return addFiles(context, name, path, options);
  throw new RagtuiError('usage', 'Either a server or a file is added.', 'Give --url URL --model NAME, or --path PATH.');
}

async function addServer(
  { out, paths }: CommandContext,
  name: string,
  url: string,
  options: AddOptions,
): Promise<undefined> {
  const { kind, keyEnv, model } = options;
  if (model === undefined)
    throw new RagtuiError('usage', 'The server has to be told which model.', 'Add --model NAME.');
  if (kind === 'reranker') {
    throw new RagtuiError(
      'usage',
      'A reranker behind a URL is not supported.',
      'Give --kind chat or --kind embedding.',
    );
  }
  const { addEndpoint } = await import('../../models/own.ts');
  const endpoint = await addEndpoint(paths, { name, kind, url, model, ...(keyEnv === undefined ? {} : { keyEnv }) });
  out.result({ endpoint }, () => `Added ${name}: ${kind} model ${model} at ${url} (not contacted yet).`);
}

async function addFiles(
  { out, paths, signal }: CommandContext,
  name: string,
  path: string,
  options: AddOptions,
): Promise<undefined> {
  const { addLocalModel } = await import('../../models/own.ts');
  const entry = await addLocalModel(paths, { name, path, kind: options.kind }, signal);
  out.result({ model: entry }, () => `Added ${entry.id} (${entry.kind}); its files stay where they are.`);
}
