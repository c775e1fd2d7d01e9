import type { Command } from 'commander';
import { z } from 'zod';
import type { Change, Repeated } from '../../../rag/comparisons/changes.ts';
import { comparisonJson, comparisonLines } from '../../compare-text.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { withKb } from '../../kb-client.ts';
import { type IdArgument, idArgument, keptComparison } from './kept.ts';

const rerunOptions = z.object({ stream: z.boolean().default(false), pull: z.boolean().default(true) });

/** `ragtui compare rerun ID`. */
export function addRerun(compare: Command, invocation: Invocation): void {
  handle(
    compare
      .command('rerun')
      .description('ask the same again, and say what has changed since')
      .argument('<id>', 'its number, or latest')
      .option('--stream', 'show answers as they come')
      .option('--no-pull', 'do not fetch a missing default model'),
    invocation,
    { args: idArgument, options: rerunOptions },
    rerun,
  );
}

async function rerun(
  context: CommandContext,
  [id]: [IdArgument],
  options: z.output<typeof rerunOptions>,
): Promise<number> {
  const changesModule = await import('../../../rag/comparisons/changes.ts');
  const { askColumns, exitCodeFor } = await import('./ask.ts');
  const { loadSettings } = await import('../../../platform/config.ts');
  const { out, paths } = context;
  const { prompts } = loadSettings(paths.configFile).settings;
  return withKb(context, async (kb) => {
    const before = await keptComparison(kb, id);
    const changes = changesModule.changesSince(before, await changesModule.presentFor({ kb, paths, prompts }, before));
    for (const change of changes) out.note(changeLine(change));
    const base = await kb.call('kb.show', { kb: before.kb });
    const { comparison, kept } = await askColumns(context, kb, base, changesModule.requestOf(before), options);
    const after = kept.id === null ? null : await kb.call('comparisons.get', { id: kept.id });
    const repeated = after ? changesModule.repeatedColumns(before, after) : [];
    const json = { id: kept.id, again: before.id, changes, repeated, ...comparisonJson(comparison) };
    out.clearProgress();
    if (out.json && options.stream) out.jsonLine({ type: 'done', ...json });
    else {
      if (options.stream) out.stream('\n\n');
      const width = out.stdout.isTTY ? (out.stdout.columns ?? 80) : 0;
      out.result(json, () => [
        ...comparisonLines(comparison, width),
        '',
        `Against comparison ${before.id}:`,
        ...repeated.map(repeatedLine),
      ]);
    }
    return exitCodeFor(comparison);
  });
}

const changeLine = ({ text, breaks }: Change): string =>
  breaks.length === 0 ? text : `${text} (needed by ${breaks.join(', ')})`;

function repeatedLine({ name, answer, similarity, passages, messages, weights }: Repeated): string {
  const said = {
    same: 'the same answer to the letter',
    changed: `another answer (${Math.round(100 * (similarity ?? 0))} % of its words alike)`,
    none: 'no two answers',
  }[answer];
  return [
    `  ${name}: ${said}`,
    ...(answer === 'none' || passages === 'changed'
      ? [passages === 'same' ? 'the same passages' : 'other passages']
      : []),
    ...(messages === 'changed' && passages === 'same' ? ['other messages sent'] : []),
    ...(weights === 'changed' ? ['other weights'] : []),
  ].join(', ');
}
