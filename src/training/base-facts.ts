import { SFT_SYSTEM } from '../datasets/render.ts';
import { toRagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { baseMark } from './base-llm.ts';
import { type BaseFacts, llmShape } from './forecast/gather.ts';
import { templateFor } from './llm-plan.ts';
import type { Training } from './types.ts';

/** What of a training its base facts depend on. */
export type BaseAsked = Pick<Training, 'base' | 'system' | 'template'>;

/**
 * What a plan needs to know of an LLM: reads the heads of its files and compares chat templates, some 0.1 s. A template
 * that was refused is told as such, not thrown. Errors: `not-found`.
 */
export function baseFacts(paths: WorkspacePaths, asked: BaseAsked): BaseFacts {
  return { template: templateFacts(paths, asked), shape: llmShape(paths, asked.base) };
}

function templateFacts(paths: WorkspacePaths, asked: BaseAsked): BaseFacts['template'] {
  try {
    const choice = templateFor(paths, asked);
    return choice ? { choice } : null;
  } catch (error) {
    const { code, message, hint } = toRagtuiError(error);
    return { refused: { code, message, hint } };
  }
}

/** By what base facts are known again; undefined where there is nothing slow to find out. Quick; errors: `not-found`. */
export function baseFactsKey(
  paths: WorkspacePaths,
  { base, system = SFT_SYSTEM, template }: BaseAsked,
): string | undefined {
  const mark = baseMark(paths, base);
  return mark && JSON.stringify([mark, system, template ?? null]);
}
