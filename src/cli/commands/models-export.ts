import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';

const exportOptions = z.object({
  to: z.string().min(1),
  format: z.enum(['merged', 'gguf-adapter', 'gguf'], 'merged, gguf-adapter or gguf').default('merged'),
  dtype: z.enum(['f16', 'q8_0'], 'f16 or q8_0').default('f16'),
});
type ExportOptions = z.output<typeof exportOptions>;

/** `ragtui models export NAME --to DIR [--format F] [--dtype D]`. */
export function addModelsExport(models: Command, invocation: Invocation): void {
  const command = models
    .command('export')
    .description('write a tuned LLM for use elsewhere')
    .argument('<name>')
    .requiredOption('--to <dir>', 'folder to write into')
    .option('--format <format>', 'merged (Transformers), gguf (merged) or gguf-adapter (default: merged)')
    .option('--dtype <dtype>', 'numbers of the GGUF: f16 or q8_0 (default: f16)');
  handle(command, invocation, { args: z.tuple([z.string().min(1)]), options: exportOptions }, run);
}

async function run(
  { out, paths, signal }: CommandContext,
  [name]: [string],
  options: ExportOptions,
): Promise<undefined> {
  const { exportLlm } = await import('../../training/export-llm.ts');
  const onLog = (text: string) => out.note(text);
  const written = await exportLlm(paths, { name, ...options }, { onLog, ...(signal ? { signal } : {}) });
  out.result({ exported: { name, format: options.format, path: written } }, () => `Wrote ${written}`);
}
